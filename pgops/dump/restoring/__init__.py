"""Restoring a dump: proposed with what the target holds, carried out by pg_restore or psql, errors told by object.

`proposing` puts it together for somebody to approve: `target` is what the database holds, `server` who works there and
what it can do, `settings` which of the dump's it does not know, `plan` how it is done, `lacking` what is missing there.
`applying` carries it out: `work` runs the program, to which `sql_feed` hands SQL, `messages` tells by object what it
says, and `ending` looks at what is left.
"""
