"""Autovacuum has been at one table for long.

A worker that spends hours on one table is missing for the others, holds back the horizon for VACUUM in its database no
more than any VACUUM does, but keeps index builds and ALTER TABLE of that table waiting or gives way to them and begins
anew. Mostly it is throttled (autovacuum_vacuum_cost_delay, autovacuum_vacuum_cost_limit, shared by all workers), or the
table's indexes do not fit into autovacuum_work_mem, so that all of them are read several times (`rounds`).

INFO from `info_s` on, WARNING from `warn_s`. It is a false alarm for a table that is so large. What runs against
wraparound is left to `vacuum.wraparound_vacuum`. Of a table in another database the name is what pg_stat_activity
says.

Manual: section 24.1.6, "The Autovacuum Daemon"; view pg_stat_progress_vacuum.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.checks.sessions import SEES_SESSIONS
from pgops.findings import Target
from pgops.render.quantities import duration, percent


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    database: str | None
    schema: str | None
    table: str
    analyze: bool
    """Whether it is at ANALYZE only."""
    running_s: float
    phase: str | None
    scanned_pct: float | None
    rounds: int | None
    """How often its indexes have been gone through."""


@attrs.frozen(kw_only=True)
class Limits:
    info_s: float = limit(3_600.0, unit="s", doc="INFO from this time on.")
    warn_s: float = limit(14_400.0, unit="s", doc="A WARNING from this time on.")


SQL = """
SELECT a.pid,
       a.datname::text AS database,
       n.nspname::text AS schema,
       COALESCE(c.relname::text, pg_catalog.substring(a.query, '^autovacuum: (?:VACUUM ANALYZE|VACUUM|ANALYZE) (.*)$'),
                a.query, '(unknown)') AS "table",
       a.query LIKE 'autovacuum: ANALYZE%%' IS TRUE AS analyze,
       COALESCE(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start), 0)::float8 AS running_s,
       COALESCE(p.phase, z.phase)::text AS phase,
       100 * p.heap_blks_scanned::float8 / NULLIF(p.heap_blks_total, 0) AS scanned_pct,
       p.index_vacuum_count::int AS rounds
  FROM pg_catalog.pg_stat_activity AS a
  LEFT JOIN pg_catalog.pg_stat_progress_vacuum AS p ON p.pid = a.pid
  LEFT JOIN pg_catalog.pg_stat_progress_analyze AS z ON z.pid = a.pid
  LEFT JOIN pg_catalog.pg_class AS c
         ON c.oid = COALESCE(p.relid, z.relid) AND a.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE a.backend_type = 'autovacuum worker'
   AND COALESCE(a.query, '') NOT LIKE '%%(to prevent wraparound)'
 ORDER BY running_s DESC, a.pid
"""


def _message(row: Row, _limits: Limits) -> str:
    what = "at ANALYZE" if row.analyze else "at the table"
    where = f" in {row.database}" if row.schema is None else ""
    message = f"Autovacuum has been {what}{where} for {duration(row.running_s)}"
    if row.phase is not None:
        message += f", now {row.phase}"
    if row.scanned_pct is not None:
        message += f", {percent(row.scanned_pct)} scanned"
    if row.rounds and row.rounds > 1:
        message += f"; it has gone through the indexes {row.rounds} times, for want of autovacuum_work_mem"
    return f"{message}."


CHECK = Check(
    id="activity.long_autovacuum",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("running_s", info="info_s", warning="warn_s"),
        target=lambda row: Target("table", row.schema, row.table, also=(row.database or "",)),
        message=_message,
        details=("pid", "running_s", "phase", "scanned_pct", "rounds"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
)
