"""CREATE TABLE and ALTER TABLE of the parser's tree, with their columns and constraints."""

from __future__ import annotations

from typing import Any

import attrs

from pgops.sql import statements as s
from pgops.sql.expressions import dotted, expression_of, name_of, names_in, read_in, type_of
from pgops.sql.libpg_query import pb
from pgops.sql.objects import kind_of
from pgops.sql.statements import ConstraintKind

_SERIALS = {"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"}


def create_table(node: Any, *, is_foreign: bool = False) -> s.Meaning:
    columns: list[s.Column] = []
    constraints: list[s.Constraint] = []
    for element in node.table_elts:
        match element.WhichOneof("node"):
            case "column_def":
                columns.append(_column(element.column_def))
            case "constraint":
                constraints.append(constraint_of(element.constraint))
    inherits = tuple(name_of(each.range_var) for each in node.inh_relations)
    is_partition = node.HasField("partbound")
    return s.CreateTable(
        table=name_of(node.relation),
        columns=tuple(columns),
        constraints=tuple(constraints),
        partition_of=inherits[0] if is_partition and inherits else None,
        is_default_partition=is_partition and node.partbound.is_default,
        is_partitioned=node.HasField("partspec"),
        inherits=() if is_partition else inherits,
        if_not_exists=node.if_not_exists,
        is_temporary=node.relation.relpersistence == "t",
        is_unlogged=node.relation.relpersistence == "u",
        is_foreign=is_foreign,
    )


def create_table_as(node: Any) -> s.Meaning:
    if node.objtype == pb.OBJECT_MATVIEW:
        return s.CreateView(
            view=name_of(node.into.rel),
            materialized=True,
            if_not_exists=node.if_not_exists,
            reads=read_in(node.query).relations,
        )
    return s.CreateTable(
        table=name_of(node.into.rel),
        if_not_exists=node.if_not_exists,
        is_temporary=node.into.rel.relpersistence == "t",
        is_unlogged=node.into.rel.relpersistence == "u",
        as_query=True,
    )


def _column(node: Any) -> s.Column:
    default = None
    not_null = identity = False
    generated = None
    constraints: list[s.Constraint] = []
    for each in node.constraints:
        constraint = each.constraint
        match pb.ConstrType.Name(constraint.contype):
            case "CONSTR_NOTNULL":
                not_null = True
            case "CONSTR_DEFAULT":
                default = expression_of(constraint.raw_expr)
            case "CONSTR_IDENTITY":
                identity = not_null = True
            case "CONSTR_GENERATED":
                generated = "virtual" if constraint.generated_kind == "v" else "stored"
                default = expression_of(constraint.raw_expr)
            case "CONSTR_CHECK" | "CONSTR_UNIQUE" | "CONSTR_PRIMARY" | "CONSTR_FOREIGN":
                constraints.append(constraint_of(constraint, column=node.colname))
            # Beside a column, what is said of a constraint stands behind it as a node of its own.
            case "CONSTR_ATTR_DEFERRABLE" if constraints:
                constraints[-1] = attrs.evolve(constraints[-1], deferrable=True)
            case "CONSTR_ATTR_NOT_ENFORCED" if constraints:
                constraints[-1] = attrs.evolve(constraints[-1], is_enforced=False)
    kind = type_of(node.type_name) if node.HasField("type_name") else s.TypeName("")
    return s.Column(
        name=node.colname,
        type=kind,
        default=default,
        not_null=not_null or any(each.kind is ConstraintKind.PRIMARY_KEY for each in constraints),
        identity=identity,
        generated=generated,
        collation=dotted(node.coll_clause.collname) if node.HasField("coll_clause") else None,
        constraints=tuple(constraints),
        is_serial=kind.name in _SERIALS and kind.schema is None,
    )


CONSTRAINT_KINDS = {
    pb.CONSTR_NOTNULL: ConstraintKind.NOT_NULL,
    pb.CONSTR_CHECK: ConstraintKind.CHECK,
    pb.CONSTR_PRIMARY: ConstraintKind.PRIMARY_KEY,
    pb.CONSTR_UNIQUE: ConstraintKind.UNIQUE,
    pb.CONSTR_EXCLUSION: ConstraintKind.EXCLUDE,
    pb.CONSTR_FOREIGN: ConstraintKind.FOREIGN_KEY,
}


