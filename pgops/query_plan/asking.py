"""EXPLAIN, asked so that it only reads: options that this server knows, a time limit, and everything rolled back.

The statement goes by the extended protocol, which takes one statement: `SELECT 1; DROP ...` is refused whole. Only a
generic plan (`$1` left open) needs the simple one, since binding something to `$1` would be planned for; that text has
been parsed by the extended protocol before.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import generators
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from pgops.db.callers_connection import refuse_unfit
from pgops.errors import ExplainError, PlanFormatError
from pgops.query_plan.building import plan_from
from pgops.query_plan.cataloguing import with_relations
from pgops.query_plan.statement import PARAMETERS, Parameters, Sql, Statement, statement_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import QueryPlan

GENERIC_SINCE = 160000
_MEMORY_SINCE = 170000
_SYNTAX_ERROR = "42601"
_CANCELLED = "57014"
_LONGEST_S = 2_000_000


def explain_planned(
    conn: psycopg.Connection[Any], statement: Statement, *, generic: bool, timeout_s: float
) -> QueryPlan:
    """The plan, without running the statement."""
    return _asked(conn, statement, analyze=False, generic=generic, read_only=True, timeout_s=timeout_s)


def explain_analyzed(
    conn: psycopg.Connection[Any],
    sql: Sql,
    params: Parameters | None = None,
    *,
    read_only: bool,
    timeout_s: float,
) -> QueryPlan:
    """Run the statement, and roll everything back: the bare doing, for those who know that it is safe or approved.

    What a rollback does not undo stays done: sequences that were advanced, and whatever functions do outside. Raises
    `ExplainError` with the server's words.
    """
    statement = statement_of(conn, sql, params, written_out=True)
    if statement.is_open:
        raise ExplainError("The statement has $1 open, so it can't be run.", cure="Hand in params=[...].")
    return _asked(conn, statement, analyze=True, generic=False, read_only=read_only, timeout_s=timeout_s)


def _asked(
    conn: psycopg.Connection[Any],
    statement: Statement,
    *,
    analyze: bool,
    generic: bool,
    read_only: bool,
    timeout_s: float,
) -> QueryPlan:
    version = conn.info.server_version
    wanted = _options(version, analyze=analyze, generic=generic)
    plain = [each for each in wanted if each in {"FORMAT JSON", "ANALYZE", "GENERIC_PLAN"}]
    with rolled_back(conn, read_only=read_only, timeout_s=timeout_s):
        answer = _answer(conn, wanted, statement, generic=generic)
        if answer is None:  # a server that is none of those we know, and knows an option no longer
            answer = _answer(conn, plain, statement, generic=generic)
        if answer is None:
            raise ExplainError(f"This server takes no EXPLAIN ({', '.join(plain)}).")
        return with_relations(conn, _plan_of(answer, statement, version))


def _plan_of(answer: str, statement: Statement, version: int) -> QueryPlan:
    try:
        objects = [each for each in json.loads(answer) if isinstance(each, dict) and "Plan" in each]
    except RecursionError:
        raise PlanFormatError("The plan is nested too deep to be read.") from None
    if not objects:
        raise ExplainError("There is no plan: rules rewrite the statement to nothing, or to a utility command.")
    return plan_from(objects, sql=statement.text, server_version=version)


def _options(version: int, *, analyze: bool, generic: bool) -> list[str]:
    """What the server knows, in the manual's words (EXPLAIN, 14 to 18)."""
    options = ["FORMAT JSON", "VERBOSE", "SETTINGS", "BUFFERS", "SUMMARY"]
    if analyze:
        options += ["ANALYZE", "WAL"]
    if generic:
        options.append("GENERIC_PLAN")
    if version >= _MEMORY_SINCE:
        options.append("MEMORY")
        if analyze:  # what a client's answer costs: values are fetched from TOAST and made text, then thrown away
            options.append("SERIALIZE TEXT")
    return options


