"""Sessions that last only for a moment: an application without a pool.

To begin a session the server forks a process, checks a password (SCRAM takes milliseconds on purpose) and fills caches
anew; with TLS a handshake comes first. An application that connects for each request spends more on that than on its
queries. A pool in the application, or pgbouncer, keeps connections.

By database, since its statistics were reset: INFO where the mean session is shorter than `mean_s` and there were
`min_sessions` or more, at least `per_s` a second. A false alarm: a health check that connects often to an idle
database.

Manual: "pg_stat_database", sessions and session_time (PostgreSQL 14).
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import duration, timestamp


@attrs.frozen(kw_only=True)
class Row:
    database: str
    sessions: int
    mean_s: float
    """How long a session lasted on the average."""
    sessions_per_s: float | None
    """None where nobody can say since when the server has counted."""
    counted_since: datetime | None


@attrs.frozen(kw_only=True)
class Limits:
    min_sessions: int = limit(1000, unit="sessions", doc="Fewer say nothing.")
    mean_s: float = limit(1.0, unit="s", doc="INFO where sessions are shorter on the average.")
    per_s: float = limit(0.2, unit="sessions/s", doc="Leave out databases with fewer new sessions a second.")


SQL = """
SELECT d.datname::text AS database,
       d.sessions,
       d.session_time / 1000.0::float8 / d.sessions AS mean_s,
       d.sessions / NULLIF(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - began.at)::float8, 0) AS sessions_per_s,
       began.at        AS counted_since
  FROM pg_catalog.pg_stat_database AS d
 CROSS JOIN pg_catalog.pg_stat_bgwriter AS w
 CROSS JOIN LATERAL (SELECT GREATEST(d.stats_reset, w.stats_reset) AS at) AS began
 WHERE d.datname IS NOT NULL
   AND d.sessions >= GREATEST(%(min_sessions)s, 1)
 ORDER BY d.sessions DESC, d.datname
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    often = row.sessions_per_s is None or row.sessions_per_s >= limits.per_s
    return Severity.INFO if often and row.sessions >= limits.min_sessions and row.mean_s < limits.mean_s else None


def _message(row: Row, _: object) -> str:
    since = f" since {timestamp(row.counted_since)}" if row.counted_since else ""
    rate = f", {row.sessions_per_s:.2g} a second" if row.sessions_per_s is not None else ""
    return f"{row.sessions:,} sessions{since}{rate} lasted {duration(row.mean_s)} on the average: pool them."


CHECK = Check(
    id="connections.short_sessions",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("database", None, row.database),
        message=_message,
        details=("sessions", "mean_s", "sessions_per_s", "counted_since"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
