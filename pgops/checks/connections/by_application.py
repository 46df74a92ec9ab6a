"""Who is connected: clients by user, database and application.

How many sessions each has, what they are doing, from how many addresses they come, and how old the oldest is: first
whoever has most. The session that asks is not among them.

A listing, no verdict: connections.saturation judges how full the server is. Manual: "pg_stat_activity".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, NoLimits, Query, Requires, Scope
from pgops.checks.connections._groups import CLIENTS, group_target


@attrs.frozen(kw_only=True)
class Row:
    user: str
    database: str | None
    application: str
    sessions: int
    active: int
    idle: int
    idle_in_transaction: int
    addresses: int
    """From how many addresses; 0 where all come by a socket."""
    oldest_s: float
    longest_idle_s: float | None


SQL = """
WITH <clients>
SELECT c."user",
       c.database,
       c.application,
       pg_catalog.count(*)                                                     AS sessions,
       pg_catalog.count(*) FILTER (WHERE c.state IN ('active', 'fastpath function call')) AS active,
       pg_catalog.count(*) FILTER (WHERE c.state = 'idle')                     AS idle,
       pg_catalog.count(*) FILTER (WHERE c.state LIKE 'idle in transaction%%') AS idle_in_transaction,
       pg_catalog.count(DISTINCT c.address)                                    AS addresses,
       pg_catalog.max(c.session_age_s)                                         AS oldest_s,
       pg_catalog.max(c.state_age_s) FILTER (WHERE c.state = 'idle')           AS longest_idle_s
  FROM client AS c
 GROUP BY c."user", c.database, c.application
 ORDER BY sessions DESC, c."user", c.database, c.application
""".replace("<clients>", CLIENTS)

CHECK: Check[Row, NoLimits] = Check(
    id="connections.by_application",
    aliases=("connections_overview",),
    doc=__doc__,
    row=Row,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_read_all_stats"),
    target=group_target,
    known_as=("ruby-pg-extras: connections",),
)
