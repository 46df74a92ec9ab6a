"""Who receives this server's WAL.

One row for each standby, logical subscriber and pg_receivewal that is connected: how far each is behind in bytes and
time, whether a commit waits for it, and which slot it uses. On a standby, those that are connected to it (cascading).

Manual: section 26.2.5, "Streaming Replication"; view pg_stat_replication.
"""

from __future__ import annotations

from pgops.checks.api import Check, NoLimits, Scope
from pgops.checks.replication._standbys import SEES_STANDBYS, STANDBYS, Standby, target_of

CHECK: Check[Standby, NoLimits] = Check(
    id="replication.standbys",
    aliases=("replication_overview",),
    doc=__doc__,
    row=Standby,
    queries=STANDBYS,
    scope=Scope.CLUSTER,
    requires=SEES_STANDBYS,
    target=target_of,
)
