"""Names, types and expressions of the parser's tree, as far as they decide what a statement does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.migrations.sql.statements import Expression, Name, TypeName

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
    not_null = None
    if kind == "null_test" and inner.null_test.nulltesttype == _IS_NOT_NULL:
        tested = inner.null_test.arg
        not_null = _column(tested.column_ref) if tested.WhichOneof("node") == "column_ref" else None
    functions: list[Name] = []
    columns: list[str] = []
    subquery = False
    constant = True
    for message in descendants(inner):
        match message.DESCRIPTOR.name:
            case "FuncCall":
                functions.append(dotted(message.funcname))
            case "SQLValueFunction":
                functions.append(Name(_NOW))
            case "ColumnRef":
                columns.append(_column(message))
            case "SubLink":
                subquery = True
        constant = constant and message.DESCRIPTOR.name in _CONSTANTS
    return Expression(
        functions=tuple(functions),
        columns=tuple(dict.fromkeys(columns)),
        is_constant=constant,
        cast_to=cast,
        not_null_of=not_null,
        has_subquery=subquery,
    )


def descendants(message: Any) -> Iterator[Any]:
    """The message and every message in it, Node wrappers left out."""
    waiting = [message]
    while waiting:
        each = waiting.pop()
        if each.DESCRIPTOR.name == "Node":
            which = each.WhichOneof("node")
            if which is not None:
                waiting.append(getattr(each, which))
            continue
        yield each
        for field, value in each.ListFields():
            if field.message_type is not None:
                waiting.extend(value if field.is_repeated else (value,))


def relations_in(message: Any) -> tuple[Name, ...]:
    """Every relation that is read anywhere below, names of WITH queries left out."""
    relations: list[Name] = []
    own: set[str] = set()
    for each in descendants(message):
        if each.DESCRIPTOR.name == "RangeVar":
            relations.append(name_of(each))
        elif each.DESCRIPTOR.name == "CommonTableExpr":
            own.add(each.ctename)
    return tuple(dict.fromkeys(name for name in relations if name.schema is not None or name.name not in own))


def functions_in(message: Any) -> tuple[Name, ...]:
    """Every function that is called anywhere below."""
    calls = (dotted(each.funcname) for each in descendants(message) if each.DESCRIPTOR.name == "FuncCall")
    return tuple(dict.fromkeys(calls))


def texts_in(message: Any) -> tuple[str, ...]:
    """Every string literal below."""
    constants = (each for each in descendants(message) if each.DESCRIPTOR.name == "A_Const")
    return tuple(dict.fromkeys(each.sval.sval for each in constants if each.WhichOneof("val") == "sval"))


def _column(reference: Any) -> str:
    parts = names_in(reference.fields)
    return parts[-1] if parts else "*"


_IS_NOT_NULL = 2
_CONSTANTS = {
    "A_Const",
    "TypeCast",
    "TypeName",
    "String",
    "Integer",
    "Float",
    "A_ArrayExpr",
    "RowExpr",
    "List",
    "Boolean",
}
