"""INSERT, UPDATE, DELETE, MERGE, SELECT, COPY, and what is said to the session, of the parser's tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.sql import statements as s
from pgops.sql.expressions import Read, equalities_in, name_of, read_in
from pgops.sql.libpg_query import pb
from pgops.sql.objects import is_on

if TYPE_CHECKING:
    from collections.abc import Callable


def _change(verb: str) -> Callable[[Any], s.Change]:
    def change(node: Any) -> s.Change:
        has_where = verb in {"update", "delete"} and node.HasField("where_clause")
        targets = node.target_list if verb == "update" else node.cols if verb == "insert" else ()
        values = verb == "insert" and bool(node.select_stmt.select_stmt.values_lists)
        table, read = name_of(node.relation), read_in(node)
        return s.Change(
            verb=verb,
            table=table,
            has_where=has_where,
            equals=equalities_in(node.where_clause) if has_where else (),
            from_constants=values,
            reads=tuple(name for name in read.relations if name != table),
            columns=tuple(each.res_target.name for each in targets),
            is_plain=verb == "update" and _is_plain_update(node),
            changes=_changes(read),
        )

    return change


CHANGE = {
    pb.InsertStmt: _change("insert"),
    pb.UpdateStmt: _change("update"),
    pb.DeleteStmt: _change("delete"),
    pb.MergeStmt: _change("merge"),
}


def _changes(read: Read) -> tuple[s.Change, ...]:
    return tuple(CHANGE[type(each)](each) for each in read.changes)


def _is_plain_update(node: Any) -> bool:
    more = node.from_clause or node.HasField("with_clause") or node.where_clause.WhichOneof("node") == "current_of_expr"
    # RETURNING is a list, and since 18 a clause.
    return not more and not any(field.name.startswith("returning") for field, _ in node.ListFields())


def select(node: Any) -> s.Meaning:
    if node.HasField("into_clause"):
        made = node.into_clause.rel
        return s.CreateTable(table=name_of(made), is_temporary=made.relpersistence == "t", as_query=True)
    read = read_in(node)
    if read.functions and read.functions[0].name == "set_config" and (setting := _set_config(node)) is not None:
        return setting
    return s.Select(
        reads=read.relations,
        functions=read.functions,
        locks_rows=bool(node.locking_clause),
        changes=_changes(read),
    )


def _set_config(node: Any) -> s.SetVariable | None:
    """SELECT set_config('lock_timeout', '2s', false), where it is that and no more."""
    if len(node.target_list) != 1 or node.from_clause or node.HasField("where_clause"):
        return None
    value = node.target_list[0].res_target.val
    arguments = [each.a_const for each in value.func_call.args if each.WhichOneof("node") == "a_const"]
    if [each.WhichOneof("val") for each in arguments] not in (["sval", "sval", "boolval"], ["sval", None, "boolval"]):
        return None
    name, setting, is_local = arguments
    return s.SetVariable(
        name=name.sval.sval.lower(),
        value=None if setting.isnull else setting.sval.sval,
        is_local=is_local.boolval.boolval,
    )


def explain(node: Any) -> s.Meaning:
    read = read_in(node)
    runs = any(each.def_elem.defname == "analyze" and is_on(each.def_elem) for each in node.options)
    return s.Select(reads=read.relations, functions=read.functions, changes=_changes(read) if runs else ())


def copy(node: Any) -> s.Meaning:
    return s.Copy(
        table=name_of(node.relation) if node.HasField("relation") else None,
        is_from=node.is_from,
        from_stdin=node.is_from and not node.filename,
        with_client=not node.filename,
    )


def transaction(node: Any) -> s.Meaning:
    word = pb.TransactionStmtKind.Name(node.kind).removeprefix("TRANS_STMT_").lower()
    return s.TransactionControl(verb="begin" if word == "start" else word.replace("_", " "), chain=node.chain)


def set_variable(node: Any) -> s.Meaning:
    value = ", ".join(_setting(each.a_const) for each in node.args) if node.args else None
    return s.SetVariable(name=node.name.lower(), value=value, is_local=node.is_local)


def _setting(constant: Any) -> str:
    match constant.WhichOneof("val"):
        case "sval":
            return str(constant.sval.sval)
        case "ival":
            return str(constant.ival.ival)
        case "fval":
            return str(constant.fval.fval)
        case "boolval":
            return "on" if constant.boolval.boolval else "off"
        case _:
            return ""
