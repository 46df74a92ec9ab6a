"""Reading a dump of any format, by itself: what is in it, and whether it is whole.

`contents` is what is in it: by `toc` of an archive, by `plain_facts` of SQL, which `plain_sql` reads as psql does.
`checking` finds damage, by the manifest, by the `members` of a directory or tar file, and by pg_restore.
"""
