"""What several rules ask about the locks that a statement takes, and those that its transaction holds already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.locks import LockMode
from pgops.migrations.lint.api import in_use
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgops.migrations.effects.effect import Touch
    from pgops.migrations.effects.walk import Step

_PARTS = {"index", "sequence", "view"}


def blocking(step: Step, touches: Iterable[Touch] | None = None) -> Iterator[Touch]:
    """The touches on tables in use that stop others from writing, or reading; indexes and the like go with theirs."""
    for touch in in_use(step, touches):
        if touch.lock >= LockMode.SHARE and touch.role not in _PARTS:
            yield touch


def held_before(step: Step) -> list[Touch]:
    """The blocking locks that the transaction took before this statement; they are held till it ends."""
    return list(blocking(step, step.transaction.held.values()))


def is_one_row(step: Step, change: s.Change) -> bool:
    """Whether WHERE holds a key equal to a constant; where no catalogue was asked, `id` counts as one."""
    table = step.known.table(change.table)
    if table is None:
        return "id" in change.equals
    return any(
        index.unique and not index.is_partial and index.columns and set(index.columns) <= set(change.equals)
        for index in table.indexes.values()
    )


def changes_many(step: Step) -> bool:
    """Whether the statement may write many rows of a table that somebody may be using, or read them to write others."""
    change = step.statement.meaning
    if not isinstance(change, s.Change) or (change.from_constants and change.verb == "insert"):
        return False
    if change.verb == "insert":
        return any(not step.known.is_small(each) for each in change.reads)
    return not step.known.is_small(change.table) and not is_one_row(step, change)
