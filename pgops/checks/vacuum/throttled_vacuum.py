"""Autovacuum that sleeps most of the time.

A worker pauses each time its work has cost so much (autovacuum_vacuum_cost_limit, autovacuum_vacuum_cost_delay). One
that has run for `min_running_s` and slept for `max_delay_pct` of it or more is held up by that limit, not by the disk:
with a higher one it would have ended long ago. All workers share the budget, so more of them make each slower.

PostgreSQL 18 measures the pauses, where track_cost_delay_timing is on; with it off such a vacuum is not judged. Before,
nothing tells: `vacuum.slow_cost_limit` reckons by the settings. INFO. It is a false alarm where the limit spares a disk
that the application needs for itself. A VACUUM by hand counts too where it was given a delay (vacuum_cost_delay).

Manual: section 19.10, "Vacuuming"; section 27.4.5, "VACUUM Progress Reporting".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Requires, Scope, Seen, limit
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import duration, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    database: str
    schema: str | None
    table: str
    """Its oid where it is of another database."""
    running_s: float
    delayed_s: float | None
    """None where pauses are not measured."""
    scanned_pct: float | None

    @property
    def delay_pct(self) -> float:
        return 100.0 * (self.delayed_s or 0.0) / self.running_s if self.running_s else 0.0


@attrs.frozen(kw_only=True)
class Limits:
    min_running_s: float = limit(600.0, unit="s", doc="Leave out what has not run that long.")
    max_delay_pct: float = limit(80.0, unit="%", doc="Say so where it slept for this share of the time.")


SQL = """
SELECT p.pid,
       p.datname::text                               AS database,
       n.nspname::text                               AS schema,
       COALESCE(c.relname::text, p.relid::text, '?') AS "table",
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS running_s,
       CASE WHEN pg_catalog.current_setting('track_cost_delay_timing')::bool OR p.delay_time > 0
            THEN p.delay_time / 1000 END             AS delayed_s,
       100 * p.heap_blks_scanned::float8 / NULLIF(p.heap_blks_total, 0) AS scanned_pct
  FROM pg_catalog.pg_stat_progress_vacuum AS p
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = p.pid
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = p.relid AND p.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(min_running_s)s::float8)
 ORDER BY a.xact_start, p.pid
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.running_s < limits.min_running_s:
            continue
        if row.delayed_s is None:
            cure = "ALTER SYSTEM SET track_cost_delay_timing = on;"
            yield Unseen(target, "how long its VACUUM slept is not measured", cure)
        elif row.delay_pct >= limits.max_delay_pct:
            done = "" if row.scanned_pct is None else f", and has scanned {percent(row.scanned_pct)} of the table"
            yield Finding(
                Severity.INFO,
                target,
                f"The VACUUM of the table (process {row.pid} in {row.database}) has run for {duration(row.running_s)}, "
                f"slept for {percent(row.delay_pct)} of that by its cost limit{done}. Raise "
                "autovacuum_vacuum_cost_limit, or lower autovacuum_vacuum_cost_delay.",
                details={"pid": row.pid, "running_s": row.running_s, "delayed_s": row.delayed_s},
            )


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="vacuum.throttled_vacuum",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=18, sql=SQL)],
    requires=Requires(role="pg_read_all_stats"),
    scope=Scope.CLUSTER,
    standby=False,
)
