"""Constraints of tables: added, validated, dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.foreign_keys import add_foreign_key, validate_foreign_key
from pgops.migrations.effects.known import same
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.relatives import everywhere, holds_rows, partitions, referencing
from pgops.sql.statements import ConstraintKind

if TYPE_CHECKING:
    from pgops.migrations.effects.facts import ConstraintFacts
    from pgops.migrations.effects.known import Known
    from pgops.sql import statements as s
    from pgops.sql.statements import Name

AX = LockMode.ACCESS_EXCLUSIVE
S = LockMode.SHARE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE


def add_constraint(table: Name, constraint: s.Constraint, known: Known, *, only: bool = False) -> Effect:
    """ADD of a table constraint."""
    late = constraint.not_valid or not constraint.is_enforced
    match constraint.kind:
        case ConstraintKind.FOREIGN_KEY:
            return add_foreign_key(table, constraint, known)
        case ConstraintKind.NOT_NULL:
            return Effect(
                touches=everywhere(
                    table, known, AX, scan=lambda each: not late and _is_nullable(each, constraint, known), only=only
                )
            )
        case ConstraintKind.CHECK:
            # NO INHERIT: whatever inherits is none of its business, and is locked all the same since 18.
            alone = constraint.no_inherit
            return Effect(
                touches=everywhere(
                    table,
                    known,
                    AX,
                    scan=lambda each: not late and not (alone and each != table),
                    only=only or (alone and known.server < 18),
                )
            )
        case _ if constraint.using_index is not None:
            scan = constraint.kind is ConstraintKind.PRIMARY_KEY and not _key_is_not_null(table, constraint, known)
            below = everywhere(table, known, AX, scan=scan) if scan else (Touch(table, AX),)
            return Effect(touches=below)
        case _:
            return Effect(touches=_with_index(table, constraint, known, only=only))


def _with_index(table: Name, constraint: s.Constraint, known: Known, *, only: bool) -> tuple[Touch, ...]:
    """UNIQUE, PRIMARY KEY, EXCLUDE: an index is built on the table, and on each partition."""
    own = Touch(table, AX, scan=holds_rows(table, known))
    is_key = constraint.kind is ConstraintKind.PRIMARY_KEY
    if only:
        return (own,)
    if is_key and _is_nullable(table, constraint, known):  # SET NOT NULL goes down to whatever inherits
        return everywhere(table, known, AX, scan=True)
    # Since 18 whatever inherits is locked as its parent is; before, only the building of the index locked partitions.
    if known.server >= 18:
        partitioned = bool(known.is_partitioned(table))
        return (own, *everywhere(table, known, AX, scan=partitioned)[1:])
    return (
        own,
        *(Touch(each, S, scan=holds_rows(each, known), role="partition") for each in partitions(table, known)),
    )


def _is_nullable(table: Name, constraint: s.Constraint, known: Known) -> bool:
    """Whether the rows have to be read to know that the columns hold no NULL."""
    return any(not is_not_null(table, each, known) for each in constraint.columns)


def is_not_null(table: Name, column: str, known: Known) -> bool:
    """Whether the column can hold no NULL, as far as that is known without reading."""
    facts = known.column(table, column)
    return (facts is not None and facts.not_null) or known.not_null_is_proved(table, column)


def _key_is_not_null(table: Name, constraint: s.Constraint, known: Known) -> bool:
    """Whether the columns of the index of ADD PRIMARY KEY USING INDEX are NOT NULL; if not known, they count as not."""
    found = known.table(table)
    if found is None or constraint.using_index is None:
        return False
    index = found.indexes.get(constraint.using_index)
    made = [each for each in known.made_indexes_on(table) if each.name == constraint.using_index]
    columns = index.columns if index is not None else made[0].columns if made else ()
    return bool(columns) and all(each is not None and is_not_null(table, each, known) for each in columns)


def validate(table: Name, name: str, known: Known, *, only: bool = False) -> Effect:
    """VALIDATE CONSTRAINT: nothing to do where it is valid."""
    constraint = _live(table, name, known)
    scan = constraint is None or not constraint.valid
    referenced = constraint.references if constraint is not None else None
    if referenced is None:
        referenced = next(
            (each.references for other, each in known.added if each.name == name and same(other, table)), None
        )
    if referenced is not None:
        if not scan:
            return Effect(touches=(Touch(table, SUX),))
        return Effect(touches=validate_foreign_key(table, referenced, known, scan=True))
    if constraint is not None and constraint.valid:
        return Effect(touches=(Touch(table, SUX),))
    return Effect(touches=everywhere(table, known, SUX, scan=scan, only=only))


def drop_constraint(table: Name, action: s.DropConstraint, known: Known, *, only: bool = False) -> Effect:
    """DROP CONSTRAINT: of a foreign key, the other table is locked as hard; of a key, with CASCADE, those that
    reference it.
    """
    constraint = _live(table, action.name, known)
    touches = everywhere(table, known, AX, only=only)
    if constraint is not None and constraint.references is not None:
        touches += everywhere(constraint.references, known, AX, inheriting=False, role="referenced table")
    if constraint is not None and constraint.kind in "pu" and action.cascade:
        for key in referencing(table, known):
            if key.index == constraint.index:
                touches += everywhere(key.table, known, AX, inheriting=False, role="referencing table")
    return Effect(touches=touches)


def _live(table: Name, name: str, known: Known) -> ConstraintFacts | None:
    found = known.table(table)
    return found.constraints.get(name) if found is not None else None
