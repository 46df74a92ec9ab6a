"""The statements in the body of a DO, where it holds no more than can be read from outside.

PL/pgSQL is read with PostgreSQL's own parser, too. Plain statements, EXECUTE of a constant text, PERFORM, RAISE, and IF
and blocks around them say what is carried out at most; a loop, a variable that becomes SQL, or another language do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.sql.parsing import PgQueryError, parsed, parsed_body
from pgops.sql.statements import BlockStatement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.sql.statements import Meaning


def statements_inside(
    language: str, body: str, meaning_of: Callable[[Any], Meaning]
) -> tuple[BlockStatement, ...] | None:
    """What the body carries out at most, in order; None where that can't be said."""
    if language != "plpgsql":
        return None
    try:
        function = parsed_body(body)
        found = [each for datum in function["datums"] for each in _defaults(datum)]
        found += _inside(function["action"], always=True)
        return tuple(
            BlockStatement(text=text, meaning=meaning_of(statement.stmt), line=line, always=always)
            for text, line, always in found
            for statement in _statements(text)
        )
    except (_UnreadableError, PgQueryError, KeyError, RecursionError):
        return None


def _statements(text: str) -> Any:
    return parsed(text.encode("utf-8", "replace")).stmts


class _UnreadableError(Exception):
    """A statement that does more than its text says."""


def _defaults(datum: dict[str, Any]) -> Iterator[tuple[str, int, bool]]:
    for variable in datum.values():
        if "default_val" in variable:
            yield _asked(variable["default_val"]), variable.get("lineno", 1), True


def _inside(node: dict[str, Any], *, always: bool) -> Iterator[tuple[str, int, bool]]:
    """Text, line in the body, and whether it is carried out in any case."""
    ((kind, fields),) = node.items()
    line = fields.get("lineno", 1)
    match kind.removeprefix("PLpgSQL_stmt_"):
        case "block":
            handlers = fields.get("exceptions", {}).get("PLpgSQL_exception_block", {}).get("exc_list", ())
            for each in fields.get("body", ()):
                yield from _inside(each, always=always and not handlers)
            for handler in handlers:
                for each in handler["PLpgSQL_exception"].get("action", ()):
                    yield from _inside(each, always=False)
        case "if":
            yield _asked(fields["cond"]), line, always
            branches = [each["PLpgSQL_if_elsif"] for each in fields.get("elsif_list", ())]
            for branch in branches:
                yield _asked(branch["cond"]), branch.get("lineno", line), False
            bodies = (fields.get("then_body", ()), *(each.get("stmts", ()) for each in branches))
            for body in (*bodies, fields.get("else_body", ())):
                for each in body:
                    yield from _inside(each, always=False)
        case "execsql":
            yield fields["sqlstmt"]["PLpgSQL_expr"]["query"], line, always
        case "perform":
            yield fields["expr"]["PLpgSQL_expr"]["query"], line, always
        case "dynexecute":
            yield _constant(_asked(fields["query"])), line, always
        case "raise":
            for each in fields.get("params", ()):
                yield _asked(each), line, always
        case "return":
            pass
        case _:
            raise _UnreadableError(kind)


def _asked(expression: dict[str, Any]) -> str:
    """An expression as the question that PL/pgSQL makes of it."""
    return f"SELECT {expression['PLpgSQL_expr']['query']}"


def _constant(question: str) -> str:
    """The text that EXECUTE carries out."""
    (target,) = _statements(question)[0].stmt.select_stmt.target_list
    value = target.res_target.val
    if value.WhichOneof("node") != "a_const" or value.a_const.WhichOneof("val") != "sval":
        raise _UnreadableError("EXECUTE")
    return str(value.a_const.sval.sval)
