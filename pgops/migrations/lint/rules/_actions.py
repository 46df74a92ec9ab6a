"""What one action of an ALTER TABLE does by itself: the statement's effect is the worst of all its actions."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

import attrs

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.known import Known
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.table_actions import action_effect
from pgops.migrations.lint.rules._tables import actions
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

_Action = TypeVar("_Action", bound=s.Action)


@attrs.frozen(kw_only=True)
class Acted:
    """An action with its statement, and what it does."""

    alter: s.AlterTable
    action: s.Action
    known: Known

    @functools.cached_property
    def effect(self) -> Effect:
        """Of this action alone."""
        return action_effect(self.alter, self.action, self.known)

    @property
    def touch(self) -> Touch:
        """The table as a whole: what happens to its partitions happens to it."""
        own = self.effect.on(self.alter.table) or Touch(self.alter.table, LockMode.ACCESS_EXCLUSIVE)
        parts = [each for each in self.effect.touches if each.role == "partition"]
        scan = own.scan or any(each.scan for each in parts)
        rewrite = own.rewrite or any(each.rewrite for each in parts)
        return attrs.evolve(own, scan=scan, rewrite=rewrite)

    @property
    def is_conditional(self) -> bool:
        """Whether a column of the statement may be left out (IF NOT EXISTS), and its constraints with it."""
        return any(isinstance(each, s.AddColumn) and each.if_not_exists for each in self.alter.actions)


def acted(step: Step, kind: type[_Action]) -> Iterator[tuple[Acted, _Action]]:
    """The actions of one kind on tables that are there: IF EXISTS may know better. Foreign tables hold no rows."""
    for alter, action in actions(step, kind):
        if alter.kind == "table" and not (alter.if_exists and step.known.is_absent(alter.table)):
            yield Acted(alter=alter, action=action, known=step.known), action


def added_columns(step: Step) -> Iterator[tuple[Acted, s.Column]]:
    """The columns that ADD COLUMN adds; what IF NOT EXISTS finds there already is none."""
    for how, action in acted(step, s.AddColumn):
        exists = action.if_not_exists and step.known.column(how.alter.table, action.column.name) is not None
        if not exists:
            yield how, action.column


def column_sql(table: s.Name, column: str) -> str:
    """`table.column`, for messages."""
    return f"{table}.{s.Name(column)}"
