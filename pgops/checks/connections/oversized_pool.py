"""Pool that holds far more connections than it uses.

Many sessions of one application, nearly all of them idle at any moment: the pool is larger than the work it has. Each
connection costs a slot, a process and memory, and when all wake up at once the server gets more to do than it can. A
pool of a small multiple of the cores serves the same, or a pooler by transaction (pgbouncer) in front of many
instances.

INFO for a user, database and application with `min_sessions` or more of which `idle_pct` or more have done nothing for
`idle_s`. It is a look at one moment: a false alarm at night, or before the batch that needs them all.
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
    idle: int

    @property
    def idle_pct(self) -> float:
        return 100.0 * self.idle / self.sessions


@attrs.frozen(kw_only=True)
class Limits:
    min_sessions: int = limit(20, unit="sessions", doc="Leave out smaller groups.")
    idle_pct: float = limit(90.0, unit="%", doc="INFO where so many of them are idle.")
    idle_s: float = limit(60.0, unit="s", doc="Idle for so long.")


SQL = """
WITH <clients>
SELECT c."user",
       c.database,
       c.application,
       pg_catalog.count(*) AS sessions,
       pg_catalog.count(*) FILTER (WHERE c.state = 'idle' AND c.state_age_s >= %(idle_s)s) AS idle
  FROM client AS c
 GROUP BY c."user", c.database, c.application
HAVING pg_catalog.count(*) >= %(min_sessions)s
 ORDER BY sessions DESC, c."user", c.database, c.application
""".replace("<clients>", CLIENTS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    large = row.sessions >= limits.min_sessions
    return Severity.INFO if large and row.idle_pct >= limits.idle_pct else None


CHECK = Check(
    id="connections.oversized_pool",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=group_target,
        message=lambda row, limits: (
            f"{row.idle} of {row.sessions} sessions {of_whom(row)} have done nothing for {duration(limits.idle_s)} or "
            f"more: {percent(row.idle_pct)}."
        ),
        details=("sessions", "idle"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
)
