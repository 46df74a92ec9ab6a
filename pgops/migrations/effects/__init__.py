"""What each statement does to relations that were there before it: locks, rewrites, scans; measured on PostgreSQL 14 to
18, row by row (tests/migrations/lock_rows).

`effect` is the model, `locks` the modes and what they exclude, `statement_effects` the way in. `table_actions`,
`constraints`, `foreign_keys`, `column_types`, `partitions`, `indexes` and `dropping` know one kind of statement each,
and `relatives` where one goes on to from the table that it names. `known` is what is known of the objects that a script
names, `live` asks a database for it (`live_sql` and `live_types_sql` are its questions), `column_uses`,
`partition_bounds` and `check_text` say what follows from it, and `walk` goes through a script with all of this.
"""
