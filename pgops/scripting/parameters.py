"""Whether a statement has parameters ($1) that nobody gives a value for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.errors import SqlRefusedError
from pgops.scripting.failures import head_of
from pgops.sql.expressions import descendants
from pgops.sql.libpg_query import pb
from pgops.sql.parsing import parsed

if TYPE_CHECKING:
    from pgops.scripting.sources import SqlText
    from pgops.sql.script import Statement

_THEIR_OWN = frozenset({"prepare_stmt", "create_function_stmt"})
"""Statements that say what theirs stand for."""


def refuse_parameter(source: SqlText, statement: Statement) -> None:
    """Raise `SqlRefusedError` where there is one. The bodies of functions and PREPARE have parameters of their own."""
    if "$" not in statement.text:
        return
    node = parsed(statement.text.encode()).stmts[0].stmt
    if node.WhichOneof("node") in _THEIR_OWN:
        return
    if any(type(each) is pb.ParamRef for each in descendants(node)):
        raise SqlRefusedError(
            f"{source.place(statement.line)}: nobody gives the value of its parameter: {head_of(statement)}.",
            cure="Write the value in its place.",
        )
