"""Partitions: made, attached, detached. The rows of the DEFAULT partition may belong to a new one, so it takes part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.foreign_keys import has_key
from pgops.migrations.effects.indexes import has_index
from pgops.migrations.effects.known import same
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.partition_bounds import are_proved
from pgops.migrations.effects.relatives import everywhere, referencing
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.facts import ConstraintFacts, TableFacts
    from pgops.migrations.effects.known import Known
    from pgops.sql.statements import Name

AX = LockMode.ACCESS_EXCLUSIVE
SRX = LockMode.SHARE_ROW_EXCLUSIVE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE


def create_partition(parent: Name, known: Known) -> Effect:
    """CREATE TABLE ... PARTITION OF: the DEFAULT partition is read whole, and what the parent references is locked."""
    touches = [Touch(parent, AX, role="parent")]
    found = known.table(parent)
    if found is None:
        return Effect(touches=tuple(touches), perhaps=_perhaps(parent, known))
    touches += _default(found, known, None, scan=True)
    for key in _keys(found, known):
        assert key.references is not None  # noqa: S101  _keys gives no others
        touches += everywhere(key.references, known, SRX, inheriting=False, role="referenced table")
    touches += _those_that_reference(parent, known)
    return Effect(touches=tuple(touches))


def attach(parent: Name, action: s.AttachPartition, known: Known, *, is_index: bool) -> Effect:
    """ATTACH PARTITION. The new partition is read unless a CHECK says what its bounds will say."""
    new = action.partition
    if is_index:  # ALTER INDEX parent ATTACH PARTITION
        return Effect(touches=(Touch(parent, SUX, role="index"), Touch(new, AX, role="index")))
    found = known.table(parent)
    is_new = known.is_new(new)
    scan = not are_proved(known, parent, new)
    touches = [Touch(parent, SUX)]
    if found is None:
        touches += everywhere(new, known, AX, scan=scan, role="partition")
        return Effect(touches=tuple(touches), perhaps=_perhaps(parent, known))
    # An index of the parent that the partition lacks is built at once.
    scan = scan or (not is_new and not all(has_index(new, each, known) for each in found.indexes.values()))
    for constraint in _keys(found, known):
        assert constraint.references is not None  # noqa: S101  _keys gives no others
        key = s.Constraint(
            kind=s.ConstraintKind.FOREIGN_KEY,
            columns=constraint.columns,
            references=constraint.references,
            referenced_columns=constraint.referenced_columns,
        )
        has_it = has_key(new, key, known)
        scan = scan or not (has_it or is_new)
        touches += everywhere(
            constraint.references,
            known,
            AX if has_it else SRX,
            scan=not (has_it or is_new),
            inheriting=False,
            role="referenced table",
        )
    touches += everywhere(new, known, AX, scan=scan, role="partition")
    touches += _default(found, known, new, scan=not is_default_proved(found, known))
    touches += _those_that_reference(parent, known)
    return Effect(touches=tuple(touches))


def is_default_proved(parent: TableFacts, known: Known) -> bool:
    """Whether a CHECK of the DEFAULT partition keeps it from being read."""
    return parent.default_partition is not None and are_proved(known, parent.name, parent.default_partition)


def detach(parent: Name, action: s.DetachPartition, known: Known) -> Effect:
    """DETACH PARTITION, CONCURRENTLY, or FINALIZE of one that was interrupted."""
    gone = action.partition
    if action.finalize or action.concurrently:
        found = known.table(parent)
        beside = found is not None and found.default_partition is not None and action.concurrently
        return Effect(
            touches=(
                Touch(parent, SUX),
                *everywhere(gone, known, AX, role="partition"),
                *_after_detaching(parent, known),
            ),
            own_unit=action.concurrently,
            waits_for_snapshots=action.concurrently,
            fails="55000: CONCURRENTLY is refused beside a default partition" if beside else None,
        )
    found = known.table(parent)
    keys = referencing(parent, known)
    touches = [Touch(parent, AX), *everywhere(gone, known, AX, scan=bool(keys), role="partition")]
    if found is None:
        perhaps = (
            Touch(gone, AX, scan=True, role="partition"),  # if a foreign key references the parent
            Touch(parent, AX, role="default partition"),
            Touch(parent, AX, scan=True, role="referencing table"),
        )
        return Effect(touches=tuple(touches), perhaps=perhaps)
    touches += _default(found, known, gone, scan=False)
    touches += _after_detaching(parent, known)
    return Effect(touches=tuple(touches))


def _after_detaching(parent: Name, known: Known) -> Iterator[Touch]:
    """The detached partition keeps its foreign keys; those that reference it must find their rows elsewhere."""
    found = known.table(parent)
    for key in _keys(found, known) if found is not None else ():
        assert key.references is not None  # noqa: S101  _keys gives no others
        yield Touch(key.references, SRX, role="referenced table")
    for reference in referencing(parent, known):
        yield from everywhere(reference.table, known, AX, scan=True, inheriting=False, role="referencing table")


def _default(parent: TableFacts, known: Known, other: Name | None, *, scan: bool) -> tuple[Touch, ...]:
    default = parent.default_partition
    if default is None or known.is_detached(default) or (other is not None and same(default, other)):
        return ()
    return everywhere(default, known, AX, scan=scan, role="default partition")


def _keys(parent: TableFacts, known: Known) -> Iterator[ConstraintFacts]:
    """The foreign keys of the parent, of each referenced table the one that was declared."""
    for each in parent.constraints.values():
        gone = any(same(on, parent.name) and name == each.name for on, name in known.dropped_constraints)
        if each.references is not None and not gone:
            yield each


def _those_that_reference(parent: Name, known: Known) -> Iterator[Touch]:
    """Since 15 the tables with a key to the parent are locked while it gets one to the new partition."""
    if known.server >= 15:
        for key in referencing(parent, known):
            yield from everywhere(key.table, known, SRX, inheriting=False, role="referencing table")


def _perhaps(parent: Name, known: Known) -> tuple[Touch, ...]:
    """What may be there, where no catalogue was asked."""
    if known.facts is not None or known.is_new(parent):
        return ()
    return (
        Touch(parent, AX, scan=True, role="default partition"),
        Touch(parent, SRX, scan=True, role="referenced table"),
    )
