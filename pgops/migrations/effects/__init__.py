"""What each statement does to relations that were there before: locks, rewrites, scans; measured on PostgreSQL 14 to
18.

`effect` is the model, `statement_effects` the way in, `table_actions` and `column_types` know ALTER TABLE, `locks`
the modes and what they exclude. `known` is what is known of the objects that a script names, `live` asks a database
for it, and `walk` goes through a script with all of this.
"""
