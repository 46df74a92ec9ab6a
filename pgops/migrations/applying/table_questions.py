"""What the catalogue shows of an ALTER TABLE, whose actions may undo each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pgops.migrations.applying.lookups import (
    column,
    column_numbers,
    exists,
    is_there,
    negated,
    on_table,
    regclass,
    regtype,
    text,
)
from pgops.sql import statements as s
from pgops.sql.statements import ConstraintKind, Name

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

Asked: TypeAlias = "tuple[int, Hashable, str | None]"
"""In which pass it is done, what it is about, and the question; None where what is there then can't be told."""

# PostgreSQL does the actions in passes, whatever their order in the statement (tablecmds.c, AlterTablePass).
_DROPPED, _RETYPED, _ADDED, _SET = range(4)


def table_questions(meaning: s.AlterTable) -> tuple[str, ...]:
    """The last question about each thing that the actions are about."""
    table = meaning.table
    asked = sorted((each for action in meaning.actions for each in _asked(table, action)), key=lambda each: each[0])
    last = {about: question for _, about, question in asked}
    added = list(_added_constraints(meaning))
    if any(each.name is None for each in added):
        # The name that PostgreSQL chooses may be the one that has just become free: DROP t_pkey, ADD PRIMARY KEY.
        dropped = {("constraint", each.name) for each in meaning.actions if isinstance(each, s.DropConstraint)}
        named = {("constraint", each.name) for each in added}
        last = {about: question for about, question in last.items() if about not in dropped - named}
    if any(each.kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.NOT_NULL} for each in added):
        loosened = {("not null", each.column) for each in meaning.actions if isinstance(each, s.DropNotNull)}
        last = {about: question for about, question in last.items() if about not in loosened}
    questions = tuple(question for question in last.values() if question is not None)
    # What is gone with its table proves nothing, unless IF EXISTS was to allow it.
    return (is_there(table), *questions) if questions and not meaning.if_exists else questions


def _added_constraints(meaning: s.AlterTable) -> Iterator[s.Constraint]:
    for action in meaning.actions:
        if isinstance(action, s.AddConstraint):
            yield action.constraint
        elif isinstance(action, s.AddColumn):
            yield from action.column.constraints


def _asked(table: Name, action: s.Action) -> Iterator[Asked]:
    match action:
        case s.AddColumn():
            yield _ADDED, ("column", action.column.name), column(table, action.column.name)
            if not action.if_not_exists:  # over a column that is there, its constraints are not made either
                for constraint in action.column.constraints:
                    yield _constraint(table, constraint)
        case s.DropColumn():
            yield _DROPPED, ("column", action.column), negated(column(table, action.column))
        case s.AlterType():
            yield _RETYPED, ("type", action.column), column(table, action.column, _type(action.type))
        case s.SetNotNull():
            yield _SET, ("not null", action.column), column(table, action.column, " AND attnotnull")
        case s.DropNotNull():
            yield _DROPPED, ("not null", action.column), column(table, action.column, " AND NOT attnotnull")
        case s.SetDefault(default=None):
            yield _DROPPED, ("default", action.column), column(table, action.column, " AND NOT atthasdef")
        case s.SetDefault(default=s.Expression(is_null=True)):
            # NULL is kept as a default where the type has a modifier or is a domain, and nowhere else.
            yield _SET, ("default", action.column), None
        case s.SetDefault():
            yield _SET, ("default", action.column), column(table, action.column, " AND atthasdef")
        case s.AddConstraint():
            yield _constraint(table, action.constraint)
        case s.ValidateConstraint():
            where = f"conname = {text(action.name)} AND conrelid = {regclass(table)} AND convalidated"
            yield _SET, ("constraint", action.name), exists("pg_constraint", where)
        case s.DropConstraint():
            yield _DROPPED, ("constraint", action.name), negated(on_table("constraint", action.name, table))
        case s.AttachPartition():
            yield _SET, ("partition", action.partition), _inherits(table, action.partition)
        case s.DetachPartition():
            yield _SET, ("partition", action.partition), negated(_inherits(table, action.partition))
        case s.OtherAction() if action.action in _CLASS_FLAGS:
            flag, wanted = _CLASS_FLAGS[action.action]
            yield _SET, flag, exists("pg_class", f"oid = {regclass(table)} AND {flag} = {wanted}")


_CLASS_FLAGS = {
    "EnableRowSecurity": ("relrowsecurity", "true"),
    "DisableRowSecurity": ("relrowsecurity", "false"),
    "ForceRowSecurity": ("relforcerowsecurity", "true"),
    "NoForceRowSecurity": ("relforcerowsecurity", "false"),
    "SetLogged": ("relpersistence", "'p'"),
    "SetUnLogged": ("relpersistence", "'u'"),
}
_CONSTRAINT_TYPES = {
    ConstraintKind.CHECK: "c",
    ConstraintKind.FOREIGN_KEY: "f",
    ConstraintKind.PRIMARY_KEY: "p",
    ConstraintKind.UNIQUE: "u",
    ConstraintKind.EXCLUDE: "x",
    ConstraintKind.NOT_NULL: "n",
}
_TIMES = {"time", "timetz", "timestamp", "timestamptz"}
_LENGTHS = {"varchar", "bpchar", "varbit", "bit"}
_LONGEST_FRACTION = 6


def _type(kind: s.TypeName) -> str:
    """The condition on pg_attribute. to_regtype() takes a modifier only since 17, so it is looked at by itself."""
    same = f" AND atttypid = {regtype(Name(kind.name, kind.schema), is_array=kind.is_array)}"
    modifiers = _shown_modifiers(kind)
    if modifiers is None:
        return same
    return f"{same} AND pg_catalog.format_type(atttypid, atttypmod) LIKE '%({modifiers})%'"


def _shown_modifiers(kind: s.TypeName) -> str | None:
    """As format_type() writes them; None for a type whose modifiers may be written otherwise there."""
    match kind.modifiers:
        case (fraction,) if kind.schema is None and kind.name in _TIMES:
            return str(min(fraction, _LONGEST_FRACTION))
        case (length,) if kind.schema is None and kind.name in _LENGTHS:
            return str(length)
        case (precision,) if kind.schema is None and kind.name == "numeric":
            return f"{precision},0"
        case (precision, scale) if kind.schema is None and kind.name == "numeric":
            return f"{precision},{scale}"
        case _:
            return None


def _constraint(table: Name, constraint: s.Constraint) -> Asked:
    where = f"conrelid = {regclass(table)} AND contype = '{_CONSTRAINT_TYPES[constraint.kind]}'"
    if constraint.name is not None:
        where += f" AND conname = {text(constraint.name)}"
    elif constraint.columns and constraint.kind is not ConstraintKind.CHECK:
        # A CHECK beside a column may be about others, or about none.
        where += f" AND conkey = {column_numbers(table, constraint.columns)}"
    if not constraint.not_valid and constraint.is_enforced:
        where += " AND convalidated"
    about = ("constraint", constraint.name if constraint.name is not None else constraint)
    return _SET, about, exists("pg_constraint", where)


def _inherits(parent: Name, child: Name) -> str:
    return exists("pg_inherits", f"inhparent = {regclass(parent)} AND inhrelid = {regclass(child)}")
