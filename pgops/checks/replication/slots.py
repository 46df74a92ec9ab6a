"""The replication slots.

What each keeps for its standby or subscriber, whether somebody uses it, and whether it is still good.

Manual: section 26.2.6, "Replication Slots"; view pg_replication_slots.
"""

from __future__ import annotations

from pgops.checks.api import Check, NoLimits, Scope
from pgops.checks.replication._slots import SLOTS, Slot

CHECK: Check[Slot, NoLimits] = Check(
    id="replication.slots", aliases=("replication_slots",), doc=__doc__, row=Slot, queries=SLOTS, scope=Scope.CLUSTER
)
