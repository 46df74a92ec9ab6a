"""Sessions that have sat idle for hours.

Each keeps a slot, a process with the caches that it has filled (often tens of megabytes, since they only grow), and
temporary tables. Many that were not used for hours come from a pool that never closes any, or from programs that were
forgotten. idle_session_timeout (14 and later) ends them, but not behind a pooler that does not expect it.

By user, database and application: INFO where `min_sessions` or more have been idle for `idle_s`, a WARNING where they
are `warn_pct` of all slots. Idle in transaction is another matter (activity.idle_in_transaction). A false alarm: a pool
that is meant to keep its size.

Manual: section 19.11.1, "idle_session_timeout".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.connections._groups import CLIENTS, group_target, of_whom
from pgops.checks.judging import each_row
from pgops.checks.sessions import SEES_SESSIONS
from pgops.findings import Severity
from pgops.render.quantities import duration, percent


@attrs.frozen(kw_only=True)
class Row:
    user: str
    database: str | None
    application: str
    sessions: int
    """How many of them have been idle for so long."""
    longest_s: float
    max_connections: int

    @property
    def slots_pct(self) -> float:
        return 100.0 * self.sessions / self.max_connections


@attrs.frozen(kw_only=True)
class Limits:
    idle_s: float = limit(14_400.0, unit="s", doc="Sessions that have been idle for so long.")
    min_sessions: int = limit(5, unit="sessions", doc="INFO where there are so many of a kind.")
    warn_pct: float = limit(20.0, unit="%", doc="A WARNING where they take so much of max_connections.")


SQL = """
WITH <clients>
SELECT c."user",
       c.database,
       c.application,
       pg_catalog.count(*)          AS sessions,
       pg_catalog.max(c.state_age_s) AS longest_s,
       pg_catalog.current_setting('max_connections')::int AS max_connections
  FROM client AS c
 WHERE c.state = 'idle'
   AND c.state_age_s >= %(idle_s)s
 GROUP BY c."user", c.database, c.application
 ORDER BY sessions DESC, c."user", c.database, c.application
""".replace("<clients>", CLIENTS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.slots_pct >= limits.warn_pct:
        return Severity.WARNING
    return Severity.INFO if row.sessions >= limits.min_sessions else None


def _message(row: Row, limits: Limits) -> str:
    number = "1 session" if row.sessions == 1 else f"{row.sessions} sessions"
    return (
        f"{number} {of_whom(row)} idle for {duration(limits.idle_s)} or more, the longest for "
        f"{duration(row.longest_s)}: {percent(row.slots_pct)} of max_connections."
    )


CHECK = Check(
    id="connections.long_idle",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity, target=group_target, message=_message, details=("sessions", "longest_s", "max_connections")
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
)
