"""The largest tables, with their indexes and TOAST.

For each table and materialized view, the largest first: the bytes of the table itself (with its free space and
visibility maps), of its indexes and of its TOAST table with the index of that. A partitioned table shows the sum of
all partitions below it, which are listed by themselves too. `rows_estimate` is the planner's number, or the
statistics' where the table was never analysed; None where neither knows.

Measuring a table means opening it, which would wait behind whoever holds or awaits ACCESS EXCLUSIVE on it (ALTER
TABLE, VACUUM FULL, REINDEX). So the sizes are measured, `exact`, for tables that nobody keeps locked this way when the
query begins, and only for the `measure` largest by estimate. The others show the pages that their last VACUUM or
ANALYZE counted, with what the statistics say of their growth since, and None where nobody ever counted and the table
is locked; a sum over partitions takes these for nothing, and is not `exact`. A lock taken in the moment between
looking and measuring makes the listing fail after a second.

System schemas are left out unless `schema` names one. On a standby the estimates are as good, since they are
replicated.

Manual: section 9.28.7, "Database Object Management Functions"; relpages in section 53.11, "pg_class".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.relations import LOCKED
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    kind: str
    total_bytes: int | None
    table_bytes: int | None
    index_bytes: int | None
    toast_bytes: int | None
    rows_estimate: int | None
    exact: bool


@attrs.frozen(kw_only=True)
class Limits:
    top: int = limit(20, unit="tables", doc="How many to list.")
    schema: str = limit("", unit="name", doc="Only the tables of this schema; empty for all.")
    min_bytes: int = limit(0, unit="bytes", doc="Leave out tables smaller than this in all.")
    measure: int = limit(200, unit="tables", doc="How many to measure, the largest by estimate.")


SQL = """
WITH RECURSIVE busy AS MATERIALIZED (
  <locked>
), busy_table AS MATERIALIZED (
  SELECT b.relation AS oid
    FROM busy AS b
   UNION
  SELECT i.indrelid
    FROM busy AS b
    JOIN pg_catalog.pg_index AS i ON i.indexrelid = b.relation
   UNION
  SELECT c.oid
    FROM busy AS b
    LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = b.relation
    JOIN pg_catalog.pg_class AS c ON c.reltoastrelid IN (b.relation, i.indrelid)
), index_pages AS (
  SELECT i.indrelid, pg_catalog.sum(x.relpages)::float8 AS pages
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
   WHERE x.relkind = 'i'
     AND x.relnamespace <> 'pg_toast'::regnamespace  -- a TOAST table is measured with its index
   GROUP BY i.indrelid
), counted AS (
  SELECT c.oid,
         n.nspname,
         c.relname,
         CASE WHEN c.relkind = 'm' THEN 'materialized view'
              WHEN c.relispartition THEN 'partition'
              ELSE 'table' END AS kind,
         c.reltoastrelid,
         c.relpages,
         c.reltuples,
         t.relpages AS toast_pages,
         t.reltuples AS toast_tuples,
         COALESCE(x.pages, 0) AS index_pages,
         c.oid IN (SELECT b.oid FROM busy_table AS b) AS busy,
         -- How far it has grown since relpages and reltuples were written, by the statistics.
         CASE WHEN c.reltuples > 0
              THEN GREATEST(1, (pg_catalog.pg_stat_get_live_tuples(c.oid) + pg_catalog.pg_stat_get_dead_tuples(c.oid))
                               / c.reltuples::float8)
              ELSE 1 END AS growth,
         (SELECT pg_catalog.current_setting('block_size')::bigint) AS block
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid AND t.relkind = 't'
    LEFT JOIN index_pages AS x ON x.indrelid = c.oid
   WHERE c.relkind IN ('r', 'm')
     AND c.relpersistence <> 't'
     AND (n.nspname = %(schema)s::text
          OR n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast'))
), estimated AS MATERIALIZED (
  -- Never counted, or counted as empty: then the main file is looked at, which is cheap, but not behind a lock.
  SELECT k.*,
         CASE WHEN k.reltuples > 0 OR k.relpages > 0 THEN k.relpages * k.growth * k.block
              WHEN NOT k.busy THEN pg_catalog.pg_relation_size(k.oid, 'main') END AS table_guess,
         k.index_pages * k.growth * k.block AS index_guess,
         CASE WHEN k.toast_pages IS NULL THEN 0
              WHEN k.toast_tuples > 0 OR k.toast_pages > 0 THEN k.toast_pages * k.growth * k.block
              -- Four chunks fill a page (manual, section 66.2.1).
              ELSE pg_catalog.pg_stat_get_live_tuples(k.reltoastrelid) * k.block / 4 END AS toast_guess
    FROM counted AS k
), measured AS MATERIALIZED (
  SELECT e.oid,
         pg_catalog.pg_table_size(e.oid) AS table_and_toast,
         pg_catalog.pg_indexes_size(e.oid) AS index_bytes,
         CASE WHEN e.reltoastrelid = 0 THEN 0 ELSE pg_catalog.pg_total_relation_size(e.reltoastrelid) END AS toast_bytes
    FROM (SELECT k.oid, k.reltoastrelid
            FROM estimated AS k
           WHERE NOT k.busy
           ORDER BY k.nspname = %(schema)s::text DESC,
                    k.table_guess + k.index_guess + k.toast_guess DESC
           LIMIT %(measure)s::int) AS e
), sized AS MATERIALIZED (
  SELECT e.oid,
         e.nspname,
         e.relname,
         e.kind,
         -- GREATEST, since the TOAST table may grow between two looks at it; it passes over NULL, so it stands inside.
         CASE WHEN m.table_and_toast IS NULL THEN e.table_guess
              ELSE GREATEST(m.table_and_toast - m.toast_bytes, 0) END::bigint AS table_bytes,
         COALESCE(m.index_bytes, CASE WHEN e.table_guess IS NOT NULL THEN e.index_guess END)::bigint AS index_bytes,
         COALESCE(m.toast_bytes, e.toast_guess)::bigint AS toast_bytes,
         CASE WHEN e.reltuples >= 0 THEN e.reltuples::bigint
              ELSE NULLIF(pg_catalog.pg_stat_get_live_tuples(e.oid), 0) END AS rows_estimate,
         m.table_and_toast IS NOT NULL AS exact  -- NULL too where it was dropped meanwhile
    FROM estimated AS e
    LEFT JOIN measured AS m ON m.oid = e.oid
), lineage (partition, ancestor) AS (
  SELECT i.inhrelid, i.inhparent
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
   WHERE c.relispartition
     AND c.relkind IN ('r', 'p')
   UNION ALL
  SELECT l.partition, i.inhparent
    FROM lineage AS l
    JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = l.ancestor
), listed AS (
  SELECT s.nspname, s.relname, s.kind, s.table_bytes, s.index_bytes, s.toast_bytes, s.rows_estimate, s.exact
    FROM sized AS s
   UNION ALL
  SELECT n.nspname,
         c.relname,
         'partitioned table',
         COALESCE(pg_catalog.sum(s.table_bytes), 0)::bigint,
         COALESCE(pg_catalog.sum(s.index_bytes), 0)::bigint,
         COALESCE(pg_catalog.sum(s.toast_bytes), 0)::bigint,
         pg_catalog.sum(s.rows_estimate)::bigint,
         COALESCE(pg_catalog.bool_and(s.exact), TRUE)
    FROM pg_catalog.pg_partitioned_table AS p
   CROSS JOIN LATERAL (-- few, so by the index
                       SELECT r.oid, r.relname, r.relnamespace
                         FROM pg_catalog.pg_class AS r
                        WHERE r.oid = p.partrelid
                          AND r.relpersistence <> 't'
                       OFFSET 0) AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN lineage AS l ON l.ancestor = c.oid
    LEFT JOIN sized AS s ON s.oid = l.partition
   GROUP BY c.oid, n.nspname, c.relname
)
SELECT k.nspname::text AS schema,
       k.relname::text AS "table",
       k.kind::text    AS kind,
       k.table_bytes + k.index_bytes + k.toast_bytes AS total_bytes,
       k.table_bytes,
       k.index_bytes,
       k.toast_bytes,
       k.rows_estimate,
       k.exact
  FROM listed AS k
 WHERE %(schema)s::text IN ('', k.nspname)
   AND COALESCE(k.table_bytes + k.index_bytes + k.toast_bytes >= %(min_bytes)s::bigint, TRUE)
 -- What nobody knows the size of may be the largest.
 ORDER BY k.table_bytes + k.index_bytes + k.toast_bytes DESC NULLS FIRST, k.nspname, k.relname
 LIMIT %(top)s::int
""".replace("<locked>", LOCKED)

CHECK = Check(
    id="tables.sizes",
    aliases=("table_sizes",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    queries=[Query(since=14, sql=SQL)],
    known_as=(
        "check_postgres: total_relation_size",
        "check_postgres: relation_size",
        "pghero: space",
        "ruby-pg-extras: table_indexes_size",
        "check_postgres: table_size",
        "ruby-pg-extras: table_size",
        "ruby-pg-extras: total_table_size",
    ),
    target=lambda row: Target("table", row.schema, row.table),
)
