"""Table that autovacuum should have vacuumed long ago.

Each table has its own trigger point: autovacuum_vacuum_threshold + autovacuum_vacuum_scale_factor x rows for dead rows
(from PostgreSQL 18 at most autovacuum_vacuum_max_threshold), and the same with the insert settings for rows that were
only inserted, which VACUUM then freezes and marks for index-only scans. The table's own storage parameters go before
the server's. Whoever is `warn_ratio` times past that point is not being vacuumed as configured: autovacuum is off, its
workers are all busy with larger tables, are held up by its cost limits, or are cancelled again and again by locks.

It is a false alarm for a few minutes after a mass change (autovacuum looks in each autovacuum_naptime), which is why
the trigger itself is no finding; a table whose VACUUM is under way is left out, as far as the role may see that.
`min_rows` leaves out small tables. TOAST tables count to their table. Where autovacuum is turned off for a table the
settings say what would be due.

Manual: section 24.1.6, "The Autovacuum Daemon".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    toast: bool
    dead_rows: int
    dead_trigger: float
    inserted_rows: int
    insert_trigger: float | None
    autovacuum: bool
    vacuuming: bool


@attrs.frozen(kw_only=True)
class Limits:
    warn_ratio: float = limit(2.0, unit="x", doc="A warning from this many times the table's trigger point on.")
    min_rows: int = limit(10_000, unit="rows", doc="Leave out tables with fewer dead or inserted rows.")


SQL = """
WITH counted AS MATERIALIZED (
  -- The counters first: few relations have enough rows to be talked of, and the rest is asked of those only.
  SELECT c.oid,
         c.relkind,
         c.relname,
         c.relnamespace,
         c.reloptions,
         -- reltuples is -1 or stale where nobody vacuumed yet: autovacuum's own trigger says little then.
         GREATEST(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid), 0)::float8 AS tuples,
         1 AS unfrozen,
         s.dead,
         s.inserted
    FROM pg_catalog.pg_class AS c
   CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead,
                              pg_catalog.pg_stat_get_ins_since_vacuum(c.oid) AS inserted
                       OFFSET 0) AS s
   WHERE c.relkind IN ('r', 'm', 't')
     AND c.relpersistence <> 't'
     AND GREATEST(s.dead, s.inserted) >= %(min_rows)s::bigint
), r AS (
  SELECT k.*, k.relname AS table_name, k.relnamespace AS table_schema, k.reloptions AS options
    FROM counted AS k
   WHERE k.relkind <> 't'
   UNION ALL
  -- A TOAST table without any parameter of its own goes by those of its table (autovacuum.c, do_autovacuum).
  SELECT k.*, t.relname, t.relnamespace, COALESCE(k.reloptions, t.reloptions)
    FROM counted AS k
    JOIN pg_catalog.pg_class AS t ON t.reltoastrelid = k.oid
   WHERE k.relkind = 't'
)
SELECT n.nspname::text                                               AS schema,
       r.table_name::text                                            AS "table",
       r.relkind = 't'                                               AS toast,
       r.dead                                                        AS dead_rows,
       LEAST(chosen.base + chosen.scale * r.tuples, chosen.most)     AS dead_trigger,
       r.inserted                                                    AS inserted_rows,
       -- A negative threshold turns vacuuming after inserts off.
       CASE WHEN chosen.insert_base >= 0
            THEN chosen.insert_base + chosen.insert_scale * r.tuples * r.unfrozen END AS insert_trigger,
       chosen.enabled                                                AS autovacuum,
       EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum AS p
                WHERE p.relid = r.oid
                  AND p.datname = pg_catalog.current_database())     AS vacuuming
  FROM r
  JOIN pg_catalog.pg_namespace AS n ON n.oid = r.table_schema
 CROSS JOIN LATERAL (
       SELECT pg_catalog.jsonb_object_agg(o.option_name, o.option_value) AS parameter
         FROM pg_catalog.pg_options_to_table(r.options) AS o
        WHERE o.option_name LIKE 'autovacuum%%') AS own
 CROSS JOIN LATERAL (
       SELECT pg_catalog.current_setting('autovacuum')::bool
                  AND pg_catalog.current_setting('track_counts')::bool
                  AND COALESCE((own.parameter ->> 'autovacuum_enabled')::bool, TRUE) AS enabled,
              COALESCE(own.parameter ->> 'autovacuum_vacuum_threshold',
                       pg_catalog.current_setting('autovacuum_vacuum_threshold'))::float8 AS base,
              COALESCE(own.parameter ->> 'autovacuum_vacuum_scale_factor',
                       pg_catalog.current_setting('autovacuum_vacuum_scale_factor'))::float8 AS scale,
              -- From PostgreSQL 18; -1 is no bound, and LEAST passes over NULL.
              (SELECT m.rows
                 FROM (SELECT COALESCE(own.parameter ->> 'autovacuum_vacuum_max_threshold',
                                       pg_catalog.current_setting('autovacuum_vacuum_max_threshold', TRUE))::float8
                      ) AS m (rows)
                WHERE m.rows >= 0) AS most,
              COALESCE(own.parameter ->> 'autovacuum_vacuum_insert_threshold',
                       pg_catalog.current_setting('autovacuum_vacuum_insert_threshold'))::float8 AS insert_base,
              COALESCE(own.parameter ->> 'autovacuum_vacuum_insert_scale_factor',
                       pg_catalog.current_setting('autovacuum_vacuum_insert_scale_factor'))::float8 AS insert_scale
       ) AS chosen
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
 ORDER BY GREATEST(r.dead, r.inserted) DESC, n.nspname, r.table_name, toast
