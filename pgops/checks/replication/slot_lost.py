"""Replication slot that is lost, or about to be.

The WAL that its consumer still needs has been removed, or will be at the next checkpoint: the consumer can never catch
up from here. A standby has to be copied anew, a subscription's tables synchronised again. From PostgreSQL 16 a slot can
also be invalid since recovery removed rows that it needed, or since wal_level was lowered, and from 18 because it was
idle for too long.

CRITICAL once it is lost or invalid, a WARNING while it is "unreserved": then there is time until the next checkpoint to
raise max_slot_wal_keep_size, or to let the consumer catch up.

Manual: view pg_replication_slots (wal_status, invalidation_reason).
"""

from __future__ import annotations

from pgops.checks.api import Check, NoLimits, Scope
from pgops.checks.judging import each_row
from pgops.checks.replication._slots import SLOTS, Slot, drop, target_of
from pgops.findings import Severity


def _severity(slot: Slot, _: NoLimits) -> Severity | None:
    if slot.wal_status == "lost" or slot.invalidation:
        return Severity.CRITICAL
    return Severity.WARNING if slot.wal_status == "unreserved" else None


def _message(slot: Slot, _: NoLimits) -> str:
    if slot.wal_status == "unreserved" and not slot.invalidation:
        return f"The {slot.kind} slot will lose WAL that its consumer needs at the next checkpoint."
    why = f" ({slot.invalidation})" if slot.invalidation else ""
    return f"The {slot.kind} slot is lost{why}: its consumer can't catch up and has to be made anew."


def _fix(slot: Slot, _: NoLimits) -> str | None:
    used = slot.active or slot.synced  # what a standby keeps in step goes away with its primary's
    return None if used or slot.wal_status == "unreserved" else drop(slot)


CHECK = Check(
    id="replication.slot_lost",
    doc=__doc__,
    row=Slot,
    judge=each_row(
        severity=_severity,
        target=target_of,
        message=_message,
        fix=_fix,
        details=("wal_status", "invalidation"),
    ),
    queries=SLOTS,
    scope=Scope.CLUSTER,
)
