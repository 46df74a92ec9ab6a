"""A statement taken apart into safer ones, as PostgreSQL's own tree has it: what rules offer instead.

The tree is changed and written out again by libpg_query, so names, types and expressions stay what they were; comments
and line breaks are lost. What has an option that no case below knows is left alone: None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.sql.expressions import name_of
from pgops.sql.libpg_query import pb, postgast

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONSTRAINTS = {pb.CONSTR_CHECK, pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY, pb.CONSTR_FOREIGN}
_KEYED = {pb.CONSTR_UNIQUE, pb.CONSTR_PRIMARY, pb.CONSTR_NOTNULL}
_MAY_BE_LATE = {pb.CONSTR_CHECK, pb.CONSTR_FOREIGN, pb.CONSTR_NOTNULL}
_ATTRIBUTES = {
    pb.CONSTR_ATTR_DEFERRABLE: ("deferrable", True),
    pb.CONSTR_ATTR_NOT_DEFERRABLE: ("deferrable", False),
    pb.CONSTR_ATTR_DEFERRED: ("initdeferred", True),
    pb.CONSTR_ATTR_IMMEDIATE: ("initdeferred", False),
}


@attrs.frozen
class Apart:
    """ADD COLUMN without its constraints, with all other actions of the statement; and each constraint by itself."""

    column: str
    constraints: tuple[str, ...]
    """In the order in which they stood: ADD CONSTRAINT, NOT VALID where there is such a thing."""


def apart(sql: str, column: str, names: Sequence[str], *, not_null_too: bool = False) -> Apart | None:
    """The ALTER TABLE in `sql` without the constraints of the new `column`, which get `names` and statements of their
    own.

    >>> both = apart("ALTER TABLE orders ADD day date CHECK (day > '2000-01-01')", "day", ["orders_day_check"])
    >>> print(both.column)
    ALTER TABLE orders ADD COLUMN day date
    >>> print(both.constraints[0])
    ALTER TABLE orders ADD CONSTRAINT orders_day_check CHECK (day > '2000-01-01') NOT VALID
    """
    tree = _tree(sql)
    if tree is None or tree.stmts[0].stmt.WhichOneof("node") != "alter_table_stmt":
        return None
    commands = [each.alter_table_cmd for each in tree.stmts[0].stmt.alter_table_stmt.cmds]
    adding = [each for each in commands if each.subtype == pb.AT_AddColumn and _definition(each).colname == column]
    if len(adding) != 1:
        return None
    definition = _definition(adding[0])
    taken = _constraints_taken(definition, not_null_too=not_null_too)
    if taken is None or len(taken) != len(names):
        return None
    statements = []
    for constraint, name in zip(taken, names, strict=True):
        constraint.conname = name
        if constraint.contype == pb.CONSTR_FOREIGN:
            constraint.fk_attrs.add().string.sval = column
        if constraint.contype in _MAY_BE_LATE:
            constraint.skip_validation = True
            constraint.initially_valid = False
        if constraint.contype in _KEYED:
            constraint.keys.add().string.sval = column
        statements.append(_alone(tree, constraint))
    return Apart(postgast.deparse(tree), tuple(statements))


def attached(sql: str) -> tuple[str, str] | None:
    """CREATE TABLE ... PARTITION OF in `sql` as CREATE TABLE (LIKE the parent) and ATTACH PARTITION.

    >>> for each in attached("CREATE TABLE m_2027 PARTITION OF m FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"):
    ...     print(each)
    CREATE TABLE m_2027 (LIKE m INCLUDING ALL EXCLUDING IDENTITY)
    ALTER TABLE m ATTACH PARTITION m_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')
    """
    tree = _tree(sql)
    if tree is None or tree.stmts[0].stmt.WhichOneof("node") != "create_stmt":
        return None
    node = tree.stmts[0].stmt.create_stmt
    has_own = node.table_elts or node.options or node.tablespacename or node.access_method or node.if_not_exists
    if has_own or node.HasField("partspec") or not node.HasField("partbound") or node.relation.relpersistence != "p":
        return None
    parent = node.inh_relations[0].range_var
    attach = pb.ParseResult()
    alter = attach.stmts.add().stmt.alter_table_stmt
    alter.relation.CopyFrom(parent)
    alter.relation.inh = True
    alter.objtype = pb.OBJECT_TABLE
    command = alter.cmds.add().alter_table_cmd
    command.subtype = pb.AT_AttachPartition
    command.behavior = pb.DROP_RESTRICT
    partition = getattr(command, "def").partition_cmd
    partition.name.CopyFrom(node.relation)
    partition.bound.CopyFrom(node.partbound)
    like = f"CREATE TABLE {name_of(node.relation)} (LIKE {name_of(parent)} INCLUDING ALL EXCLUDING IDENTITY)"
    return like, str(postgast.deparse(attach))


def _tree(sql: str) -> Any | None:
    try:
        tree = postgast.parse(sql)
    except postgast.PgQueryError:
        return None
    return tree if len(tree.stmts) == 1 else None


def _definition(command: Any) -> Any:
    return getattr(command, "def").column_def


def _constraints_taken(definition: Any, *, not_null_too: bool) -> list[Any] | None:
    """The constraints of a column, which has them no longer; None where one is more than its words here."""
    kept: list[Any] = []
    taken: list[Any] = []
    latest = None
    for each in list(definition.constraints):
        constraint = each.constraint
        if constraint.contype in _CONSTRAINTS or (not_null_too and constraint.contype == pb.CONSTR_NOTNULL):
            if constraint.nulls_not_distinct or constraint.options or constraint.indexspace:
                return None
            latest = pb.Constraint()
            latest.CopyFrom(constraint)
            taken.append(latest)
        elif constraint.contype in _ATTRIBUTES and latest is not None:
            field, value = _ATTRIBUTES[constraint.contype]
            setattr(latest, field, value)
        elif pb.ConstrType.Name(constraint.contype).startswith("CONSTR_ATTR_"):
            return None
        else:
            kept.append(each)
    copies = []
    for each in kept:
        copy = pb.Node()
        copy.CopyFrom(each)
        copies.append(copy)
    definition.ClearField("constraints")
    definition.constraints.extend(copies)
    return taken


def _alone(tree: Any, constraint: Any) -> str:
    """The ALTER TABLE of `tree` with nothing to do but to add the constraint."""
    alone = pb.ParseResult()
    alone.CopyFrom(tree)
    statement = alone.stmts[0].stmt.alter_table_stmt
    statement.ClearField("cmds")
    command = statement.cmds.add().alter_table_cmd
    command.subtype = pb.AT_AddConstraint
    command.behavior = pb.DROP_RESTRICT
    getattr(command, "def").constraint.CopyFrom(constraint)
    return str(postgast.deparse(alone))
