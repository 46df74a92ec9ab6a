"""Replication slot that nobody uses.

A slot keeps all WAL from what its consumer has last confirmed, and holds back VACUUM's horizon. One whose standby or
subscriber is gone goes on keeping, until the disk is full and the server stops. Nobody will tell: the consumer that
would have complained is the one that is missing.

A WARNING, from PostgreSQL 17 once it has been idle for `idle_s`; before, nobody knows since when, so at once. INFO for
one that keeps nothing, since nobody has ever used it: it only takes a place. Temporary slots end with their session and
are left out, as is a slot that failover keeps in step on a standby; a standby's own fill its disk like a primary's. It
is a false alarm while the consumer is restarted. Dropping it means that the consumer has to be made anew, so ask its
owner.

Manual: section 26.2.6; pg_drop_replication_slot.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Scope, limit
from pgops.checks.judging import each_row
from pgops.checks.replication._slots import SLOTS, Slot, drop, in_words, target_of
from pgops.findings import Severity


@attrs.frozen(kw_only=True)
class Limits:
    idle_s: float = limit(300.0, unit="s", doc="From PostgreSQL 17: a WARNING when it has been idle for so long.")


def _severity(slot: Slot, limits: Limits) -> Severity | None:
    if slot.active or slot.temporary or slot.synced or slot.wal_status == "lost":
        return None
    if slot.inactive_s is not None and slot.inactive_s < limits.idle_s:
        return None
    return Severity.INFO if slot.retained_bytes is None else Severity.WARNING


def _message(slot: Slot, _: Limits) -> str:
    if slot.retained_bytes is None:
        return f"{in_words(slot)}: it takes one of max_replication_slots places."
    return f"{in_words(slot)}: it keeps on doing so until the disk is full."


CHECK = Check(
    id="replication.inactive_slot",
    aliases=("inactive_replication_slots",),
    doc=__doc__,
    row=Slot,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=target_of,
        message=_message,
        fix=lambda slot, _: drop(slot),
        details=("kind", "retained_bytes", "inactive_s"),
    ),
    queries=SLOTS,
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: replication_slots", "check_postgres: replication_slots"),
)