def constraint_of(node: Any, *, column: str | None = None) -> s.Constraint:
    kind = CONSTRAINT_KINDS[node.contype]
    is_key = kind is ConstraintKind.FOREIGN_KEY
    columns = names_in(node.fk_attrs if is_key else node.keys)
    expression = expression_of(node.raw_expr) if node.HasField("raw_expr") else None
    return s.Constraint(
        kind=kind,
        name=node.conname or None,
        columns=columns if columns or column is None else (column,),
        references=name_of(node.pktable) if is_key else None,
        referenced_columns=names_in(node.pk_attrs),
        expression=expression,
        not_valid=node.skip_validation,
        is_enforced=node.is_enforced or kind not in (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY),
        using_index=node.indexname or None,
        deferrable=node.deferrable,
        no_inherit=node.is_no_inherit,
        on_delete=node.fk_del_action or "a",
    )


def alter_table(node: Any) -> s.Meaning:
    kind = kind_of(node.objtype)
    if node.objtype == pb.OBJECT_TYPE:  # of a composite type
        return s.Other(what="alter composite type")
    return s.AlterTable(
        table=name_of(node.relation),
        actions=tuple(_action(each.alter_table_cmd) for each in node.cmds),
        kind=kind,
        only=not node.relation.inh,
        if_exists=node.missing_ok,
    )


def _action(node: Any) -> s.Action:
    definition = getattr(node, "def")
    cascade = node.behavior == pb.DROP_CASCADE
    match pb.AlterTableType.Name(node.subtype).removeprefix("AT_"):
        case "AddColumn":
            return s.AddColumn(column=_column(definition.column_def), if_not_exists=node.missing_ok)
        case "DropColumn":
            return s.DropColumn(column=node.name, cascade=cascade, if_exists=node.missing_ok)
        case "AlterColumnType":
            column = definition.column_def
            return s.AlterType(
                column=node.name,
                type=type_of(column.type_name),
                using=expression_of(column.raw_default) if column.HasField("raw_default") else None,
                collation=dotted(column.coll_clause.collname) if column.HasField("coll_clause") else None,
            )
        case "ColumnDefault":
            given = node.HasField("def")
            return s.SetDefault(column=node.name, default=expression_of(definition) if given else None)
        case "SetNotNull":
            return s.SetNotNull(column=node.name)
        case "DropNotNull":
            return s.DropNotNull(column=node.name)
        case "SetExpression":
            return s.SetExpression(column=node.name)
        case "AddConstraint":
            return s.AddConstraint(constraint=constraint_of(definition.constraint))
        case "ValidateConstraint":
            return s.ValidateConstraint(name=node.name)
        case "DropConstraint":
            return s.DropConstraint(name=node.name, cascade=cascade, if_exists=node.missing_ok)
        case "AttachPartition":
            command = definition.partition_cmd
            return s.AttachPartition(partition=name_of(command.name), is_default=command.bound.is_default)
        case "DetachPartition":
            command = definition.partition_cmd
            return s.DetachPartition(partition=name_of(command.name), concurrently=command.concurrent)
        case "DetachPartitionFinalize":
            return s.DetachPartition(partition=name_of(definition.partition_cmd.name), finalize=True)
        case "AlterConstraint":
            altered = definition.atalter_constraint
            word = "enforced" if altered.is_enforced else "not enforced"
            return s.OtherAction(
                action="AlterConstraint",
                name=altered.conname or None,
                options=(word,) if altered.alter_enforceability else (),
            )
        case other:
            options = (
                tuple(each.def_elem.defname for each in definition.list.items if each.HasField("def_elem"))
                if definition.WhichOneof("node") == "list"
                else ()
            )
            relation = name_of(definition.range_var) if definition.WhichOneof("node") == "range_var" else None
            return s.OtherAction(action=other, name=node.name or None, options=options, relation=relation)
