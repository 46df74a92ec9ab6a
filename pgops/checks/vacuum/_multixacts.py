"""What the checks of multixact age share: where the thresholds lie.

A multixact stands for several transactions that lock a row together (SELECT FOR SHARE, foreign keys, an UPDATE of a row
that is locked FOR KEY SHARE). Its ids wrap around as those of transactions do, and VACUUM replaces old ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pgops.findings import Severity

if TYPE_CHECKING:
    from pgops.checks.vacuum._freezing import Ratios

STOP_AGE = 2**31 - 3_000_000
"""The age of the oldest multixact at which the server makes no more of them (multixact.c, multiStopLimit)."""


class Aged(Protocol):
    """The columns that decide. `freeze_max_age` is the table's own where it has one, never more than the server's."""

    @property
    def multixact_age(self) -> int: ...
    @property
    def freeze_max_age(self) -> int: ...
    @property
    def server_freeze_max_age(self) -> int: ...
    @property
    def failsafe_age(self) -> int: ...


def severity_of(row: Aged, limits: Ratios) -> Severity | None:
    """As for transaction ids: warned of by the table's own setting, critical by what endangers the server."""
    most = row.server_freeze_max_age
    critical = min(limits.crit_ratio * most, max(row.failsafe_age, 1.05 * most))
    warning = min(limits.warn_ratio * row.freeze_max_age, max((most + critical) / 2, most))
    if row.multixact_age >= critical:
        return Severity.CRITICAL
    return Severity.WARNING if row.multixact_age >= warning else None


def in_words(row: Aged) -> str:
    """How old, and how much is left: the second half of a message."""
    return (
        f"{row.multixact_age:,} multixacts old, {row.multixact_age / row.freeze_max_age:.1f} times "
        f"autovacuum_multixact_freeze_max_age, and {max(STOP_AGE - row.multixact_age, 0):,} are left until the server "
        "refuses whatever needs a new one"
    )
