"""Names, types and expressions of the parser's tree, as far as they decide what a statement does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.sql.libpg_query import pb
from pgops.sql.statements import Expression, Name, TypeName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What the grammar writes without a call's parentheses: CURRENT_TIMESTAMP and its like are stable, as now() is.
_NOW = "now"


def name_of(relation: Any) -> Name:
    """Of a RangeVar."""
    return Name(relation.relname, relation.schemaname or None)


def names_in(nodes: Iterable[Any]) -> tuple[str, ...]:
    """The texts of a list of String nodes."""
    return tuple(each.string.sval for each in nodes if each.WhichOneof("node") == "string")


def dotted(nodes: Iterable[Any]) -> Name:
    """A qualified name from its parts; a database in front is dropped, as PostgreSQL knows no other than its own."""
    parts = names_in(nodes)
    return Name(parts[-1], parts[-2] if len(parts) > 1 else None) if parts else Name("")


def type_of(node: Any) -> TypeName:
    """Of a TypeName node. PostgreSQL's own words have become internal names: `integer` is int4, of no schema."""
    name = dotted(node.names)
    return TypeName(
        name.name,
        None if name.schema == "pg_catalog" else name.schema,
        tuple(each.a_const.ival.ival for each in node.typmods if each.a_const.WhichOneof("val") == "ival"),
        bool(node.array_bounds),
    )


def expression_of(node: Any) -> Expression:
    """Of any node that may stand where an expression may."""
    inner, cast = node, None
    while inner.WhichOneof("node") == "type_cast":
        cast = cast or type_of(inner.type_cast.type_name)  # the outermost decides the result
        inner = inner.type_cast.arg
    kind = inner.WhichOneof("node")
    if kind == "a_const":
        return Expression(is_constant=True, is_null=inner.a_const.isnull, cast_to=cast)
    if kind == "column_ref":
        column = _column(inner.column_ref)
        return Expression(columns=(column,), cast_of=column, cast_to=cast)
    functions: list[Name] = []
    columns: list[str] = []
    not_nulls: list[str] = []
    subquery = False
    constant = True
    for message in descendants(inner):
        kind_of = type(message)
        if kind_of is pb.FuncCall:
            functions.append(dotted(message.funcname))
        elif kind_of is pb.SQLValueFunction:
            functions.append(Name(_NOW))
        elif kind_of is pb.ColumnRef:
            columns.append(_column(message))
        elif kind_of is pb.SubLink:
            subquery = True
        elif kind_of is pb.NullTest and message.nulltesttype == pb.IS_NOT_NULL:
            not_nulls += [_column(each) for each in descendants(message) if type(each) is pb.ColumnRef]
        constant = constant and kind_of in _CONSTANTS
    return Expression(
        functions=tuple(functions),
        columns=tuple(dict.fromkeys(columns)),
        is_constant=constant,
        cast_to=cast,
        proves_not_null=tuple(_not_null_by(inner)),
        not_nulls=tuple(dict.fromkeys(not_nulls)),
        has_subquery=subquery,
    )


def _not_null_by(node: Any, *, negated: bool = False) -> Iterator[str]:
    """The columns of which the condition, or its opposite, says IS NOT NULL, alone or with AND."""
    match node.WhichOneof("node"):
        case "null_test" if (node.null_test.nulltesttype == pb.IS_NOT_NULL) is not negated:
            tested = node.null_test.arg
            if tested.WhichOneof("node") == "column_ref":
                yield _column(tested.column_ref)
        case "bool_expr" if node.bool_expr.boolop == pb.NOT_EXPR:
            yield from _not_null_by(node.bool_expr.args[0], negated=not negated)
        case "bool_expr" if node.bool_expr.boolop == (pb.OR_EXPR if negated else pb.AND_EXPR):
            for each in node.bool_expr.args:
                yield from _not_null_by(each, negated=negated)


def descendants(message: Any) -> Iterator[Any]:
    """The message and every message in it; wrappers (Node) and what is a plain value or a type are left out."""
    waiting = [message]
    while waiting:
        each = waiting.pop()
        if type(each) is pb.Node:
            which = each.WhichOneof("node")
            if which not in _PLAIN:
                waiting.append(getattr(each, which))
            continue
        yield each
        for field, value in each.ListFields():
            if field.message_type is not None:
                if field.is_repeated:
                    waiting.extend(value)
                else:
                    waiting.append(value)


@attrs.frozen
class Read:
    """What a query reads and calls."""

    relations: tuple[Name, ...]
    """Names of WITH queries left out."""
    functions: tuple[Name, ...]
    changes: tuple[Any, ...] = ()
    """The nodes of INSERT, UPDATE, DELETE and MERGE below it: of WITH, of EXPLAIN."""


def read_in(message: Any) -> Read:
    """Everything of the kind, anywhere below."""
    relations: dict[Name, None] = {}
    functions: dict[Name, None] = {}
    own: set[str] = set()
    changes: list[Any] = []
    for each in descendants(message):
        kind = type(each)
        if kind in _CHANGES and each is not message:
            changes.append(each)
        elif kind is pb.RangeVar:
            relations[name_of(each)] = None
        elif kind is pb.FuncCall:
            functions[dotted(each.funcname)] = None
        elif kind is pb.CommonTableExpr:
            own.add(each.ctename)
    read = tuple(name for name in relations if name.schema is not None or name.name not in own)
    return Read(read, tuple(functions), tuple(changes))


def equalities_in(node: Any) -> tuple[str, ...]:
    """The columns that a condition holds equal to a constant, whatever else it asks."""
    found: list[str] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        match each.WhichOneof("node"):
            case "bool_expr" if each.bool_expr.boolop == pb.AND_EXPR:
                waiting += each.bool_expr.args
            case "a_expr" if each.a_expr.kind == pb.AEXPR_OP and names_in(each.a_expr.name) == ("=",):
                one, other = expression_of(each.a_expr.lexpr), expression_of(each.a_expr.rexpr)
                if one.cast_of is not None and other.is_constant:
                    found.append(one.cast_of)
    return tuple(found)


def _column(reference: Any) -> str:
    parts = names_in(reference.fields)
    return parts[-1] if parts else "*"


_PLAIN = {None, "a_const", "string", "integer", "float", "boolean", "bit_string", "a_star", "type_name"}
_CHANGES = {pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt}
_CONSTANTS = {pb.A_Const, pb.TypeCast, pb.TypeName, pb.A_ArrayExpr, pb.RowExpr, pb.List}
