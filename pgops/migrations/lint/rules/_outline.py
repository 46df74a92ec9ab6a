"""What a whole script makes and drops, by table: for rules that look ahead, or far back.

A script is gone through once, however many rules and statements ask.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.known import same
from pgops.sql import statements as s
from pgops.sql.script import Script, Statement
from pgops.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.known import Known
    from pgops.migrations.effects.walk import Step


@attrs.frozen(kw_only=True)
class Key:
    """An index, or a constraint that has one: of the catalogue, or made by a statement of the script."""

    table: Name
    name: str | None
    columns: tuple[str | None, ...]
    unique: bool = False
    constraint: bool = False
    is_plain: bool = False
    """A btree over whole columns in default order: the columns say all there is to say about it."""
    is_partial: bool = False
    method: str = "btree"
    made_by: Statement | None = None

    def starts_with(self, columns: tuple[str, ...]) -> bool:
        """Whether a search for these columns, in any order, finds its rows with the front of the key."""
        searchable = self.method == "btree" or (self.method == "hash" and len(columns) == 1)
        return searchable and not self.is_partial and set(self.columns[: len(columns)]) == set(columns)


@attrs.define
class Outline:
    """One script's keys and drops."""

    script: Script | None = None
    keys: dict[str, list[Key]] = attrs.field(factory=lambda: defaultdict(list))
    """By the bare name of the table."""
    by_name: dict[str, list[Key]] = attrs.field(factory=lambda: defaultdict(list))
    """Those that have a name, by it."""
    dropped: dict[str, list[Statement]] = attrs.field(factory=lambda: defaultdict(list))
    """DROP INDEX and DROP CONSTRAINT, by the bare name of what is dropped."""
    not_null: dict[tuple[str, str], list[Statement]] = attrs.field(factory=lambda: defaultdict(list))
    """SET NOT NULL, by table and column."""


_latest = Outline()


def outline_of(script: Script) -> Outline:
    """What the script makes and drops."""
    global _latest  # noqa: PLW0603  the linter asks about one script after another
    latest = _latest
    if latest.script is not script:
        latest = Outline(script)
        for statement in script.statements:
            _take(latest, statement)
        _latest = latest
    return latest


def _take(outline: Outline, statement: Statement) -> None:
    for key in _keys_made(statement):
        outline.keys[key.table.name].append(key)
        if key.name is not None:
            outline.by_name[key.name].append(key)
    match statement.meaning:
        case s.Drop(kind="index", names=names):
            for name in names:
                outline.dropped[name.name].append(statement)
        case s.AlterTable(table=table, actions=actions):
            for action in actions:
                if isinstance(action, s.DropConstraint):
                    outline.dropped[action.name].append(statement)
                elif isinstance(action, s.SetNotNull):
                    outline.not_null[table.name, action.column].append(statement)


def _keys_made(statement: Statement) -> Iterator[Key]:
    match statement.meaning:
        case s.CreateIndex() as index:
            yield Key(
                table=index.table,
                name=index.name,
                columns=index.columns,
                unique=index.unique,
                is_plain=index.is_plain and index.method == "btree",
                is_partial=index.is_partial,
                method=index.method,
                made_by=statement,
            )
        case s.CreateTable() as made:
            yield from _keys_of(made.table, made.constraints, statement)
            for column in made.columns:
                yield from _keys_of(made.table, column.constraints, statement)
        case s.AlterTable() as alter:
            for action in alter.actions:
                match action:
                    case s.AddConstraint(constraint=constraint):
                        yield from _keys_of(alter.table, (constraint,), statement)
                    case s.AddColumn(column=column):
                        yield from _keys_of(alter.table, column.constraints, statement)


def _keys_of(table: Name, constraints: tuple[s.Constraint, ...], statement: Statement) -> Iterator[Key]:
    for each in constraints:
        if each.kind in (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY) and each.using_index is None:
            yield Key(
                table=table,
                name=each.name,
                columns=each.columns,
                unique=True,
                constraint=True,
                is_plain=True,
                made_by=statement,
            )


def keys_on(step: Step, table: Name) -> Iterator[Key]:
    """Every key of the table: live ones that are valid, those of earlier scripts, and all that this script makes,
    before the step or after it.
    """
    known = step.known
    facts = known.table(table)
    if facts is not None:
        for live in facts.indexes.values():
            if live.valid:
                yield Key(
                    table=table,
                    name=live.name.name,
                    columns=live.columns,
                    unique=live.unique,
                    constraint=live.constraint is not None,
                    is_plain=live.is_plain and live.method == "btree",
                    is_partial=live.is_partial,
                    method=live.method,
                )
    here = [each for each in outline_of(step.script).keys.get(table.name, ()) if same(each.table, table)]
    yield from here
    seen = {id(each.made_by.meaning) for each in here if each.made_by is not None}
    for index in known.made_indexes_on(table):  # those of earlier scripts
        if id(index) not in seen:
            yield Key(
                table=table,
                name=index.name,
                columns=index.columns,
                unique=index.unique,
                is_plain=index.is_plain and index.method == "btree",
                is_partial=index.is_partial,
                method=index.method,
            )


def table_of_index(known: Known, name: Name) -> Name | None:
    """The table that an index is on, if the catalogue or a script said so."""
    live = known.index(name)
    if live is not None:
        return live.table
    made = known.made_index(name)
    return made.table if made is not None else None
