"""Many sessions wait for the same thing.

A session that is active and not on a processor waits: for the disk, for a lock on a shared structure, for a standby's
acknowledgement. One here and there is normal. Where most of the active ones wait for one event, that is the server's
bottleneck at this moment, and adding sessions makes it worse: `LWLock:WALWrite` and `IO:WALSync` are commits that wait
for the disk, `LWLock:BufferContent` a hot page, `LWLock:LockManager` queries that touch very many relations,
`IPC:SyncRep` a synchronous standby, `IO:DataFileRead` reads from outside the cache.

WARNING where at least `min_sessions` active clients, and `warn_pct` of all active ones, wait for the same event. It is
one look at one moment, hence a confidence of 0.6: ask several times. Waits for heavyweight locks are left to
`locks.*`; waits for the client, for a timer (`pg_sleep`), and of the server's own processes are none.

Manual: section "pg_stat_activity", the tables of wait events.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.checks.sessions import SEES_SESSIONS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    event_type: str
    event: str
    sessions: int
    active_sessions: int
    """All active clients, those on a processor too."""
    share_pct: float
    databases: int


@attrs.frozen(kw_only=True)
class Limits:
    min_sessions: int = limit(8, unit="sessions", doc="From so many that wait for the same on.")
    warn_pct: float = limit(50.0, unit="%", doc="And from this share of the active ones on.")


SQL = """
WITH active AS MATERIALIZED (
    SELECT a.wait_event_type, a.wait_event, a.datid
      FROM pg_catalog.pg_stat_activity AS a
     WHERE a.state = 'active'
       AND a.backend_type IN ('client backend', 'parallel worker')
       AND a.pid <> pg_catalog.pg_backend_pid()
)
SELECT a.wait_event_type                AS event_type,
       a.wait_event                     AS event,
       pg_catalog.count(*)::int         AS sessions,
       (SELECT pg_catalog.count(*)::int FROM active) AS active_sessions,
       100.0 * pg_catalog.count(*)::float8 / (SELECT pg_catalog.count(*) FROM active) AS share_pct,
       pg_catalog.count(DISTINCT a.datid)::int AS databases
  FROM active AS a
 WHERE a.wait_event_type NOT IN ('Lock', 'Client', 'Timeout', 'Activity')
 GROUP BY a.wait_event_type, a.wait_event
 ORDER BY sessions DESC, a.wait_event_type, a.wait_event
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    pressed = row.sessions >= limits.min_sessions and row.share_pct >= limits.warn_pct
    return Severity.WARNING if pressed else None


CHECK = Check(
    id="activity.wait_event_pressure",
    aliases=("wait_events",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("wait event", None, f"{row.event_type}:{row.event}"),
        message="{sessions} of {active_sessions} active sessions wait for {event_type}:{event}.",
        confidence=lambda _: 0.6,
        details=("sessions", "active_sessions", "databases"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
)
