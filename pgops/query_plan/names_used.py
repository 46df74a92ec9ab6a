"""Every name in a statement that something may run by: functions, operators, types, relations, and what it writes.

From the text alone, with PostgreSQL's grammar. What a name means is for the database to say: see `resolution`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.sql.expressions import name_of, names_in
from pgops.sql.libpg_query import pb
from pgops.sql.parts import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@attrs.frozen
class Call:
    """A function by its name as it was called."""

    name: Name
    arguments: int | None = None
    """How many; None: any number."""
    named: bool = False
    """Whether arguments are given by name."""
    must_be: bool = True
    """False where the name may as well be a keyword of the grammar."""
    text: str | None = None
    """The first argument where it is a string: the sequence of nextval."""


@attrs.define
class Names:
    """What was found; each in the order of the text, once."""

    calls: dict[Call, None] = attrs.field(factory=dict)
    attributes: dict[str, None] = attrs.field(factory=dict)
    """`x.f` may be a column, or a call of f(x)."""
    operators: dict[Name, None] = attrs.field(factory=dict)
    types: dict[Name, None] = attrs.field(factory=dict)
    casts: dict[Name, None] = attrs.field(factory=dict)
    """Of the types: those that something is cast to which has a type already. A literal is read as the type it gets."""
    relations: dict[Name, None] = attrs.field(factory=dict)
    """Names of WITH queries left out, where these are seen."""
    targets: dict[tuple[Name, str], None] = attrs.field(factory=dict)
    """What is written: a relation and `insert`, `update` or `delete`."""
    refused: dict[str, None] = attrs.field(factory=dict)
    """What it does beyond reading, in words."""


_READS = {"select_stmt"}
_WRITES = {"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"}
_HAS_PLAN = {
    **dict.fromkeys(_READS | _WRITES, ""),
    "create_table_as_stmt": "it makes a table",
    "declare_cursor_stmt": "it opens a cursor",
}
_REFUSED = {"execute_stmt": "it runs a prepared statement, whose text is not to be seen here"}
"""EXPLAIN takes it, in the session that prepared it."""


def has_plan(statement: Any) -> bool:
    """Whether a statement of that kind can be explained in another session than the caller's (manual, EXPLAIN)."""
    return statement.WhichOneof("node") in _HAS_PLAN


def names_used(statement: Any) -> Names:
    """Of one statement: a Node of the parser's tree."""
    names = Names()
    kind = statement.WhichOneof("node")
    if kind not in _HAS_PLAN:
        if kind in _REFUSED:
            names.refused[_REFUSED[kind]] = None
            return names
        words = kind.removesuffix("_stmt").replace("_", " ").upper()
        names.refused[f"it is {words}, not a SELECT"] = None
        return names
    if _HAS_PLAN[kind]:
        names.refused[_HAS_PLAN[kind]] = None
    waiting: list[tuple[Any, frozenset[str]]] = [(getattr(statement, kind), frozenset())]
    while waiting:
        message, seen = waiting.pop()
        if type(message) is pb.Node:
            which = message.WhichOneof("node")
            if which is not None:
                waiting.append((getattr(message, which), seen))
            continue
        within = _with_queries(message, seen, waiting)
        take = _TAKERS.get(type(message).__name__)
        if take is not None:
            take(message, names, within)
        for field, value in message.ListFields():
            if field.message_type is None or (type(message), field.name) in _NO_NAMES:
                continue
            waiting += [(each, within) for each in (value if field.is_repeated else (value,))]
    return names


def _with_queries(message: Any, seen: frozenset[str], waiting: list[tuple[Any, frozenset[str]]]) -> frozenset[str]:
    """The names of WITH queries that are seen in the rest of the statement; the queries themselves wait to be read."""
    if type(message) not in _MAY_HAVE_WITH or not message.HasField("with_clause"):
        return seen
    clause = message.with_clause
    queries = [each.common_table_expr for each in clause.ctes]
    names = frozenset(each.ctename for each in queries)
    before = seen
    for each in queries:
        # Without RECURSIVE a query sees only those in front of it, and its own name is a table's.
        waiting.append((each, seen | names if clause.recursive else before))
        before |= {each.ctename}
    return seen | names


_MAY_HAVE_WITH = {pb.SelectStmt, pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt}
_NO_NAMES = {
    *((kind, "with_clause") for kind in _MAY_HAVE_WITH),  # read on their own
    (pb.LockingClause, "locked_rels"),  # aliases
    (pb.IntoClause, "rel"),  # to be made
    (pb.InsertStmt, "relation"),
    (pb.UpdateStmt, "relation"),
    (pb.DeleteStmt, "relation"),
    (pb.MergeStmt, "relation"),
}


def _relation(message: Any, names: Names, within: frozenset[str]) -> None:
    name = name_of(message)
    if name.schema is not None or name.name not in within:
        names.relations[name] = None


def _call(message: Any, names: Names, _within: frozenset[str]) -> None:
    arguments = len(message.args) + (len(message.agg_order) if message.agg_within_group else 0)
    named = any(each.WhichOneof("node") == "named_arg_expr" for each in message.args)
    text = None
    if message.args:
        first = message.args[0]
        while first.WhichOneof("node") == "type_cast":
            first = first.type_cast.arg
        if first.WhichOneof("node") == "a_const" and first.a_const.WhichOneof("val") == "sval":
            text = first.a_const.sval.sval
    names.calls[Call(_dotted(message.funcname), arguments, named, text=text)] = None


def _sample(message: Any, names: Names, _within: frozenset[str]) -> None:
    names.calls[Call(_dotted(message.method), 1)] = None


