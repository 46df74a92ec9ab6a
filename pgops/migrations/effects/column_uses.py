"""What hangs on a column: what the catalogue says, less what the script has dropped before.

Of ALTER TABLE with several actions the drops come first, wherever they stand (ATPhase2 in tablecmds.c).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgops.migrations.effects.known import same
from pgops.sql import statements as s
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.facts import ColumnFacts, ConstraintFacts
    from pgops.migrations.effects.known import Known

_PIN = re.compile(r"(?P<kind>a rule of|[a-z ]+?) (?P<name>(?:\"(?:[^\"]|\"\")*\"|[^\". ]+)(?:\..+)?)", re.DOTALL)
_PART = re.compile(r"\"((?:[^\"]|\"\")*)\"|([^.]+)")
# What DROP ... CASCADE of one takes along is not known: of these kinds it counts as gone.
_CASCADES = {"view", "materialized view", "function"}


def pins(known: Known, table: Name, column: str, alter: s.AlterTable | None = None) -> tuple[str, ...]:
    """What forbids ALTER TYPE of the column, in words. `alter` may drop some of it itself."""
    facts = known.column(table, column)
    if facts is None or not facts.pinned_by:
        return ()
    columns = set(_dropped_columns(known, table, alter))
    return tuple(each for each in facts.pinned_by if not _is_gone(known, table, each, columns))


def has_checks(known: Known, table: Name, column: str, alter: s.AlterTable | None = None) -> bool:
    """Whether a CHECK names the column that would be asked again: one that is NOT VALID would not."""
    dropped = set(_dropped_constraints(known, table, alter))
    for name, added in known.added:
        names_it = added.expression is not None and column in added.expression.columns
        is_check = added.kind is s.ConstraintKind.CHECK and not added.not_valid and added.name not in dropped
        if is_check and names_it and same(name, table):
            return True
    live = _constraints(known, table, alter)
    return any(each.kind == "c" and column in each.columns and each.valid for each in live)


def indexes(known: Known, table: Name, column: ColumnFacts, alter: s.AlterTable | None = None) -> tuple[str, ...]:
    """The indexes that the column is in, as key, expression or predicate."""
    constraints = set(_dropped_constraints(known, table, alter))
    dropped = {name.name for drop in known.dropped if drop.kind == "index" for name in drop.names}
    return tuple(each for each in column.indexes if each not in constraints | dropped)


def other_sides(known: Known, table: Name, column: str, alter: s.AlterTable | None = None) -> tuple[Name, ...]:
    """The tables that a foreign key of the column leads to, or comes from: they are locked along with it."""
    facts, live = known.table(table), known.column(table, column)
    if facts is None or live is None or not live.in_foreign_key:
        return ()
    found = [
        each.references
        for each in _constraints(known, table, alter)
        if each.references is not None and column in each.columns
    ]
    for other in facts.referenced_by:
        keys = [each for each in _constraints(known, other) if each.references == facts.name]
        found += [other] if keys or known.table(other) is None else []
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _constraints(known: Known, table: Name, alter: s.AlterTable | None = None) -> Iterator[ConstraintFacts]:
    facts = known.table(table)
    dropped = set(_dropped_constraints(known, table, alter))
    yield from (each for each in facts.constraints.values() if each.name not in dropped) if facts is not None else ()


def _dropped_constraints(known: Known, table: Name, alter: s.AlterTable | None) -> Iterator[str]:
    yield from (constraint for other, constraint in known.dropped_constraints if same(other, table))
    for action in alter.actions if alter is not None else ():
        if isinstance(action, s.DropConstraint):
            yield action.name


def _dropped_columns(known: Known, table: Name, alter: s.AlterTable | None) -> Iterator[str]:
    yield from (column for other, column in known.dropped_columns if same(other, table))
    for action in alter.actions if alter is not None else ():
        if isinstance(action, s.DropColumn):
            yield action.column
        elif isinstance(action, s.OtherAction) and action.action == "DropExpression" and action.name is not None:
            yield action.name


def _is_gone(known: Known, table: Name, pin: str, columns: set[str]) -> bool:
    if pin.startswith("a publication"):
        return any(drop.kind == "publication" for drop in known.dropped)
    kind, name = parsed(pin)
    if kind == "generated column":
        return name.name in columns
    return any(_drops(drop, kind, name, table) for drop in known.dropped)


def _drops(drop: s.Drop, kind: str, name: Name, table: Name) -> bool:
    match kind:
        case "policy" | "trigger":
            pairs = zip(drop.names, drop.tables, strict=False)
            return drop.kind == kind and any(each.name == name.name and same(on, table) for each, on in pairs)
        case "a rule of":
            return drop.kind == "rule" and any(same(each, name) for each in drop.tables)
        case _:
            is_kind = drop.kind == kind or (kind == "function" and drop.kind in {"procedure", "routine"})
            by_name = is_kind and any(same(each, name) for each in drop.names)
            return by_name or (drop.cascade and kind in _CASCADES)


def parsed(pin: str) -> tuple[str, Name]:
    """The kind and the name of what pins a column.

    >>> parsed('view reporting."Daily.Totals"')
    ('view', Name(name='Daily.Totals', schema='reporting'))
    """
    found = _PIN.fullmatch(pin)
    if found is None:
        return pin, Name("")
    parts = [quoted.replace('""', '"') if quoted else plain for quoted, plain in _PART.findall(found["name"])]
    return found["kind"], Name(parts[-1], parts[-2] if len(parts) > 1 else None)
