"""What several rules ask about ALTER TABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

_Action = TypeVar("_Action")


def actions(step: Step, kind: type[_Action]) -> Iterator[tuple[s.AlterTable, _Action]]:
    """The actions of one kind in an ALTER TABLE of a table; none of any other statement."""
    meaning = step.statement.meaning
    if isinstance(meaning, s.AlterTable) and meaning.kind in {"table", "foreign table"}:
        for action in meaning.actions:
            if isinstance(action, kind):
                yield meaning, action