def _type(message: Any, names: Names, _within: frozenset[str]) -> None:
    if message.names:
        names.types[_dotted(message.names)] = None


def _cast(message: Any, names: Names, _within: frozenset[str]) -> None:
    if not _is_text(message.arg) and message.type_name.names:
        names.casts[_dotted(message.type_name.names)] = None


def _json_type(message: Any, names: Names, _within: frozenset[str]) -> None:
    if message.HasField("type_name") and message.type_name.names:
        names.casts[_dotted(message.type_name.names)] = None


def _is_text(node: Any) -> bool:
    """A string as it stands, or NULL."""
    return node.WhichOneof("node") == "a_const" and bool(node.a_const.isnull or node.a_const.HasField("sval"))


def _column(message: Any, names: Names, _within: frozenset[str]) -> None:
    parts = list(_strings(message.fields))
    if len(message.fields) > 1 and len(parts) == len(message.fields):
        names.attributes[parts[-1]] = None


def _indirection(message: Any, names: Names, _within: frozenset[str]) -> None:
    names.attributes |= dict.fromkeys(_strings(message.indirection))


_KEYWORD_OPERATORS = {
    pb.AEXPR_BETWEEN: (">=", "<="),
    pb.AEXPR_NOT_BETWEEN: ("<", ">"),
    pb.AEXPR_BETWEEN_SYM: (">=", "<="),
    pb.AEXPR_NOT_BETWEEN_SYM: ("<", ">"),
}


def _expression(message: Any, names: Names, _within: frozenset[str]) -> None:
    written = _KEYWORD_OPERATORS.get(message.kind)
    names.operators |= dict.fromkeys(map(Name, written)) if written else {_dotted(message.name): None}


def _sublink(message: Any, names: Names, _within: frozenset[str]) -> None:
    if message.HasField("testexpr"):
        names.operators[_dotted(message.oper_name) if message.oper_name else Name("=")] = None


def _case(message: Any, names: Names, _within: frozenset[str]) -> None:
    if message.HasField("arg"):
        names.operators[Name("=")] = None


def _join(message: Any, names: Names, _within: frozenset[str]) -> None:
    if message.is_natural or message.using_clause:
        names.operators[Name("=")] = None


def _sort(message: Any, names: Names, _within: frozenset[str]) -> None:
    if message.use_op:
        names.operators[_dotted(message.use_op)] = None


def _locking(_message: Any, names: Names, _within: frozenset[str]) -> None:
    names.refused["it locks rows (FOR UPDATE or FOR SHARE)"] = None


def _into(_message: Any, names: Names, _within: frozenset[str]) -> None:
    names.refused["it makes a table"] = None


def _write(message: Any, names: Names, _within: frozenset[str]) -> None:
    target = name_of(message.relation)
    kind = type(message).__name__.removesuffix("Stmt").lower()
    commands = {kind}
    if kind == "insert" and message.HasField("on_conflict_clause"):
        if message.on_conflict_clause.action == pb.ONCONFLICT_UPDATE:
            commands.add("update")
    elif kind == "merge":
        whens = (each.merge_when_clause.command_type for each in message.merge_when_clauses)
        commands = {_MERGED[each] for each in whens if each in _MERGED}
    names.relations[target] = None
    for command in sorted(commands):
        names.targets[target, command] = None
        names.refused[f"it {_DOES[command]} {target}"] = None


_MERGED = {pb.CMD_INSERT: "insert", pb.CMD_UPDATE: "update", pb.CMD_DELETE: "delete"}
_DOES = {"insert": "inserts into", "update": "updates", "delete": "deletes from"}

# A server of 14 to 16 reads some of these as calls of functions that anybody may have made.
_KEYWORD_CALLS = {
    "JsonFuncExpr": ("json_value", "json_query", "json_exists"),
    "JsonTable": ("json_table",),
    "JsonParseExpr": ("json",),
    "JsonScalarExpr": ("json_scalar",),
    "JsonSerializeExpr": ("json_serialize",),
    "JsonObjectConstructor": ("json_object",),
    "JsonArrayConstructor": ("json_array",),
    "JsonArrayQueryConstructor": ("json_array",),
    "JsonObjectAgg": ("json_objectagg",),
    "JsonArrayAgg": ("json_arrayagg",),
    "MergeSupportFunc": ("merge_action",),
}


def _keyword_call(message: Any, names: Names, _within: frozenset[str]) -> None:
    words = _KEYWORD_CALLS[type(message).__name__]
    names.calls |= {Call(Name(word), must_be=False): None for word in words}


_TAKERS = {
    "RangeVar": _relation,
    "FuncCall": _call,
    "RangeTableSample": _sample,
    "TypeName": _type,
    "TypeCast": _cast,
    "JsonOutput": _json_type,
    "JsonTableColumn": _json_type,
    "ColumnRef": _column,
    "A_Indirection": _indirection,
    "A_Expr": _expression,
    "SubLink": _sublink,
    "CaseExpr": _case,
    "JoinExpr": _join,
    "SortBy": _sort,
    "LockingClause": _locking,
    "IntoClause": _into,
    "InsertStmt": _write,
    "UpdateStmt": _write,
    "DeleteStmt": _write,
    "MergeStmt": _write,
    **dict.fromkeys(_KEYWORD_CALLS, _keyword_call),
}


def _strings(nodes: Iterable[Any]) -> Iterator[str]:
    return iter(names_in(nodes))


def _dotted(nodes: Iterable[Any]) -> Name:
    parts = names_in(nodes)
    return Name(parts[-1], parts[-2] if len(parts) > 1 else None)
