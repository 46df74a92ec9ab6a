"""How a statement of a script failed: its place, down to the character where the server knows it, and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.errors import SqlRefusedError, StatementFailedError
from pgops.secret import without_passwords

if TYPE_CHECKING:
    import psycopg

    from pgops.scripting.sources import SqlText
    from pgops.sql.script import Statement

READ_ONLY, IN_TRANSACTION, ENDS_TRANSACTION = "25006", "25001", "2D000"
CANCELLED, LOCK_TIMEOUT = "57014", "55P03"

USE_PROPOSE = "propose_sql, or `pgops sql --write`, carries it out once that is approved."


def head_of(statement: Statement) -> str:
    """The statement on one line, for messages, without a password."""
    return without_passwords(statement.head)


def refused(source: SqlText, statement: Statement, number: int, why: str) -> SqlRefusedError:
    """The error for a statement that is more than reading."""
    place = source.place(statement.line, statement.column)
    return SqlRefusedError(f"{place}: statement {number} is not run: {why}: {head_of(statement)}.", cure=USE_PROPOSE)


def failed(
    source: SqlText, statement: Statement, number: int, error: psycopg.Error, *, kept: str, cure: str = ""
) -> StatementFailedError:
    """The error for a statement that the server refused, or that it could not answer. `kept` says what became of it."""
    words = error.diag.message_primary or str(error).strip() or type(error).__name__
    details = [without_passwords(each) for each in (error.diag.message_detail, error.diag.message_hint) if each]
    said = f"{source.place(*place_in(statement, error))}: statement {number} failed: {words}"
    if error.diag.context:
        said += f" ({' / '.join(map(without_passwords, error.diag.context.splitlines()[:3]))})"
    code = f" [{error.sqlstate}]" if error.sqlstate else ""
    return StatementFailedError(
        f"{said}{code}: {head_of(statement)}. {kept}", sqlstate=error.sqlstate, cure=" ".join([*details, cure]).strip()
    )


def place_in(statement: Statement, error: psycopg.Error) -> tuple[int, int]:
    """Line and column: of the character that the server complains of, else of the statement."""
    position = error.diag.statement_position
    if not position or not position.isdigit():
        return statement.line, statement.column
    before = statement.text[: int(position) - 1]
    line = before.count("\n")
    column = len(before) - before.rfind("\n") if line else statement.column + len(before)
    return statement.line + line, column
