"""Table whose statistics are out of date.

The planner goes by what the last ANALYZE saw. Each table has a trigger point for the next one:
autovacuum_analyze_threshold + autovacuum_analyze_scale_factor x rows, by the table's own storage parameters where it
has them. Where `warn_ratio` times as many rows have been inserted, updated or deleted since, autovacuum does not
analyse it as configured: it is off, busy elsewhere, or cancelled by locks again and again.

It is a false alarm for a minute after a mass change. A table that was never analysed is `vacuum.never_analyzed`'s, and
the statistics of a partitioned table as a whole nobody counts. A crash or a reset sets the counters to zero.

Manual: section 24.1.3, "Updating Planner Statistics".
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    rows: int
    modified_rows: int
    analyze_trigger: float
    last_analyze: datetime | None
    autovacuum: bool


@attrs.frozen(kw_only=True)
class Limits:
    warn_ratio: float = limit(2.0, unit="x", doc="A WARNING from this many times the table's trigger point on.")
    min_rows: int = limit(10_000, unit="rows", doc="Leave out tables where fewer rows have changed.")


SQL = """
SELECT n.nspname::text            AS schema,
       k.relname::text            AS "table",
       k.tuples::bigint           AS rows,
       m.modified                 AS modified_rows,
       chosen.base + chosen.scale * k.tuples AS analyze_trigger,
       s.analyzed                 AS last_analyze,
       chosen.enabled             AS autovacuum
  FROM (SELECT c.oid,
               c.relname,
               c.relnamespace,
               c.reloptions,
               c.reltuples,
               GREATEST(c.reltuples, 0)::float8 AS tuples,  -- as autovacuum takes it
               pg_catalog.pg_stat_get_mod_since_analyze(c.oid) AS modified
          FROM pg_catalog.pg_class AS c
         WHERE c.relkind IN ('r', 'm')
           AND c.relpersistence <> 't'
        OFFSET 0) AS k
  JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace
 CROSS JOIN LATERAL (
       SELECT GREATEST(pg_catalog.pg_stat_get_last_analyze_time(k.oid),
                       pg_catalog.pg_stat_get_last_autoanalyze_time(k.oid)) AS analyzed,
              GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(k.oid),
                       pg_catalog.pg_stat_get_last_autovacuum_time(k.oid))  AS vacuumed,
              pg_catalog.pg_stat_get_tuples_updated(k.oid)                  AS updated,
              pg_catalog.pg_stat_get_tuples_inserted(k.oid)
                - pg_catalog.pg_stat_get_tuples_deleted(k.oid)              AS kept,
              pg_catalog.pg_stat_get_tuples_inserted(k.oid) + pg_catalog.pg_stat_get_tuples_updated(k.oid)
                + pg_catalog.pg_stat_get_tuples_deleted(k.oid)              AS ever) AS s
 CROSS JOIN LATERAL (
       -- A session reports what it changed up to a second later, perhaps after the ANALYZE that saw it already. So what
       -- made the rows that ANALYZE saw is taken off, as far as the counters reach back to it.
       SELECT CASE WHEN s.analyzed IS NULL OR s.vacuumed > s.analyzed THEN k.modified
                   WHEN k.modified >= 0.95 * s.ever AND pg_catalog.abs(s.kept - k.tuples) <= 0.05 * k.tuples
                   THEN LEAST(k.modified, s.updated)
                   WHEN s.kept >= 0.9 * k.tuples THEN LEAST(k.modified, GREATEST(s.ever - k.tuples, 0))
                   ELSE k.modified END::bigint AS modified) AS m
 CROSS JOIN LATERAL (
       SELECT pg_catalog.jsonb_object_agg(o.option_name, o.option_value) AS parameter
         FROM pg_catalog.pg_options_to_table(k.reloptions) AS o
        WHERE o.option_name LIKE 'autovacuum%%') AS own
 CROSS JOIN LATERAL (
       SELECT pg_catalog.current_setting('autovacuum')::bool
                  AND pg_catalog.current_setting('track_counts')::bool
                  AND COALESCE((own.parameter ->> 'autovacuum_enabled')::bool, TRUE) AS enabled,
              COALESCE(own.parameter ->> 'autovacuum_analyze_threshold',
                       pg_catalog.current_setting('autovacuum_analyze_threshold'))::float8 AS base,
              COALESCE(own.parameter ->> 'autovacuum_analyze_scale_factor',
                       pg_catalog.current_setting('autovacuum_analyze_scale_factor'))::float8 AS scale
       ) AS chosen
 WHERE k.modified >= %(min_rows)s::bigint
   AND m.modified >= %(min_rows)s::bigint
   AND m.modified >= %(warn_ratio)s::float8 * (chosen.base + chosen.scale * k.tuples)
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   -- reltuples is -1 where it was never analysed, and since a TRUNCATE
   AND (k.reltuples >= 0
        OR s.analyzed IS NOT NULL
        OR EXISTS (SELECT FROM pg_catalog.pg_stats AS w
                    WHERE w.schemaname = n.nspname AND w.tablename = k.relname))
 ORDER BY m.modified DESC, n.nspname, k.relname
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    stale = row.modified_rows >= limits.min_rows and row.modified_rows >= limits.warn_ratio * row.analyze_trigger
    return Severity.WARNING if stale else None


def _message(row: Row, _: Limits) -> str:
    from pgops.render.quantities import timestamp  # noqa: PLC0415  only findings pay for it

    when = f"the last ANALYZE ({timestamp(row.last_analyze)})" if row.last_analyze else "the last ANALYZE"
    off = "" if row.autovacuum else "; autovacuum is turned off for it"
    return (
        f"{row.modified_rows:,} rows have changed since {when}, which knew of {row.rows:,}: "
        f"{row.modified_rows / max(row.analyze_trigger, 1):,.1f} times the {row.analyze_trigger:,.0f} at which "
        f"autovacuum should analyse it{off}."
    )


CHECK = Check(
    id="vacuum.stale_statistics",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message=_message,
        fix="ANALYZE {target};",
        details=("rows", "modified_rows", "analyze_trigger", "autovacuum"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,
)
