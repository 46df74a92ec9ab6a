"""Replication slot that keeps much WAL.

Its consumer lags, is too slow, or gone. The WAL lies in pg_wal until it has confirmed it: when that disk is full the
server stops. `max_slot_wal_keep_size` bounds it, at the price that the slot is lost.

A WARNING from `warn_bytes` and CRITICAL from `crit_bytes` on; where there is a limit, a WARNING also when less than a
quarter of it is left. Two reports forecast when the limit is reached.

Manual: section 26.2.6; max_slot_wal_keep_size.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Metric, Scope, limit
from pgops.checks.judging import each_row
from pgops.checks.replication._slots import SLOTS, Slot, in_words, target_of
from pgops.findings import Severity
from pgops.render.quantities import size

_NEARLY_USED_UP = 0.25


@attrs.frozen(kw_only=True)
class Limits:
    warn_bytes: int = limit(10 * 1024**3, unit="bytes", doc="A WARNING for so much.")
    crit_bytes: int = limit(100 * 1024**3, unit="bytes", doc="CRITICAL for so much.")


def _severity(slot: Slot, limits: Limits) -> Severity | None:
    if slot.retained_bytes is None:
        return None
    if slot.retained_bytes >= limits.crit_bytes:
        return Severity.CRITICAL
    nearly = slot.limit_bytes and slot.safe_bytes is not None and slot.safe_bytes < slot.limit_bytes * _NEARLY_USED_UP
    return Severity.WARNING if nearly or slot.retained_bytes >= limits.warn_bytes else None


def _message(slot: Slot, _: Limits) -> str:
    if slot.limit_bytes is None:
        return f"{in_words(slot)}. Nothing bounds that: max_slot_wal_keep_size is not set."
    left = "" if slot.safe_bytes is None else f"; after {size(max(slot.safe_bytes, 0))} more it is in danger"
    return f"{in_words(slot)}, of the {size(slot.limit_bytes)} that max_slot_wal_keep_size allows{left}."


CHECK = Check(
    id="replication.slot_retains_wal",
    doc=__doc__,
    row=Slot,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=target_of,
        message=_message,
        details=("kind", "retained_bytes", "safe_bytes", "limit_bytes"),
    ),
    queries=SLOTS,
    scope=Scope.CLUSTER,
    metrics=(Metric(value="retained_bytes", limit="limit_bytes"),),
    known_as=("check_pgactivity: replication_slots",),
)
