"""Table that seems to be bloated.

VACUUM makes the space of dead rows free again inside the file, and new rows use it, but the file does not shrink. What
was once needed for a mass change stays: scans read it, it fills memory, and backups copy it. WARNING where at least
`warn_pct` of the table seems to be free, INFO from `info_pct` on, and only where that is at least `min_wasted_bytes`.

This is an estimate, and `confidence` says how far to trust it: from the number of rows, the average width of each
column (pg_stats), alignment, the header with its null bitmap, and fillfactor, whose free space is wanted and no bloat.
A value in TOAST counts as the pointer that it leaves behind; TOAST tables themselves are not judged, system catalogues
are. A table that was not analysed, whose statistics the role may not read, or that changed by more than `stale_pct`
since its rows were counted, is not judged. `tables.measured_bloat` reads the tables and knows.

It is a false alarm where the space is about to be used again: a queue, or a table that is loaded and emptied in turns.
There is no remedy to run at once: VACUUM FULL and CLUSTER lock out everybody while they rewrite the table; pg_repack
and pg_squeeze do it beside the work.

Manual: section 24.1.2, "Recovering Disk Space"; section 66.6, "Database Page Layout".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.relations import hidden_statistics
from pgops.checks.widths import LINE_POINTER, PAGE_HEADER, SHORT, Columns, Width, tuple_width
from pgops.findings import Finding, Severity, Target, Unseen, as_tuple
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    table_bytes: int
    """By the last VACUUM or ANALYZE."""
    block_bytes: int
    rows: int
    """By the same; -1 where there never was one."""
    changed_rows: int
    """Since the last VACUUM or ANALYZE, which counted rows and pages."""
    modified_rows: int
    """Since the last ANALYZE, which measured the columns."""
    fillfactor: int
    columns: int
    """Dropped ones too: each has a bit in the null bitmap."""
    unused_columns: int
    """Dropped, virtual, or added with a default that old rows do not hold."""
    has_toast: bool
    readable: bool
    row_security: bool
    """Whether row security binds the role, which hides statistics too."""
    lengths: tuple[int, ...] = attrs.field(converter=as_tuple)
    """Of each stored column: bytes, or -1 where it varies."""
    alignments: tuple[int, ...] = attrs.field(converter=as_tuple)
    widths: tuple[float, ...] = attrs.field(converter=as_tuple)
    """Average bytes of a value that is not NULL; -1 where there are no statistics."""
    null_shares: tuple[float, ...] = attrs.field(converter=as_tuple)


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(30.0, unit="%", doc="INFO where this share of the table seems to be free.")
    warn_pct: float = limit(50.0, unit="%", doc="A WARNING where this share of the table seems to be free.")
    min_wasted_bytes: int = limit(5_242_880, unit="bytes", doc="Say nothing where less seems to be free.")
    stale_pct: float = limit(20.0, unit="%", doc="How much may have changed since rows were counted.")
    top: int = limit(500, unit="tables", doc="How many of the largest to look at.")


SQL = """
WITH sized AS MATERIALIZED (
  SELECT c.oid,
         c.relname,
         c.relnamespace,
         c.relpages,
         c.reltuples,
         c.relnatts,
         c.reloptions,
         c.relrowsecurity,
         c.reltoastrelid,
         (SELECT pg_catalog.current_setting('block_size')::int) AS block
    FROM pg_catalog.pg_class AS c
   WHERE c.relkind IN ('r', 'm')
     AND c.relpersistence <> 't'
     AND c.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::int) >= %(min_wasted_bytes)s::bigint
   ORDER BY c.relpages DESC, c.oid
   LIMIT %(top)s::int
)
SELECT n.nspname::text                             AS schema,
       s.relname::text                             AS "table",
       s.relpages::bigint * s.block                AS table_bytes,
       s.block                                     AS block_bytes,
       s.reltuples::bigint                         AS rows,
       CASE WHEN v.vacuumed > v.analyzed
            THEN LEAST(v.modified,
                       pg_catalog.pg_stat_get_ins_since_vacuum(s.oid) + pg_catalog.pg_stat_get_dead_tuples(s.oid))
            -- A session reports what it changed up to a second later, perhaps after the ANALYZE that saw it already.
            WHEN v.analyzed IS NOT NULL
             AND v.modified >= 0.95 * v.ever
             AND pg_catalog.abs(v.kept - s.reltuples) <= 0.05 * s.reltuples
            THEN LEAST(v.modified, v.updated)
            WHEN v.analyzed IS NOT NULL
             AND v.kept >= 0.9 * s.reltuples
            THEN LEAST(v.modified, GREATEST(v.ever - s.reltuples, 0))::bigint
            ELSE v.modified END                    AS changed_rows,
       v.modified                                  AS modified_rows,
       COALESCE((SELECT o.option_value::int
                   FROM pg_catalog.pg_options_to_table(s.reloptions) AS o
                  WHERE o.option_name = 'fillfactor'), 100) AS fillfactor,
       s.relnatts::int                             AS columns,
       k.unused_columns,
       s.reltoastrelid <> 0                        AS has_toast,
       pg_catalog.has_table_privilege(s.oid, 'SELECT') AS readable,
       pg_catalog.row_security_active(s.oid) AS row_security,
       k.lengths,
       k.alignments,
       k.widths,
       k.null_shares
  FROM sized AS s
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
 CROSS JOIN LATERAL (
       SELECT GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(s.oid),
                       pg_catalog.pg_stat_get_last_autovacuum_time(s.oid))  AS vacuumed,
              GREATEST(pg_catalog.pg_stat_get_last_analyze_time(s.oid),
                       pg_catalog.pg_stat_get_last_autoanalyze_time(s.oid)) AS analyzed,
              pg_catalog.pg_stat_get_mod_since_analyze(s.oid)               AS modified,
              pg_catalog.pg_stat_get_tuples_updated(s.oid)                  AS updated,
              pg_catalog.pg_stat_get_tuples_inserted(s.oid)
                - pg_catalog.pg_stat_get_tuples_deleted(s.oid)              AS kept,
              pg_catalog.pg_stat_get_tuples_inserted(s.oid) + pg_catalog.pg_stat_get_tuples_updated(s.oid)
                + pg_catalog.pg_stat_get_tuples_deleted(s.oid)              AS ever) AS v
 CROSS JOIN LATERAL (
       SELECT COALESCE(pg_catalog.array_agg(a.attlen::int ORDER BY a.attnum) FILTER (WHERE a.stored), '{}') AS lengths,
              COALESCE(pg_catalog.array_agg(CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END
                                            ORDER BY a.attnum) FILTER (WHERE a.stored), '{}')      AS alignments,
              COALESCE(pg_catalog.array_agg(COALESCE(w.avg_width, -1)::float8 ORDER BY a.attnum)
                       FILTER (WHERE a.stored), '{}')                                              AS widths,
              COALESCE(pg_catalog.array_agg(COALESCE(w.null_frac, 0)::float8 ORDER BY a.attnum)
                       FILTER (WHERE a.stored), '{}')                                              AS null_shares,
              pg_catalog.count(*) FILTER (WHERE NOT a.stored OR a.atthasmissing)::int              AS unused_columns
         FROM (SELECT b.attname,
                      b.attnum,
                      b.attlen,
                      b.attalign,
                      b.atthasmissing,
                      NOT b.attisdropped AND b.attgenerated <> 'v' AS stored  -- 'v' from PostgreSQL 18
                 FROM pg_catalog.pg_attribute AS b
                WHERE b.attrelid = s.oid
                  AND b.attnum > 0) AS a
         LEFT JOIN pg_catalog.pg_stats AS w
                ON w.schemaname = n.nspname
               AND w.tablename = s.relname
               AND w.attname = a.attname
               AND NOT w.inherited) AS k
 WHERE n.nspname <> 'information_schema'
   -- ANALYZE leaves pg_statistic out
   AND (n.nspname <> 'pg_catalog'
        OR (s.relname <> 'pg_statistic' AND pg_catalog.has_table_privilege(s.oid, 'SELECT')))
 ORDER BY s.relpages DESC, n.nspname, s.relname