def _answer(conn: psycopg.Connection[Any], options: list[str], statement: Statement, *, generic: bool) -> str | None:
    """EXPLAIN's JSON; None where the server does not know one of the options."""
    front = f"EXPLAIN ({', '.join(options)}) "
    query: Any = front + statement.text
    try:
        with conn.transaction(force_rollback=True):
            if generic:
                _parse_one(conn, query)
                cursor: psycopg.Cursor[Any] = psycopg.Cursor(conn, row_factory=tuple_row)
                cursor.execute(query, prepare=False)
            elif statement.numbered:
                raw = psycopg.RawCursor(conn, row_factory=tuple_row)
                cursor = raw.execute(query, statement.parameters, binary=True, prepare=False)
            else:
                cursor = psycopg.Cursor(conn, row_factory=tuple_row)
                cursor.execute(query, statement.parameters, binary=True, prepare=False)
            value = cursor.pgresult.get_value(0, 0) if cursor.pgresult is not None else None
    except psycopg.Error as error:
        place = error.diag.statement_position
        if error.sqlstate == _SYNTAX_ERROR and place and int(place) <= len(front) and len(options) > 1:
            return None
        raise
    if value is None:
        raise PlanFormatError("EXPLAIN gave no row.")
    return value.decode(conn.info.encoding, "replace")


def _parse_one(conn: psycopg.Connection[Any], query: str) -> None:
    """Let the server parse the text as one statement, without binding or running it."""
    with conn.lock:
        conn.pgconn.send_prepare(b"", query.encode(conn.info.encoding))
        (result,) = conn.wait(generators.execute(conn.pgconn))
    if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(result, encoding=conn.info.encoding)


# --- the transaction around it ----------------------------------------------------------------------------------------


@contextmanager
def rolled_back(conn: psycopg.Connection[Any], *, read_only: bool, timeout_s: float) -> Iterator[None]:
    """A transaction, or a savepoint in the caller's, that ends with a rollback and has a time limit.

    What the server says against the statement becomes an `ExplainError`; a lost connection stays psycopg's.
    """
    refuse_unfit(conn)
    was_idle = conn.info.transaction_status == TransactionStatus.IDLE
    refuse_timeout(timeout_s)
    try:
        with conn.transaction(force_rollback=True):
            own = psycopg.Cursor(conn, row_factory=tuple_row)
            if was_idle:  # a serializable deferrable default would make it wait for a safe snapshot
                own.execute("SET TRANSACTION NOT DEFERRABLE")
            if read_only:
                own.execute("SET LOCAL transaction_read_only = on")
            limit = str(max(1, round(timeout_s * 1000)))
            own.execute("SELECT pg_catalog.set_config('statement_timeout', %s, true)", [limit])
            yield
    except UnicodeError as error:
        raise ExplainError(f"The statement can't be sent in the connection's encoding: {error}.") from error
    except psycopg.Error as error:
        if conn.closed or (error.sqlstate is None and isinstance(error, psycopg.OperationalError)):
            raise
        if error.sqlstate is None:  # psycopg's own word, before anything was sent
            raise ExplainError(f"The parameters don't fit the statement: {error}", cure=PARAMETERS) from error
        raise _worded(error, timeout_s) from error


def refuse_timeout(timeout_s: float) -> None:
    """Raises `ValueError` for what is no time limit; NaN is none."""
    if not 0 < timeout_s <= _LONGEST_S:
        raise ValueError(f"timeout_s is a number of seconds above 0 and at most {_LONGEST_S}")


def _worded(error: psycopg.Error, timeout_s: float) -> ExplainError:
    words = (error.diag.message_primary or str(error)).strip()
    if error.sqlstate == _CANCELLED:
        return ExplainError(
            f"It was cancelled (its limit is {timeout_s:g} s): {words}.",
            cure="Give it more with timeout_s=, or leave out ANALYZE.",
        )
    if error.sqlstate == _SYNTAX_ERROR and error.diag.statement_position is None:
        return ExplainError(f"That is more than one statement: {words}", cure="Explain one at a time.")
    hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
    cure = _EXPLAINABLE if error.sqlstate == _SYNTAX_ERROR else ""
    return ExplainError(f"The server can't explain that ({error.sqlstate}): {words}.{hint}", cure=cure)


_EXPLAINABLE = (
    "EXPLAIN takes SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, EXECUTE, DECLARE, CREATE TABLE AS and"
    " CREATE or REFRESH MATERIALIZED VIEW."
)
