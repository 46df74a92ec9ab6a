"""Sessions that end without a good-bye, by an error, or by being killed.

An abandoned session is one whose client vanished: it crashed, was shot by an orchestrator, or a firewall dropped the
idle connection. A fatal one was ended by an error of the server (a timeout, a full disk, no memory), a killed one by
an administrator or a failover's script. Some are life; a good part of all sessions says that something is wrong.

By database, since its statistics were reset: INFO where `info_pct` of at least `min_sessions` ended so, a WARNING from
`warn_pct` on. A false alarm: programs that just exit instead of closing their connection, as short scripts do.

Manual: "pg_stat_database", sessions_abandoned, sessions_fatal and sessions_killed (PostgreSQL 14).
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target
from pgops.render.quantities import percent, timestamp


@attrs.frozen(kw_only=True)
class Row:
    database: str
    sessions: int
    abandoned: int
    fatal: int
    killed: int
    badly_ended_pct: float
    counted_since: datetime | None


@attrs.frozen(kw_only=True)
class Limits:
    min_sessions: int = limit(100, unit="sessions", doc="Fewer say nothing.")
    info_pct: float = limit(5.0, unit="%", doc="INFO where so many of them ended badly.")
    warn_pct: float = limit(20.0, unit="%", doc="A WARNING where so many of them ended badly.")


SQL = """
SELECT d.datname::text       AS database,
       d.sessions,
       d.sessions_abandoned  AS abandoned,
       d.sessions_fatal      AS fatal,
       d.sessions_killed     AS killed,
       100.0::float8 * (d.sessions_abandoned + d.sessions_fatal + d.sessions_killed) / d.sessions AS badly_ended_pct,
       GREATEST(d.stats_reset, w.stats_reset) AS counted_since
  FROM pg_catalog.pg_stat_database AS d
 CROSS JOIN pg_catalog.pg_stat_bgwriter AS w
 WHERE d.datname IS NOT NULL
   AND d.sessions >= GREATEST(%(min_sessions)s, 1)
 ORDER BY badly_ended_pct DESC, d.datname
"""


def _message(row: Row, _: object) -> str:
    since = f" since {timestamp(row.counted_since)}" if row.counted_since else ""
    return (
        f"{percent(row.badly_ended_pct)} of {row.sessions:,} sessions{since} ended badly: {row.abandoned:,} abandoned "
        f"by their client, {row.fatal:,} by a fatal error, {row.killed:,} killed."
    )


CHECK = Check(
    id="connections.abandoned_sessions",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("badly_ended_pct", info="info_pct", warning="warn_pct"),
        target=lambda row: Target("database", None, row.database),
        message=_message,
        details=("sessions", "abandoned", "fatal", "killed", "counted_since"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: session_stats",),
)
