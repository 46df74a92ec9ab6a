"""Whether a table's CHECK says what its bounds will say, so that ATTACH PARTITION need not read its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.known import same
from pgops.sql.statements import ConstraintKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.known import Known
    from pgops.sql.statements import Name


def are_proved(known: Known, parent: Name, partition: Name) -> bool:
    """Whether a valid CHECK of the partition is about the parent's key, which then can't be NULL.

    The bounds themselves are taken on trust. A new partition counts as proved: there is nothing to read. Where the key
    is not known, any CHECK of columns will do.
    """
    if known.is_new(partition):
        return True
    facts = known.table(parent)
    key = set(facts.partition_key) if facts is not None else set()
    return any(
        key <= set(columns) and all(_can_not_be_null(known, partition, each, not_nulls) for each in key)
        for columns, not_nulls in _checks(known, partition)
    )


def _checks(known: Known, table: Name) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Of each valid CHECK its columns, and those that it asks IS NOT NULL of."""
    for name, added in known.added:
        if same(name, table) and added.kind is ConstraintKind.CHECK and added.expression is not None:
            valid = not added.not_valid or _is_validated(known, table, added.name)
            if valid and added.is_enforced and added.expression.columns:
                yield added.expression.columns, added.expression.not_nulls
    facts = known.table(table)
    for constraint in facts.constraints.values() if facts is not None else ():
        if constraint.kind == "c" and (constraint.valid or _is_validated(known, table, constraint.name)):
            not_nulls = constraint.columns if "IS NOT NULL" in constraint.definition else ()
            yield constraint.columns, not_nulls


def _is_validated(known: Known, table: Name, constraint: str | None) -> bool:
    return any(same(name, table) and validated == constraint for name, validated in known.validated)


def _can_not_be_null(known: Known, table: Name, column: str, not_nulls: tuple[str, ...]) -> bool:
    if column in not_nulls:
        return True
    facts = known.column(table, column)
    return facts is None or facts.not_null or known.not_null_is_proved(table, column)