"""
# PostgreSQL 18 counts only the part that is not frozen yet for the insert trigger.
SQL_18 = SQL.replace(
    "1 AS unfrozen",
    "COALESCE(1 - LEAST(c.relallfrozen, c.relpages)::float8 / NULLIF(c.relpages, 0), 1) AS unfrozen",
)


@attrs.frozen
class _Excess:
    """How far one of the two triggers has been passed."""

    ratio: float
    rows: int
    what: str
    trigger: float


def _worst(row: Row, limits: Limits) -> _Excess | None:
    passed = []
    if row.dead_rows >= limits.min_rows:
        passed.append(_Excess(row.dead_rows / max(row.dead_trigger, 1), row.dead_rows, "dead rows", row.dead_trigger))
    if row.inserted_rows >= limits.min_rows and row.insert_trigger is not None:
        ratio = row.inserted_rows / max(row.insert_trigger, 1)
        passed.append(_Excess(ratio, row.inserted_rows, "rows inserted since the last VACUUM", row.insert_trigger))
    return max(passed, key=lambda each: each.ratio, default=None)


def _severity(row: Row, limits: Limits) -> Severity | None:
    worst = _worst(row, limits)
    return Severity.WARNING if worst and worst.ratio >= limits.warn_ratio and not row.vacuuming else None


def _message(row: Row, limits: Limits) -> str | None:
    worst = _worst(row, limits)
    if worst is None:
        return None
    where = "Its TOAST table has" if row.toast else "The table has"
    off = "" if row.autovacuum else "; autovacuum is turned off for it"
    return (
        f"{where} {worst.rows:,} {worst.what}, {worst.ratio:,.1f} times the {worst.trigger:,.0f} "
        f"at which autovacuum should vacuum it{off}."
    )


CHECK = Check(
    id="vacuum.overdue",
    aliases=("vacuum_overdue",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table, also=("toast",) if row.toast else ()),
        message=_message,
        fix="VACUUM {target};",
        details=("toast", "dead_rows", "dead_trigger", "inserted_rows", "insert_trigger", "autovacuum"),
    ),
    queries=[Query(since=14, sql=SQL), Query(since=18, sql=SQL_18)],
    standby=False,
)
