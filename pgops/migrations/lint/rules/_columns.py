"""The columns that a statement makes, for the rules about types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step


def columns_made(step: Step) -> Iterator[tuple[s.Name, s.Column]]:
    """Each new column with its table: of CREATE TABLE, of ADD COLUMN, and of ALTER TYPE the column as it will be."""
    meaning = step.statement.meaning
    match meaning:
        case s.CreateTable():
            for column in meaning.columns:
                yield meaning.table, column
        case s.AlterTable():
            for action in meaning.actions:
                if isinstance(action, s.AddColumn):
                    yield meaning.table, action.column
                elif isinstance(action, s.AlterType):
                    yield meaning.table, s.Column(name=action.column, type=action.type)


def columns_of_type(step: Step, name: str) -> Iterator[tuple[s.Name, s.Column]]:
    """Those of one built-in type, by its internal name."""
    for table, column in columns_made(step):
        if column.type.name == name and column.type.schema is None:
            yield table, column
