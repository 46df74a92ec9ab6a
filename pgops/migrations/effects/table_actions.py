"""ALTER TABLE, action by action (manual, ALTER TABLE, "Notes"; each line measured on PostgreSQL 14 to 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.column_types import type_change
from pgops.migrations.effects.column_uses import other_sides, pins
from pgops.migrations.effects.constraints import add_constraint, drop_constraint, is_not_null, validate
from pgops.migrations.effects.effect import Effect, Touch, joined
from pgops.migrations.effects.foreign_keys import other_ends
from pgops.migrations.effects.known import same
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.partitions import attach, detach
from pgops.migrations.effects.relatives import everywhere, holds_rows, referencing
from pgops.sql import statements as s
from pgops.sql.statements import ConstraintKind

if TYPE_CHECKING:
    from pgops.migrations.effects.known import Known
    from pgops.sql.statements import Name

AX = LockMode.ACCESS_EXCLUSIVE
AS = LockMode.ACCESS_SHARE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE
SRX = LockMode.SHARE_ROW_EXCLUSIVE

_TRIGGERS = {
    "EnableTrig",
    "EnableAlwaysTrig",
    "EnableReplicaTrig",
    "EnableTrigAll",
    "EnableTrigUser",
    "DisableTrig",
    "DisableTrigAll",
    "DisableTrigUser",
}
# What takes less than ACCESS EXCLUSIVE (AlterTableGetLockLevel in tablecmds.c).
_WEAKER = {
    "SetStatistics": SUX,
    "SetOptions": SUX,
    "ResetOptions": SUX,
    "ClusterOn": SUX,
    "DropCluster": SUX,
    **dict.fromkeys(_TRIGGERS, SRX),
}
_REWRITES = {"SetLogged", "SetUnLogged", "SetAccessMethod", "SetTableSpace"}
_GO_DOWN = {"SetStatistics", "SetStorage", "DropExpression"}
"""Actions that are done to partitions and whatever inherits as well (ATPrepCmd)."""
_IDENTITY = {"AddIdentity", "SetIdentity", "DropIdentity"}
"""They go down to partitions since 17."""
# Storage parameters under SHARE UPDATE EXCLUSIVE; the others need ACCESS EXCLUSIVE (reloptions.c).
_LIGHT_OPTIONS = ("autovacuum_", "log_autovacuum")
_LIGHT_NAMES = {
    "fillfactor",
    "toast_tuple_target",
    "parallel_workers",
    "vacuum_index_cleanup",
    "vacuum_truncate",
    "vacuum_max_eager_freeze_failure_rate",
    "deduplicate_items",
}


def alter_table(meaning: s.AlterTable, known: Known) -> Effect:
    """The whole statement: every action runs under the strongest lock that one of them needs."""
    effect = joined(tuple(action_effect(meaning, action, known) for action in meaning.actions))
    if len(meaning.actions) == 1:
        return effect
    lock = max((each.lock for each in effect.touches if same(each.relation, meaning.table)), default=AX)
    return attrs.evolve(effect, touches=tuple(_raised(each, lock) for each in effect.touches))


def _raised(touch: Touch, lock: LockMode) -> Touch:
    """Whatever inherits is locked as hard as its parent, but for what only the building of an index locks."""
    goes_down = touch.role in {"partition", "inheriting table"} and touch.lock is not LockMode.SHARE
    return attrs.evolve(touch, lock=max(touch.lock, lock)) if goes_down else touch


def action_effect(meaning: s.AlterTable, action: s.Action, known: Known) -> Effect:
    """One action of one ALTER TABLE."""
    table, only = meaning.table, meaning.only
    match action:
        case s.AddColumn():
            return _add_column(table, action, known, only=only)
        case s.AlterType():
            return _alter_type(meaning, action, known)
        case s.SetNotNull():
            return Effect(
                touches=everywhere(
                    table, known, AX, scan=lambda each: not is_not_null(each, action.column, known), only=only
                )
            )
        case s.SetExpression():
            return _set_expression(table, action, known, only=only)
        case s.AddConstraint():
            return add_constraint(table, action.constraint, known, only=only)
        case s.ValidateConstraint():
            return validate(table, action.name, known, only=only)
        case s.DropConstraint():
            return drop_constraint(table, action, known, only=only)
        case s.AttachPartition():
            return attach(table, action, known, is_index=meaning.kind == "index")
        case s.DetachPartition():
            return detach(table, action, known)
        case s.DropColumn():
            return _drop_column(meaning, action, known)
        case s.SetDefault() | s.DropNotNull():
            return Effect(touches=everywhere(table, known, AX, only=only))
        case s.OtherAction():
            return _other(meaning, action, known)


def _add_column(table: Name, action: s.AddColumn, known: Known, *, only: bool) -> Effect:
    column = action.column
    existing = known.column(table, column.name)
    if action.if_not_exists and existing is not None:
        return Effect(touches=(Touch(table, AX),))  # nothing changes, and the lock is taken all the same
    unknown = None
    # An array of a domain holds no element yet that its CHECK could be asked of.
    checked = not column.type.is_array and known.domain_is_checked(column.type)
    volatile = known.is_volatile(column.default) if column.generated is None else False
    if column.default is None and known.default_is_volatile(column.type):
        volatile = True
    # A domain's CHECK is proved by writing each row anew, even where there is no default.
    rewrite = column.is_serial or column.identity or column.generated == "stored" or checked is True or volatile is True
    if not rewrite and (checked is None or volatile is None):
        rewrite = volatile is None
        what = "a function of its default" if volatile is None else f"the type {column.type}"
        unknown = f"{what} is not known without a connection"
    # Without a default each row would hold NULL: one is enough to fail, and all are looked at till then.
    given = column.default is not None or column.identity or column.is_serial
    scan = column.not_null and (column.generated == "virtual" or not given)
    parts = [Effect(touches=everywhere(table, known, AX, rewrite=rewrite, scan=scan, only=only), unknown=unknown)]
    parts += [_inline(table, column, each, known, only=only) for each in column.constraints]
    return joined(tuple(parts))


def _inline(table: Name, column: s.Column, constraint: s.Constraint, known: Known, *, only: bool) -> Effect:
    """A constraint that stands beside the new column."""
    if constraint.kind is not ConstraintKind.FOREIGN_KEY:
        return Effect(touches=everywhere(table, known, AX, scan=constraint.is_enforced, only=only))
    if constraint.references is None:
        return Effect()
    # With a default, be it NULL, the rows are looked at; the other table only for those that are not NULL.
    has_default = column.default is not None and constraint.is_enforced
    has_value = has_default and column.default is not None and not column.default.is_null
    return Effect(
        touches=(
            *everywhere(table, known, AX, scan=has_default, only=only),
            *everywhere(constraint.references, known, SRX, scan=has_value, inheriting=False, role="referenced table"),
        )
    )


def _alter_type(meaning: s.AlterTable, action: s.AlterType, known: Known) -> Effect:
    table = meaning.table
    change = type_change(table, action, known, meaning)
    pinned = pins(known, table, action.column, meaning)
    touches = everywhere(
        table,
        known,
        AX,
        rewrite=lambda each: type_change(each, action, known, meaning).rewrite,
        scan=lambda each: type_change(each, action, known, meaning).scan,
        only=meaning.only,
    )
    for each in other_sides(known, table, action.column, meaning):
        touches += everywhere(
            each, known, AX, scan=change.checks_keys, inheriting=False, role="other side of a foreign key"
        )
    column = known.column(table, action.column)
    fails = None
    if column is not None and column.in_partition_key:
        fails = "42P16: the column is part of the partition key"
    elif pinned:
        generated = pinned[0].startswith("generated") and known.server < 15
        fails = f"{'42601' if generated else '0A000'}: {pinned[0]} uses the column"
    return Effect(
        touches=touches,
        fails=fails,
        unknown=None if change.certain else "the column's type is not known without a connection",
    )


def _set_expression(table: Name, action: s.SetExpression, known: Known, *, only: bool) -> Effect:
    column = known.column(table, action.column)
    stored = column is None or column.generated != "virtual"
    scan = not stored and column is not None and column.not_null
    found = known.table(table)
    checked = not stored and found is not None and any(each.kind == "c" for each in found.constraints.values())
    return Effect(
        touches=everywhere(table, known, AX, rewrite=stored, scan=scan, only=only),
        fails="0A000: a virtual column of a table with a CHECK" if checked else None,
    )


def _drop_column(meaning: s.AlterTable, action: s.DropColumn, known: Known) -> Effect:
    """The keys of the column go with it, and by CASCADE those of other tables, and views."""
    table = meaning.table
    column = known.column(table, action.column)
    touches = everywhere(table, known, AX, only=meaning.only)
    if column is None:
        return Effect(touches=touches)
    found = known.table(table)
    ends = {
        each.references
        for each in (found.constraints.values() if found is not None else ())
        if each.references is not None and action.column in each.columns
    }
    touches += tuple(each for each in other_ends(table, known) if each.relation in ends)
    if action.cascade:
        for key in referencing(table, known, column=action.column):
            touches += everywhere(key.table, known, AX, inheriting=False, role="referencing table")
        touches += tuple(Touch(each, AX, role="view") for each in column.views)
    fails = "42P16: the column is part of the partition key" if column.in_partition_key else None
    return Effect(touches=touches, fails=fails)


def _other(meaning: s.AlterTable, action: s.OtherAction, known: Known) -> Effect:
    table, role = meaning.table, "table" if meaning.kind == "table" else meaning.kind
    what = action.action
    if what in {"SetRelOptions", "ResetRelOptions", "ReplaceRelOptions"}:
        light = all(each.startswith(_LIGHT_OPTIONS) or each in _LIGHT_NAMES for each in action.options)
        return Effect(touches=(Touch(table, SUX if light and action.options and role != "view" else AX, role=role),))
    if what in _REWRITES:  # none of them reaches the partitions
        rewrite = holds_rows(table, known) and not _is_so_already(table, action, known)
        return Effect(touches=(Touch(table, AX, rewrite=rewrite, role=role),))
    if what == "AlterConstraint":
        return _alter_constraint(table, action, known)
    lock = _WEAKER.get(what, AX)
    goes_down = (
        what in _GO_DOWN
        or (what in _IDENTITY and known.server >= 17)
        or (what in _TRIGGERS and bool(known.is_partitioned(table)))
    )
    touches = everywhere(table, known, lock, only=meaning.only or not goes_down, role=role)
    if what in {"AddInherit", "DropInherit"} and action.relation is not None:
        touches += (Touch(action.relation, SUX if what == "AddInherit" else AS, role="parent"),)
    return Effect(touches=touches)


def _alter_constraint(table: Name, action: s.OtherAction, known: Known) -> Effect:
    """ALTER CONSTRAINT: to enforce a foreign key again reads both tables; not to, drops triggers of the other."""
    found = known.table(table)
    key = found.constraints.get(action.name) if found is not None and action.name is not None else None
    enforced = {"enforced": True, "not enforced": False}.get(next(iter(action.options), ""))
    if enforced is None:
        return Effect(touches=everywhere(table, known, AX, inheriting=False))
    touches = everywhere(table, known, AX, scan=enforced, inheriting=False)
    if key is not None and key.references is not None:
        lock = SRX if enforced else AX
        touches += everywhere(key.references, known, lock, scan=enforced, inheriting=False, role="referenced table")
    return Effect(touches=touches)


def _is_so_already(table: Name, action: s.OtherAction, known: Known) -> bool:
    """Whether there is nothing to do: the lock is taken all the same."""
    found = known.table(table)
    if found is None:
        return False
    match action.action:
        case "SetLogged":
            return found.persistence == "p"
        case "SetUnLogged":
            return found.persistence == "u"
        case "SetAccessMethod":
            return found.access_method is not None and found.access_method == action.name
        case _:
            return False
