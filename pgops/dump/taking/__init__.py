"""Taking a dump: the pg_dump that fits, watched while it works, and a file that has its name once it is whole.

`plan` is what is asked of pg_dump, `refusals` what is found out before it is run, `placing` gives the file its name,
`dumping` is the whole story, `progress` looks on, and `witness` counts and hashes in the dump's snapshot. `warnings`
are pg_dump's, and `failures` tells in its words, with a cure, why there is no dump. `schema_text` gives the definitions
as a text.
"""
