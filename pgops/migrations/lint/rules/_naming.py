"""The names that PostgreSQL would give, and names that are still free: for SQL that a rule writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pgops.migrations.effects.known import Known

_ROOM = 63  # NAMEDATALEN - 1, in bytes

LABELS = {
    s.ConstraintKind.FOREIGN_KEY: "fkey",
    s.ConstraintKind.CHECK: "check",
    s.ConstraintKind.UNIQUE: "key",
    s.ConstraintKind.PRIMARY_KEY: "pkey",
    s.ConstraintKind.EXCLUDE: "excl",
    s.ConstraintKind.NOT_NULL: "not_null",
}


def made_name(table: str, columns: Iterable[str | None], label: str) -> str:
    """As makeObjectName() in indexcmds.c: of table and columns the longer one is cut until all have room.

    >>> made_name("orders", ["customer_id"], "fkey")
    'orders_customer_id_fkey'
    >>> len(made_name("o" * 60, ["c" * 60], "idx").encode())
    63
    """
    first = table.encode()
    second = _cut("_".join(each if each is not None else "expr" for each in columns).encode(), _ROOM).encode()
    room = _ROOM - len(label) - 1 - (1 if second else 0)
    one, two = len(first), len(second)
    while one + two > room:
        if one > two:
            one -= 1
        else:
            two -= 1
    return "_".join(filter(None, (_cut(first, one), _cut(second, two), label)))


def _cut(text: bytes, length: int) -> str:
    return text[:length].decode(errors="ignore")


def free_name(known: Known, table: s.Name, columns: Iterable[str | None], label: str) -> str:
    """The name that PostgreSQL would give an index or constraint of the table, as far as it is known which are
    taken.
    """
    columns = tuple(columns)
    taken = taken_names(known, table)
    name = made_name(table.name, columns, label)
    number = 0
    while name in taken:
        number += 1
        name = made_name(table.name, columns, f"{label}{number}")
    return name


def taken_names(known: Known, table: s.Name) -> set[str]:
    """The names of the constraints and indexes on the table, live and made so far."""
    facts = known.table(table)
    taken = {*facts.constraints, *facts.indexes} if facts is not None else set()
    taken.update(each.name for each in known.made_indexes_on(table) if each.name is not None)
    taken.update(each.name for each in known.added_to(table) if each.name is not None)
    return taken


def constraint_name(known: Known, table: s.Name, constraint: s.Constraint, included: tuple[str, ...] = ()) -> str:
    """The name it has, or the one to give it so that what follows can name it; `included` are INCLUDE's columns."""
    if constraint.name is not None:
        return constraint.name
    columns = () if constraint.kind is s.ConstraintKind.PRIMARY_KEY else (*constraint.columns, *included)
    return free_name(known, table, columns, LABELS[constraint.kind])
