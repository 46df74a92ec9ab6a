"""How much each table is read and written.

Scans and the rows they gave, sequential and by index; rows inserted, updated (and how many of these were HOT) and
deleted; and the share of its pages that was found in memory. The busiest tables come first: those with most rows read
and written. `tables.sequential_scans` and `tables.hot_ratio` judge some of it.

The counts are of this server alone, since its statistics were last reset or lost in a crash: `counted_since`, None
where nobody can say. A standby counts reads only. Partitions are listed one by one.

Manual: section 27.2, views pg_stat_all_tables and pg_statio_all_tables.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.counting import WINDOW_SQL
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    seq_scans: int
    seq_rows: int
    idx_scans: int
    idx_rows: int
    inserted: int
    updated: int
    hot_updated: int
    deleted: int
    pages_read: int
    hit_pct: float | None
    counted_since: datetime | None


@attrs.frozen(kw_only=True)
class Limits:
    top: int = limit(50, unit="tables", doc="How many to list.")
    schema: str = limit("", unit="name", doc="Only the tables of this schema; empty for all.")


SQL = """
WITH counting AS MATERIALIZED (<window>), busiest AS MATERIALIZED (
  SELECT k.*, n.nspname
    FROM (SELECT c.oid,
                 c.relname,
                 c.relnamespace,
                 pg_catalog.pg_stat_get_tuples_returned(c.oid) AS seq_rows,
                 pg_catalog.pg_stat_get_tuples_fetched(c.oid)  AS idx_rows,
                 pg_catalog.pg_stat_get_tuples_inserted(c.oid) AS inserted,
                 pg_catalog.pg_stat_get_tuples_updated(c.oid)  AS updated,
                 pg_catalog.pg_stat_get_tuples_deleted(c.oid)  AS deleted
            FROM pg_catalog.pg_class AS c
           WHERE c.relkind IN ('r', 'm')
             AND c.relpersistence <> 't'
          OFFSET 0) AS k
    JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace
   WHERE CASE WHEN %(schema)s::text = '' THEN n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
              ELSE n.nspname = %(schema)s::text END
   ORDER BY k.seq_rows + k.idx_rows + k.inserted + k.updated + k.deleted DESC, n.nspname, k.relname
   LIMIT %(top)s::int
)
SELECT b.nspname::text                              AS schema,
       b.relname::text                              AS "table",
       pg_catalog.pg_stat_get_numscans(b.oid)       AS seq_scans,
       b.seq_rows,
       x.scans                                      AS idx_scans,
       b.idx_rows + x.fetched                       AS idx_rows,
       b.inserted,
       b.updated,
       pg_catalog.pg_stat_get_tuples_hot_updated(b.oid) AS hot_updated,
       b.deleted,
       p.fetched - p.hit                            AS pages_read,
       100 * p.hit::float8 / NULLIF(p.fetched, 0)   AS hit_pct,
       k.counted_since
  FROM busiest AS b
 CROSS JOIN counting AS k
 CROSS JOIN LATERAL (
       SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_numscans(i.indexrelid)), 0)::bigint AS scans,
              COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_tuples_fetched(i.indexrelid)), 0)::bigint AS fetched
         FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = b.oid) AS x
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_blocks_fetched(b.oid) AS fetched,
                            pg_catalog.pg_stat_get_blocks_hit(b.oid) AS hit) AS p
 ORDER BY b.seq_rows + b.idx_rows + b.inserted + b.updated + b.deleted DESC, b.nspname, b.relname
""".replace("<window>", WINDOW_SQL)

CHECK = Check(
    id="tables.activity",
    aliases=("table_activity",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    queries=[Query(since=14, sql=SQL)],
    target=lambda row: Target("table", row.schema, row.table),
)
