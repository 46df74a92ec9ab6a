"""Foreign keys: made, validated, dropped; and what that means for the table at the other end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.known import same
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.relatives import children, everywhere, partitions

if TYPE_CHECKING:
    from pgops.migrations.effects.known import Known
    from pgops.sql.statements import Constraint, Name

AX = LockMode.ACCESS_EXCLUSIVE
SRX = LockMode.SHARE_ROW_EXCLUSIVE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE
RS = LockMode.ROW_SHARE


def add_foreign_key(table: Name, key: Constraint, known: Known) -> Effect:
    """ADD FOREIGN KEY. A partition that has the same key already, and valid, is not read: the two become one."""
    late = key.not_valid or not key.is_enforced
    has_it = {each for each in partitions(table, known) if has_key(each, key, known)}
    everybody_has = bool(has_it) and all(
        each in has_it or known.is_partitioned(each) for each in partitions(table, known)
    )
    touches = everywhere(table, known, SRX, scan=lambda each: not late and each not in has_it, inheriting=False)
    perhaps: tuple[Touch, ...] = ()
    if key.references is not None:
        # To merge two keys, the triggers of one of them are dropped: under ACCESS EXCLUSIVE.
        lock = AX if has_it else SRX
        touches += everywhere(key.references, known, lock, scan=not late and not everybody_has, role="referenced table")
        if known.facts is None:
            perhaps = (Touch(key.references, AX, role="referenced table"),)
    fails = None
    if late and known.is_partitioned(table) and known.server < 18:
        fails = "42809: NOT VALID foreign keys of partitioned tables came with PostgreSQL 18"
    return Effect(touches=touches, perhaps=perhaps, fails=fails)


def has_key(table: Name, key: Constraint, known: Known) -> bool:
    """Whether the table has the same foreign key already, and valid."""
    if key.references is None:
        return False
    wanted = known.table(key.references)
    columns = key.referenced_columns or _primary_key(key.references, known)
    found = known.table(table)
    for each in found.constraints.values() if found is not None else ():
        is_valid = each.valid or any(same(on, table) and name == each.name for on, name in known.validated)
        if (
            is_valid
            and each.kind == "f"
            and wanted is not None
            and each.references == wanted.name
            and each.columns == key.columns
            and each.referenced_columns == columns
        ):
            return True
    for on, added in known.added:
        is_valid = not added.not_valid or any(same(to, table) and name == added.name for to, name in known.validated)
        if (
            is_valid
            and same(on, table)
            and added.references is not None
            and same(added.references, key.references)
            and added.columns == key.columns
            and (added.referenced_columns or columns) == columns
        ):
            return True
    return False


def _primary_key(table: Name, known: Known) -> tuple[str, ...]:
    found = known.table(table)
    constraints = found.constraints.values() if found is not None else ()
    return next((each.columns for each in constraints if each.kind == "p"), ())


def validate_foreign_key(table: Name, referenced: Name, known: Known, *, scan: bool) -> tuple[Touch, ...]:
    """VALIDATE CONSTRAINT of one: writing goes on at both ends."""
    return (
        *everywhere(table, known, SUX, scan=scan, inheriting=False),
        *everywhere(referenced, known, RS, scan=scan, inheriting=False, role="referenced table"),
    )


def other_ends(table: Name, known: Known) -> tuple[Touch, ...]:
    """What the table and its partitions reference: it is locked against everybody when they are dropped."""
    names: dict[Name, None] = {}
    for each in (table, *children(table, known)):
        found = known.table(each)
        for constraint in found.constraints.values() if found is not None else ():
            gone = any(same(on, each) and name == constraint.name for on, name in known.dropped_constraints)
            # Of a key of its parent a partition has a part that can go by itself, without the other table.
            by_parent = constraint.is_inherited and each == table
            # Before 15 the partitions of the other table are locked, and it is not.
            by_parts = (
                known.server < 15 and constraint.references is not None and known.is_partitioned(constraint.references)
            )
            if constraint.references is not None and not (gone or by_parent or by_parts):
                names[constraint.references] = None
    own = {table, *(found.name for found in (known.table(table),) if found is not None), *children(table, known)}
    return tuple(Touch(each, AX, role="referenced table") for each in names if each not in own)
