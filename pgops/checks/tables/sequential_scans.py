"""Large table that is read mostly from end to end.

A sequential scan of a large table reads every page of it for whatever few rows a query wants; many of them are how a
missing index looks from outside. A table is told when it has over `min_rows` rows, was scanned at least `min_scans`
times in the window, at least `info_seq_pct` of all its scans were sequential, and each of them read at least
`min_rows_per_scan` rows (a query with LIMIT stops early). A large table without any index is told as INFO even when
it is hardly scanned, since whoever looks up one row reads them all; as WARNING when it is. A partitioned table is
judged once, by the sum over its partitions, each of which counts a scan of the whole.

Scans are counted by each server for itself, and only since its statistics were last reset or lost in a crash. Before
`min_window_days` have been counted only tables without an index are told, and the rest is unseen: the check is then
SKIPPED, not CLEAN. It is a false alarm where reading everything is the purpose (exports, analytics, a queue that is
always short but was once long); dumps count as scans too.

Source: manual, section "The Cumulative Statistics System" (pg_stat_all_tables).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.counting import WINDOW_SQL, Window
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    rows: int
    """By the last ANALYZE, else the counters of live rows; where neither knows, what a scan read on average."""
    table_bytes: int
    seq_scans: int
    idx_scans: int
    seq_scan_pct: float | None
    """Share of sequential scans in all scans; None where there were none."""
    rows_per_scan: int
    indexes: int
    partitioned: bool
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(10_000, unit="rows", doc="Leave out smaller tables.")
    info_seq_pct: float = limit(
        50.0, unit="%", doc="Share of sequential scans in all scans of the table: worth a look."
    )
    warn_seq_pct: float = limit(90.0, unit="%", doc="The share from which there is hardly another use of the table.")
    min_scans: int = limit(50, unit="scans", doc="How many sequential scans it takes; nightly dumps count too.")
    min_rows_per_scan: int = limit(1_000, unit="rows", doc="How many rows each sequential scan must have read.")
    min_window_days: float = limit(7.0, unit="days", doc="How long the server must have counted.")


_SQL: LiteralString = """
WITH RECURSIVE members AS (
    SELECT t.oid AS root, t.oid AS relation, t.relkind, t.reltuples, t.relpages
      FROM pg_catalog.pg_class AS t
      JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
     WHERE t.relkind IN ('r', 'm', 'p') AND NOT t.relispartition
       -- of what is known to be small no counters need be asked
       AND (t.relkind = 'p' OR t.reltuples < 1 OR t.reltuples > %(min_rows)s)
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND t.oid NOT IN (SELECT d.objid
                           FROM pg_catalog.pg_depend AS d
                          WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                            AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                            AND d.deptype = 'e')
     UNION ALL
    SELECT parent.root, t.oid, t.relkind, t.reltuples, t.relpages
      FROM members AS parent
      JOIN pg_catalog.pg_inherits AS h ON h.inhparent = parent.relation
      JOIN pg_catalog.pg_class AS t ON t.oid = h.inhrelid
     WHERE parent.relkind = 'p'
), summed AS MATERIALIZED (
    SELECT m.root,
           -- reltuples is -1 before the first ANALYZE; counters of live rows drift, so they come second
           pg_catalog.sum(CASE WHEN m.reltuples > 0 THEN m.reltuples
                               ELSE pg_catalog.pg_stat_get_live_tuples(m.relation) END)::bigint AS rows,
           pg_catalog.sum(m.relpages)::bigint
             * (SELECT pg_catalog.current_setting('block_size')::bigint) AS table_bytes,
           pg_catalog.sum(pg_catalog.pg_stat_get_numscans(m.relation))::bigint AS seq_scans,
           pg_catalog.sum(pg_catalog.pg_stat_get_tuples_returned(m.relation))::bigint AS seq_rows,
           pg_catalog.count(*) AS stores
      FROM members AS m
     WHERE m.relkind <> 'p'  -- a partitioned table's own numbers are estimates of the same rows
     GROUP BY m.root
), counting AS MATERIALIZED (<window>), measured AS MATERIALIZED (
    SELECT s.*,
           COALESCE(s.seq_rows / NULLIF(s.seq_scans, 0), 0) AS rows_per_scan,
           -- neither analysed nor counted (a standby counts no rows): a scan of all of it shows how many there are
           CASE WHEN s.rows > 0 THEN s.rows
                ELSE COALESCE(s.seq_rows / NULLIF(s.seq_scans, 0), 0) * s.stores END AS known_rows
      FROM summed AS s
), large AS MATERIALIZED (
    SELECT * FROM measured AS s WHERE s.known_rows > %(min_rows)s
), indexed AS MATERIALIZED (
    -- only now, for those that are large enough, the counters of the indexes
    SELECT m.root,
           pg_catalog.count(*) FILTER (WHERE x.indisvalid) AS indexes,
           COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_numscans(x.indexrelid)), 0)::bigint AS scans
      FROM large AS s
      JOIN members AS m ON m.root = s.root AND m.relkind <> 'p'
      JOIN pg_catalog.pg_index AS x ON x.indrelid = m.relation
     GROUP BY m.root
)
SELECT n.nspname::text AS schema,
       t.relname::text AS "table",
       s.known_rows    AS rows,
       s.table_bytes,
       s.seq_scans,
       COALESCE(i.scans, 0) AS idx_scans,
       100 * s.seq_scans::float8 / NULLIF(s.seq_scans + COALESCE(i.scans, 0), 0) AS seq_scan_pct,
       s.rows_per_scan,
       COALESCE(i.indexes, 0) AS indexes,
       t.relkind = 'p' AS partitioned,
       counting.counting,
       counting.counted_since,
       counting.window_s
  FROM large AS s
  LEFT JOIN indexed AS i ON i.root = s.root
 CROSS JOIN counting
  JOIN pg_catalog.pg_class AS t ON t.oid = s.root
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 ORDER BY s.seq_rows DESC, n.nspname, t.relname
"""


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    """Tables that are scanned are findings where the window is long enough, those without an index always."""
    for row in rows:
        limits = seen.limits_for(row)
        if row.rows <= limits.min_rows:
            continue
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        unknown = window.too_short(limits.min_window_days)
        if unknown and row.indexes:
            yield Unseen(_target(row), *unknown)
        elif not unknown and _is_read_sequentially(row, limits):
            hardly_else = (row.seq_scan_pct or 0.0) >= limits.warn_seq_pct
            yield _finding(row, Severity.WARNING if hardly_else else Severity.INFO, _scans(row, window))
        elif not row.indexes:
            yield _finding(row, Severity.INFO, "so every look-up reads all of them")


def _is_read_sequentially(row: Row, limits: Limits) -> bool:
    return (
        row.seq_scans >= limits.min_scans
        and (row.seq_scan_pct or 0.0) >= limits.info_seq_pct
        and row.rows_per_scan >= limits.min_rows_per_scan
    )


def _scans(row: Row, window: Window) -> str:
    share = pretty("seq_scan_pct", row.seq_scan_pct)
    return (
        f"{share} of its scans ({row.seq_scans:,} in {window.length}) were sequential, "
        f"and each read {row.rows_per_scan:,} rows on average"
    )


def _finding(row: Row, severity: Severity, what: str) -> Finding:
    table = "partitioned table" if row.partitioned else "table"
    bare = " and no index at all" if not row.indexes else ""
    return Finding(
        severity,
        _target(row),
        f"The {table} has {row.rows:,} rows{bare}: {what}.",
        details={
            "rows": row.rows,
            "seq_scans": row.seq_scans,
            "idx_scans": row.idx_scans,
            "indexes": row.indexes,
            "window_s": row.window_s,
        },
    )


CHECK = Check(
    id="tables.sequential_scans",
    aliases=("sequential_scans", "index_health"),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=_SQL.replace("<window>", WINDOW_SQL))],
    known_as=(
        "pg-index-health: tables with missing indexes",
        "pghero: missing indexes",
        "ruby-pg-extras: seq_scans",
    ),
)
