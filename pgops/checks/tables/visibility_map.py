"""Large table, mostly read, whose visibility map is out of date.

An index-only scan skips a page of the table only where the visibility map says that everybody sees all rows on it, and
VACUUM skips such pages too. Only VACUUM writes that map. A table that is read much and changed little should have most
of its pages in it; where it has not, VACUUM has not been there since the last changes, or an old transaction held it
back, and index-only scans read the table after all.

INFO for a table of at least `min_bytes` of which less than `min_visible_pct` is in the map, with at least `min_reads`
rows read by its indexes and `min_read_ratio` times more rows read than written. It is a false alarm right after a load,
until autovacuum has been there, and where no query could be answered from an index alone. The share is that of the
last VACUUM or ANALYZE; reads are counted since the last reset or crash, on each server for itself.

Manual: section 66.4, "Visibility Map"; section 11.9, "Index-Only Scans and Covering Indexes".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Loosest, Query, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    table_bytes: int
    visible_pct: float
    rows_by_index: int
    rows_read: int
    rows_written: int


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(10_485_760, unit="bytes", doc="Leave out smaller tables.")
    min_visible_pct: float = limit(50.0, unit="%", doc="Share of pages in the map.", loosest=Loosest.HIGHEST)
    min_reads: int = limit(100_000, unit="rows", doc="Leave out tables of which indexes gave fewer rows.")
    min_read_ratio: float = limit(10.0, unit="x", doc="How many more rows are read than written.")


SQL = """
WITH large AS MATERIALIZED (
  SELECT c.oid,
         c.relname,
         c.relnamespace,
         c.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint) AS table_bytes,
         100 * LEAST(c.relallvisible, c.relpages)::float8 / c.relpages AS visible_pct
    FROM pg_catalog.pg_class AS c
   WHERE c.relkind IN ('r', 'm')
     AND c.relpersistence <> 't'
     AND c.relpages > 0
     AND c.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint) >= %(min_bytes)s::bigint
     AND 100 * c.relallvisible::float8 / c.relpages < %(min_visible_pct)s::float8
)
SELECT n.nspname::text  AS schema,
       g.relname::text  AS "table",
       g.table_bytes,
       g.visible_pct,
       s.rows_by_index,
       s.rows_by_index + s.rows_scanned AS rows_read,
       s.rows_written
  FROM large AS g
  JOIN pg_catalog.pg_namespace AS n ON n.oid = g.relnamespace
 CROSS JOIN LATERAL (
       SELECT COALESCE((SELECT pg_catalog.sum(pg_catalog.pg_stat_get_tuples_returned(x.indexrelid))
                          FROM pg_catalog.pg_index AS x
                         WHERE x.indrelid = g.oid), 0)::bigint AS rows_by_index,
              pg_catalog.pg_stat_get_tuples_returned(g.oid) AS rows_scanned,
              pg_catalog.pg_stat_get_tuples_inserted(g.oid) + pg_catalog.pg_stat_get_tuples_updated(g.oid)
                + pg_catalog.pg_stat_get_tuples_deleted(g.oid) AS rows_written) AS s
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND s.rows_by_index >= %(min_reads)s::bigint
   AND s.rows_by_index + s.rows_scanned >= %(min_read_ratio)s::float8 * s.rows_written
 ORDER BY s.rows_by_index DESC, n.nspname, g.relname
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    stale = (
        row.table_bytes >= limits.min_bytes
        and row.visible_pct < limits.min_visible_pct
        and row.rows_by_index >= limits.min_reads
        and row.rows_read >= limits.min_read_ratio * row.rows_written
    )
    return Severity.INFO if stale else None


CHECK = Check(
    id="tables.visibility_map",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message="Only {visible_pct} of its {table_bytes} are in the visibility map, and its indexes gave "
        "{rows_by_index} rows: index-only scans have to read the table too. VACUUM brings the map up to date.",
        fix="VACUUM {target};",
        details=("table_bytes", "visible_pct", "rows_by_index", "rows_written"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,
)
