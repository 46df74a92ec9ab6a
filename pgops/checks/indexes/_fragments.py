"""Pieces of SQL about one index: its size with all its parts, what CREATE INDEX would say of it, and a warning with it.

They call pg_index `x`, the index's own pg_class `i` and its table's `c`. pg_get_indexdef would say it all, and waits
behind ACCESS EXCLUSIVE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import LiteralString

# Before a CREATE INDEX on a partitioned table.
BLOCKS_ALL_PARTITIONS = (
    "-- CONCURRENTLY is not possible here, so this blocks writes to all partitions while it builds. Without that:\n"
    "-- CREATE INDEX CONCURRENTLY on each partition, ON ONLY the parent, and ALTER INDEX ... ATTACH PARTITION.\n"
)

# A partitioned index has no pages of its own.
INDEX_BYTES: LiteralString = """(CASE WHEN i.relkind = 'i' THEN i.relpages
        ELSE (WITH RECURSIVE part AS (
                  SELECT i.oid
                   UNION ALL
                  SELECT h.inhrelid
                    FROM part
                    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = part.oid)
              SELECT pg_catalog.sum(p.relpages)
                FROM part
                JOIN pg_catalog.pg_class AS p ON p.oid = part.oid)
        END)::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint)"""

# Method, columns and options, without the predicate. NULL where an expression or the parameter of an operator class
# would have to be written.
DEFINITION: LiteralString = """(
       SELECT CASE WHEN x.indexprs IS NULL AND pg_catalog.bool_and(part.tuning IS NULL)
              THEN pg_catalog.format(
                     'USING %%I (%%s)',
                     (SELECT m.amname FROM pg_catalog.pg_am AS m WHERE m.oid = i.relam),
                     pg_catalog.string_agg(part.text, ', ' ORDER BY part.nth) FILTER (WHERE part.nth <= x.indnkeyatts))
                || COALESCE(' INCLUDE (' || pg_catalog.string_agg(part.text, ', ' ORDER BY part.nth)
                                              FILTER (WHERE part.nth > x.indnkeyatts) || ')', '')
                -- a column from PostgreSQL 15 on
                || CASE WHEN (pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct')::bool
                        THEN ' NULLS NOT DISTINCT' ELSE '' END
                || COALESCE(' WITH (' || pg_catalog.array_to_string(i.reloptions, ', ') || ')', '')
              END
         FROM (SELECT k.nth,
                      own.attoptions AS tuning,
                      pg_catalog.quote_ident(a.attname)
                        || COALESCE(' COLLATE ' || pg_catalog.quote_ident(ln.nspname) || '.'
                                      || pg_catalog.quote_ident(l.collname), '')
                        || COALESCE(' ' || pg_catalog.quote_ident(onsp.nspname) || '.'
                                      || pg_catalog.quote_ident(o.opcname), '')
                        || CASE (x.indoption::int2[])[k.nth::int - 1]
                           WHEN 1 THEN ' DESC NULLS LAST' WHEN 2 THEN ' NULLS FIRST' WHEN 3 THEN ' DESC'
                           ELSE '' END AS text
                 FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS k(attnum, nth)
                 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
                 JOIN pg_catalog.pg_attribute AS own ON own.attrelid = x.indexrelid AND own.attnum = k.nth
                 LEFT JOIN pg_catalog.pg_collation AS l
                        ON l.oid = (x.indcollation::oid[])[k.nth::int - 1] AND l.oid <> a.attcollation
                 LEFT JOIN pg_catalog.pg_namespace AS ln ON ln.oid = l.collnamespace
                 LEFT JOIN pg_catalog.pg_opclass AS o
                        ON o.oid = (x.indclass::oid[])[k.nth::int - 1] AND NOT o.opcdefault
                 LEFT JOIN pg_catalog.pg_namespace AS onsp ON onsp.oid = o.opcnamespace) AS part)"""

# By the last VACUUM or ANALYZE; autovacuum analyses partitions only, so those are added up.
TABLE_ROWS: LiteralString = """(CASE WHEN c.relkind <> 'p' THEN c.reltuples
        ELSE (WITH RECURSIVE part AS (
                  SELECT c.oid
                   UNION ALL
                  SELECT h.inhrelid
                    FROM part
                    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = part.oid)
              SELECT pg_catalog.sum(GREATEST(p.reltuples, 0))
                FROM part
                JOIN pg_catalog.pg_class AS p ON p.oid = part.oid AND p.relkind <> 'p')
        END)::bigint"""
