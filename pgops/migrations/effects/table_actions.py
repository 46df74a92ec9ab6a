"""ALTER TABLE, action by action (manual, ALTER TABLE, "Notes"; each line measured on PostgreSQL 14 to 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.column_types import type_change
from pgops.migrations.effects.effect import Effect, Touch, joined
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.sql import statements as s
from pgops.migrations.sql.statements import ConstraintKind

if TYPE_CHECKING:
    from pgops.migrations.effects.known import Known
    from pgops.migrations.sql.statements import Name

AX = LockMode.ACCESS_EXCLUSIVE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE
SRX = LockMode.SHARE_ROW_EXCLUSIVE

# What takes less than ACCESS EXCLUSIVE (AlterTableGetLockLevel in tablecmds.c).
_WEAKER = {
    "SetStatistics": SUX,
    "SetOptions": SUX,
    "ResetOptions": SUX,
    "ClusterOn": SUX,
    "DropCluster": SUX,
    "EnableTrig": SRX,
    "EnableAlwaysTrig": SRX,
    "EnableReplicaTrig": SRX,
    "EnableTrigAll": SRX,
    "EnableTrigUser": SRX,
    "DisableTrig": SRX,
    "DisableTrigAll": SRX,
    "DisableTrigUser": SRX,
}
_REWRITES = {"SetLogged", "SetUnLogged", "SetAccessMethod", "SetTableSpace"}
# Storage parameters that the planner or autovacuum reads; others need ACCESS EXCLUSIVE (reloptions.c).
_LIGHT_OPTIONS = (
    "autovacuum_",
    "toast.autovacuum_",
    "fillfactor",
    "toast_tuple_target",
    "parallel_workers",
    "log_autovacuum",
)
_LIGHT_NAMES = {
    "n_distinct",
    "vacuum_index_cleanup",
    "vacuum_truncate",
    "vacuum_max_eager_freeze_failure_rate",
    "fastupdate",
    "deduplicate_items",
    "gin_pending_list_limit",
    "buffering",
    "pages_per_range",
    "autosummarize",
    "seq_page_cost",
    "random_page_cost",
    "effective_io_concurrency",
}


def alter_table(meaning: s.AlterTable, known: Known) -> Effect:
    """The whole statement: every action runs under the strongest lock that one of them needs."""
    return joined(tuple(action_effect(meaning, action, known) for action in meaning.actions))


def action_effect(meaning: s.AlterTable, action: s.Action, known: Known) -> Effect:
    """One action of one ALTER TABLE."""
    table = meaning.table
    role = "table" if meaning.kind == "table" else meaning.kind
    partitions = () if meaning.only else _partitions(table, known)
    match action:
        case s.AddColumn():
            return _add_column(table, action, known, partitions)
        case s.AlterType():
            change = type_change(table, action, known)
            column = known.column(table, action.column)
            pinned = column.pinned_by if column is not None else ()
            touches = _everywhere(table, partitions, AX, scan=change.scan, rewrite=change.rewrite)
            if column is not None and column.in_foreign_key:
                touches += _keys_other_sides(table, action.column, known)
            code = "42601" if known.server < 15 and pinned and pinned[0].startswith("generated") else "0A000"
            return Effect(
                touches=touches,
                fails=f"{code}: {pinned[0]} uses the column" if pinned else None,
                unknown=None if change.certain else "the column's type is not known without a connection",
            )
        case s.SetNotNull():
            proved = known.not_null_is_proved(table, action.column)
            column = known.column(table, action.column)
            scan = not proved and not (column is not None and column.not_null)
            return Effect(touches=_everywhere(table, partitions, AX, scan=scan))
        case s.SetExpression():
            column = known.column(table, action.column)
            stored = column is None or column.generated != "virtual"
            if known.server < 17:
                return Effect(touches=(Touch(table, AX),), fails="42601: SET EXPRESSION came with PostgreSQL 17")
            return Effect(touches=_everywhere(table, partitions, AX, rewrite=stored))
        case s.AddConstraint():
            return _add_constraint(table, action.constraint, known, partitions)
        case s.ValidateConstraint():
            return _validate(table, action.name, known, partitions)
        case s.DropConstraint():
            found = known.table(table)
            constraint = found.constraints.get(action.name) if found is not None else None
            others = (
                (Touch(constraint.references, AX, role="referenced table"),)
                if constraint is not None and constraint.references is not None
                else ()
            )
            return Effect(touches=(*_everywhere(table, partitions, AX), *others))
        case s.AttachPartition():
            return _attach(table, action, known, is_index=meaning.kind == "index")
        case s.DetachPartition():
            return _detach(table, action, known)
        case s.DropColumn():
            return Effect(touches=_everywhere(table, partitions, AX))
        case s.SetDefault() | s.DropNotNull():
            return Effect(touches=_everywhere(table, partitions, AX))
        case s.OtherAction():
            return Effect(touches=_other(table, action, role, partitions))


def _add_column(table: Name, action: s.AddColumn, known: Known, partitions: tuple[Name, ...]) -> Effect:
    column = action.column
    existing = known.column(table, column.name)
    if action.if_not_exists and existing is not None:
        return Effect(touches=_everywhere(table, partitions, AX))  # nothing changes, and the lock is taken all the same
    unknown = None
    checked = known.domain_is_checked(column.type)
    volatile = known.is_volatile(column.default) if column.generated is None else False
    # A domain's CHECK is proved by writing each row anew, before 18 even where there is no default.
    rewrite = column.is_serial or column.identity or column.generated == "stored" or checked is True or volatile is True
    if not rewrite and (checked is None or volatile is None):
        rewrite = volatile is None
        what = "a function of its default" if volatile is None else f"the type {column.type}"
        unknown = f"{what} is not known without a connection"
    parts = [
        Effect(
            touches=_everywhere(
                table, partitions, AX, rewrite=rewrite, scan=column.generated == "virtual" and column.not_null
            ),
            unknown=unknown,
        )
    ]
    for constraint in column.constraints:
        if constraint.kind is ConstraintKind.FOREIGN_KEY:
            # Every row has NULL there and needs no look at the other table, but for a default.
            has_value = column.default is not None and not column.default.is_null
            referenced = constraint.references
            if referenced is not None:
                parts.append(
                    Effect(
                        touches=(
                            *_everywhere(table, partitions, AX, scan=has_value),
                            Touch(referenced, SRX, scan=has_value, role="referenced table"),
                        )
                    )
                )
        else:
            parts.append(Effect(touches=_everywhere(table, partitions, AX, scan=True)))
    return joined(tuple(parts))


def _add_constraint(table: Name, constraint: s.Constraint, known: Known, partitions: tuple[Name, ...]) -> Effect:
    late = constraint.not_valid or not constraint.is_enforced
    match constraint.kind:
        case ConstraintKind.FOREIGN_KEY:
            referenced = constraint.references
            touches = _everywhere(table, partitions, SRX, scan=not late)
            if referenced is not None:
                touches += (Touch(referenced, SRX, scan=not late, role="referenced table"),)
                touches += tuple(
                    Touch(each, SRX, scan=False, role="partition of the referenced table")
                    for each in _partitions(referenced, known)
                )
            fails = None
            if not constraint.is_enforced and known.server < 18:
                fails = "42601: NOT ENFORCED came with PostgreSQL 18"
            elif late and known.is_partitioned(table) and known.server < 18:
                fails = "42809: NOT VALID foreign keys of partitioned tables came with PostgreSQL 18"
            return Effect(touches=touches, fails=fails)
        case ConstraintKind.NOT_NULL:
            if known.server < 18:
                return Effect(touches=(Touch(table, AX),), fails="42601: a NOT NULL constraint has no name before 18")
            proved = all(known.not_null_is_proved(table, each) for each in constraint.columns)
            return Effect(touches=_everywhere(table, partitions, AX, scan=not late and not proved))
        case ConstraintKind.CHECK:
            return Effect(touches=_everywhere(table, partitions, AX, scan=not late))
        case _ if constraint.using_index is not None:
            scan = constraint.kind is ConstraintKind.PRIMARY_KEY and not _key_is_not_null(table, constraint, known)
            return Effect(touches=_everywhere(table, partitions, AX, scan=scan))
        case _:
            return Effect(touches=_everywhere(table, partitions, AX, scan=True))


def _key_is_not_null(table: Name, constraint: s.Constraint, known: Known) -> bool:
    """Whether the columns of the index of ADD PRIMARY KEY USING INDEX are NOT NULL; if not known, they count as not."""
    found = known.table(table)
    if found is None or constraint.using_index is None:
        return False
    index = found.indexes.get(constraint.using_index)
    if index is None:
        return False
    columns = [found.columns.get(each) for each in index.columns if each is not None]
    return bool(columns) and all(
        each is not None and (each.not_null or known.not_null_is_proved(table, each.name)) for each in columns
    )


def _validate(table: Name, name: str, known: Known, partitions: tuple[Name, ...]) -> Effect:
    found = known.table(table)
    constraint = found.constraints.get(name) if found is not None else None
    touches = _everywhere(table, partitions, SUX, scan=constraint is None or not constraint.valid)
    referenced = constraint.references if constraint is not None else None
    if referenced is None:
        referenced = next(
            (each.references for other, each in known.added if each.name == name and other.name == table.name), None
        )
    if referenced is not None:
        touches += (Touch(referenced, LockMode.ROW_SHARE, scan=True, role="referenced table"),)
    return Effect(touches=touches)


def _attach(table: Name, action: s.AttachPartition, known: Known, *, is_index: bool) -> Effect:
    if is_index:  # ALTER INDEX parent ATTACH PARTITION
        return Effect(touches=(Touch(table, SUX, role="index"), Touch(action.partition, AX, role="index")))
    parent = known.table(table)
    touches = [
        Touch(table, SUX),
        Touch(action.partition, AX, scan=not known.is_new(action.partition), role="partition"),
    ]
    if parent is not None and parent.default_partition is not None:
        touches.append(Touch(parent.default_partition, AX, scan=True, role="default partition"))
    if parent is not None:
        touches += [
            Touch(each.references, SRX, scan=True, role="referenced table")
            for each in parent.constraints.values()
            if each.references is not None
        ]
    return Effect(touches=tuple(touches))


def _detach(table: Name, action: s.DetachPartition, known: Known) -> Effect:
    parent = known.table(table)
    default = parent.default_partition if parent is not None else None
    if action.finalize:
        return Effect(touches=(Touch(table, SUX), Touch(action.partition, AX, role="partition")))
    if action.concurrently:
        fails = "55000: CONCURRENTLY is refused beside a default partition" if default is not None else None
        return Effect(
            touches=(Touch(table, SUX), Touch(action.partition, AX, role="partition")),
            own_unit=True,
            waits_for_snapshots=True,
            fails=fails,
        )
    touches = [Touch(table, AX), Touch(action.partition, AX, role="partition")]
    if default is not None and default != action.partition:
        touches.append(Touch(default, AX, role="default partition"))
    return Effect(touches=tuple(touches))


def _other(table: Name, action: s.OtherAction, role: str, partitions: tuple[Name, ...]) -> tuple[Touch, ...]:
    if action.action in {"SetRelOptions", "ResetRelOptions", "ReplaceRelOptions"}:
        light = all(each.startswith(_LIGHT_OPTIONS) or each in _LIGHT_NAMES for each in action.options)
        return (Touch(table, SUX if light and action.options and role != "view" else AX, role=role),)
    if action.action in _REWRITES:
        return _everywhere(table, partitions if action.action == "SetTableSpace" else (), AX, rewrite=True)
    lock = _WEAKER.get(action.action, AX)
    if action.action in {"ChangeOwner", "ClusterOn", "EnableRowSecurity", "DisableRowSecurity", "ForceRowSecurity"}:
        partitions = ()
    touches = (Touch(table, lock, role=role), *(Touch(each, lock, role="partition") for each in partitions))
    if action.action in {"AddInherit", "DropInherit"} and action.name:
        touches += (Touch(s.Name(action.name), SUX, role="parent"),)
    return touches


def _everywhere(
    table: Name, partitions: tuple[Name, ...], lock: LockMode, *, scan: bool = False, rewrite: bool = False
) -> tuple[Touch, ...]:
    """The table and, of a partitioned one, its partitions: they hold the rows."""
    own = not partitions
    return (
        Touch(table, lock, scan=scan and own, rewrite=rewrite and own),
        *(Touch(each, lock, scan=scan, rewrite=rewrite, role="partition") for each in partitions),
    )


def _partitions(table: Name, known: Known) -> tuple[Name, ...]:
    found = known.table(table)
    return found.partitions if found is not None else ()


def _keys_other_sides(table: Name, column: str, known: Known) -> tuple[Touch, ...]:
    found = known.table(table)
    if found is None:
        return ()
    out = [
        each.references for each in found.constraints.values() if each.references is not None and column in each.columns
    ]
    return tuple(
        Touch(each, AX, role="other side of a foreign key") for each in dict.fromkeys([*out, *found.referenced_by])
    )
