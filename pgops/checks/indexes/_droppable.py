"""Which indexes may be judged by how they are read: those that do no other work.

`members` has each with its partitions' parts, all under the one that `root` names; `sized` has every root of at least
`min_bytes` with the bytes of all its parts. Unique indexes, those behind a constraint, the replica identity and the one
that CLUSTER follows work without being read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import LiteralString

# To be followed by a comma or SELECT.
WITH_DROPPABLE: LiteralString = """
WITH RECURSIVE members AS (
    SELECT i.oid AS root, i.oid AS index, i.relkind, i.relpages
      FROM (SELECT r.oid, r.relkind, r.relpages
              FROM pg_catalog.pg_class AS r
             WHERE NOT r.relispartition  -- it goes with its parent
               AND (r.relkind = 'I'
                    OR r.relkind = 'i'
                       AND r.relpages * (SELECT pg_catalog.current_setting('block_size')::bigint) >= %(min_bytes)s)
            OFFSET 0) AS i
     -- looked up one by one: few are so large
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_index AS p WHERE p.indexrelid = i.oid OFFSET 0) AS x
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indrelid OFFSET 0) AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
     WHERE x.indisvalid AND x.indisready AND x.indislive
       AND NOT (x.indisunique OR x.indisexclusion OR x.indisreplident OR x.indisclustered)
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       -- a foreign key of another table refers to unique ones only
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                        WHERE k.conrelid = x.indrelid AND k.conindid = x.indexrelid
                       OFFSET 0)
       AND t.oid NOT IN (SELECT d.objid
                           FROM pg_catalog.pg_depend AS d
                          WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                            AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND d.deptype = 'e')
     UNION ALL
    SELECT parent.root, i.oid, i.relkind, i.relpages
      FROM members AS parent
      JOIN pg_catalog.pg_inherits AS h ON h.inhparent = parent.index
      JOIN pg_catalog.pg_class AS i ON i.oid = h.inhrelid
     WHERE parent.relkind = 'I'
), sized AS MATERIALIZED (
    SELECT m.root,
           pg_catalog.sum(m.relpages)::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint) AS bytes
      FROM members AS m
     GROUP BY m.root
    HAVING pg_catalog.sum(m.relpages)::bigint
           * (SELECT pg_catalog.current_setting('block_size')::bigint) >= %(min_bytes)s
)
"""
