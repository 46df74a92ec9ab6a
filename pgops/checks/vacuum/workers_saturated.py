"""All autovacuum workers are busy.

autovacuum_max_workers (from PostgreSQL 18 no more than autovacuum_worker_slots) bounds how many tables of all databases
are vacuumed at a time. While all are busy every other table waits, and its dead rows and transaction ids grow. All busy
for a moment is how autovacuum works. So it is INFO when no worker has become free for `info_s`, and a WARNING from
`warn_s` on.

More workers alone do not help: they share one cost limit (autovacuum_vacuum_cost_limit), and each gets slower. Raise
that, or lower autovacuum_vacuum_cost_delay, first. Often one huge table, or an old transaction that lets VACUUM run and
remove nothing, keeps them busy. A false alarm after a mass load.

Manual: section 19.10, "Vacuuming"; section 24.1.6, "The Autovacuum Daemon".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    workers: int
    most: int
    youngest_s: float | None
    """How long the worker that began last has been at work."""
    oldest_s: float | None
    tables: tuple[str, ...] = attrs.field(converter=as_tuple)
    """What they do, as pg_stat_activity says, those that have run longest first."""


@attrs.frozen(kw_only=True)
class Limits:
    info_s: float = limit(10.0, unit="s", doc="INFO where no worker has become free for that long.")
    warn_s: float = limit(1800.0, unit="s", doc="A WARNING where no worker has become free for that long.")


SQL = """
SELECT pg_catalog.count(a.pid)::int AS workers,
       LEAST(pg_catalog.current_setting('autovacuum_max_workers')::int,
             pg_catalog.current_setting('autovacuum_worker_slots', TRUE)::int) AS most,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.max(a.backend_start))::float8 AS youngest_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.min(a.backend_start))::float8 AS oldest_s,
       COALESCE(pg_catalog.array_agg(a.query ORDER BY a.backend_start) FILTER (WHERE a.query <> ''), '{}') AS tables
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.backend_type = 'autovacuum worker'
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.workers < row.most or row.youngest_s is None or row.youngest_s < min(limits.info_s, limits.warn_s):
        return None
    return Severity.WARNING if row.youngest_s >= limits.warn_s else Severity.INFO


def _message(row: Row, _: Limits) -> str:
    from pgops.render.quantities import duration  # noqa: PLC0415  only findings pay for it

    longest = f"; the one that has run longest, {duration(row.oldest_s or 0.0)}: {row.tables[0]}" if row.tables else ""
    busy = f"All {row.most} autovacuum workers are busy" if row.most > 1 else "The only autovacuum worker is busy"
    return f"{busy}, and none has become free for {duration(row.youngest_s or 0.0)}: every other table waits{longest}."


CHECK = Check(
    id="vacuum.workers_saturated",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "autovacuum_max_workers"),
        message=_message,
        details=("workers", "most", "youngest_s", "oldest_s", "tables"),
    ),
    queries=[Query(since=14, sql=SQL)],
    requires=Requires(role="pg_read_all_stats"),
    scope=Scope.CLUSTER,
    standby=False,
    known_as=("check_pgactivity: autovacuum",),
)
