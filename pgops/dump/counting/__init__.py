"""Counting and hashing what tables hold, in one snapshot: of a database that is dumped, and of one that was restored.

`countable` says which tables there are, `running` counts them, `sharing` over several sessions, `table_content` one
table, by `hashing`; `large_objects` have a hash of their own. `verifying` holds a restored database against the
manifest, with `moved_rows` between hash partitions, and `verification_document` says the verdict to people.
"""