"""

_TUPLE_HEADER = 23
"""Bytes, before the null bitmap."""


def row_width(row: Row) -> Width:
    """Header, null bitmap and columns."""
    nulls = row.unused_columns > 0 or any(row.null_shares)
    columns = Columns(lengths=row.lengths, alignments=row.alignments, widths=row.widths, null_shares=row.null_shares)
    return tuple_width(_TUPLE_HEADER + (math.ceil(row.columns / 8) if nulls else 0), columns)


def expected_bytes(row: Row) -> float:
    """What the table would take if it were written anew."""
    width = row_width(row)
    usable = (row.block_bytes - PAGE_HEADER) * row.fillfactor / 100
    on_page = usable / (width.expected_bytes + LINE_POINTER)
    on_page = max(math.floor(on_page) if width.fixed else on_page - 0.5, 1)  # half a row's space is left over
    return math.ceil(max(row.rows, 0) / on_page) * row.block_bytes


def _confidence(row: Row) -> float:
    """Statistics are a sample; what makes old rows unlike new ones makes it worse."""
    confidence = 0.85
    if row.has_toast and any(width > SHORT for width in row.widths):
        confidence -= 0.15  # some values may lie in TOAST, and some be compressed
    if row.unused_columns:
        confidence -= 0.15
    confidence -= min(row.changed_rows / max(row.rows, 1), 0.4)
    if row.modified_rows > row.changed_rows:
        confidence -= 0.15  # VACUUM has counted the rows since, and nobody has measured them
    return round(max(confidence, 0.3), 2)


def _unknown(row: Row, limits: Limits, seen: Seen[Limits]) -> Unseen | None:
    """Why a table can't be judged, and what would help; None where it can."""
    target = _target(row)
    analyze = f"ANALYZE {target};"
    if row.rows < 0:
        return Unseen(target, "it was never analysed", analyze)
    if row.changed_rows > limits.stale_pct / 100 * max(row.rows, 1):
        return Unseen(target, f"{row.changed_rows:,} rows have changed since they were counted", analyze)
    if row.rows <= 0 or all(width >= 0 for width in row.widths):
        return None
    if row.row_security or not row.readable:
        return hidden_statistics(target, target, seen.server.user, row_security=row.row_security)
    return Unseen(target, "a column has no statistics", analyze)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.table_bytes < limits.min_wasted_bytes:
            continue
        unknown = _unknown(row, limits, seen)
        if unknown:
            yield unknown
            continue
        wasted = row.table_bytes - expected_bytes(row)
        wasted_pct = 100 * wasted / row.table_bytes
        if wasted < limits.min_wasted_bytes or wasted_pct < min(limits.info_pct, limits.warn_pct):
            continue
        yield Finding(
            Severity.WARNING if wasted_pct >= limits.warn_pct else Severity.INFO,
            target,
            f"About {pretty('wasted_bytes', int(wasted))} of the table's {pretty('table_bytes', row.table_bytes)} "
            f"({pretty('wasted_pct', wasted_pct)}) hold no rows, by an estimate. {_way(row)}",
            confidence=_confidence(row),
            details={"table_bytes": row.table_bytes, "wasted_bytes": int(wasted), "wasted_pct": wasted_pct},
        )


def _way(row: Row) -> str:
    if row.schema == "pg_catalog":
        return (
            "Tables, often temporary ones, that come and go leave that behind. VACUUM FULL would give it back, and "
            "nobody can plan a query or log in meanwhile."
        )
    return "VACUUM FULL would give them back, and locks the table meanwhile; pg_repack does not."


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="tables.estimated_bloat",
    aliases=("bloated_tables",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    standby=False,
    known_as=(
        "check_postgres: bloat",
        "check_pgactivity: table_bloat",
        "ruby-pg-extras: bloat",
        "splinter: table_bloat",
        "pg-index-health: tables with bloat",
    ),
)
