"""Read-only scripts: every statement in turn, up to the first error, and nothing changed at the end."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.db.working_session import Standing
from pgops.scripting.failures import CANCELLED, READ_ONLY, failed, refused
from pgops.scripting.results import SqlRun, StatementResult
from pgops.scripting.sessions import refuse_no_time, session_like, transaction_like
from pgops.scripting.sources import read_source, whole_script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.errors import StatementFailedError
    from pgops.scripting.sources import SqlSource, SqlText
    from pgops.sql.script import Statement

MAX_ROWS = 10_000
_LOCK_TIMEOUT_S = 5.0


def run_sql(
    conn: psycopg.Connection[Any],
    source: SqlSource,
    *,
    timeout_s: float | None = 60.0,
    max_rows: int = MAX_ROWS,
    on_result: Callable[[StatementResult], object] | None = None,
) -> SqlRun:
    """Run SQL that only reads, and give each statement's rows, at most `max_rows` of them.

    `source` is SQL (`str`, or UTF-8 as `bytes`), a `Path`, or a stream (`sys.stdin`). `timeout_s` seconds are given to
    each statement, None is no limit. `on_result` hears each result as soon as it is there: what ran before an error is
    known from it.

    The work is done on a session of its own, opened like `conn` with its role and search path: so the caller's
    temporary tables and what it has not committed are not seen, and `conn` is left as it is. All statements are in one
    READ ONLY transaction that is rolled back, one by one by the extended protocol. What may run is SELECT, VALUES,
    TABLE, SHOW, EXPLAIN (with ANALYZE of a query) and SET of what decides how values look and queries are planned, and
    of queries those whose functions, operators and views resolve to nothing volatile outside a short list: a function
    can write past any transaction, and the planner runs some of them.

    Raises `SqlRefusedError` with the place of anything else, `UnreadableSqlError` for what is no SQL (psql's commands,
    rows for COPY), `SourceError`, `StatementFailedError` with the place and the server's words, `MissingExtraError`
    without pgops[migrations], `ValueError` for a `timeout_s` of 0 or less and a negative `max_rows`, and psycopg's
    errors where no session can be opened. Nothing runs where the text alone shows that something is refused.
    """
    refuse_no_time(timeout_s=timeout_s)
    if max_rows < 0:
        raise ValueError(f"max_rows is {max_rows}; it is 0 or more")
    text = read_source(source)
    script = whole_script(text)
    from pgops.scripting.parameters import refuse_parameter  # noqa: PLC0415  needs an extra
    from pgops.scripting.reading import why_not_reading  # noqa: PLC0415  needs an extra

    for number, statement in enumerate(script.statements, 1):
        why = why_not_reading(statement)
        if why is not None:
            raise refused(text, statement, number, why)
        refuse_parameter(text, statement)
    began = time.monotonic()
    results = _Run(conn, text, timeout_s=timeout_s, max_rows=max_rows, on_result=on_result).of(script.statements)
    return SqlRun(name=text.name, results=results, seconds=time.monotonic() - began)


@contextmanager
def _bytes_as_they_are(session: psycopg.Connection[Any]) -> Iterator[None]:
    """In a database without an encoding (SQL_ASCII) a text may be any bytes, which the server sends as UTF8 only if
    they are. Undone at the end, or with the savepoint."""
    if session.info.parameter_status("server_encoding") != "SQL_ASCII":
        yield
        return
    session.execute("SET LOCAL client_encoding = 'SQL_ASCII'")
    yield
    if session.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
        session.execute("SET LOCAL client_encoding = 'UTF8'")


class _Run:
    def __init__(
        self,
        conn: psycopg.Connection[Any],
        text: SqlText,
        *,
        timeout_s: float | None,
        max_rows: int,
        on_result: Callable[[StatementResult], object] | None,
    ) -> None:
        self.conn = conn
        self.text = text
        self.timeout_s = timeout_s
        self.max_rows = max_rows
        self.on_result = on_result

    def of(self, statements: tuple[Statement, ...]) -> tuple[StatementResult, ...]:
        from pgops.scripting.asking import load_everything  # noqa: PLC0415  loaders are paid for here

        standing = Standing.of(self.conn)
        results: list[StatementResult] = []
        with session_like(self.conn, application="pgops sql") as session:
            load_everything(session)
            with transaction_like(session, standing, read_only=True, timeout_s=self.timeout_s, lock_s=_LOCK_TIMEOUT_S):
                for number, statement in enumerate(statements, 1):
                    # After a query no transaction can become READ WRITE (manual, SET TRANSACTION), and within a
                    # savepoint none can either; where rows are left unread, it is what is gone back to.
                    session.execute("SAVEPOINT pgops_reading")
                    results.append(self._one(session, statement, number))
                    if self.on_result is not None:
                        self.on_result(results[-1])
        return tuple(results)

    def _one(self, session: psycopg.Connection[Any], statement: Statement, number: int) -> StatementResult:
        from pgops.scripting.asking import ask, named_types  # noqa: PLC0415  loaders are paid for here

        try:
            self._refuse_volatile(session, statement, number)
            began = time.monotonic()
            with _bytes_as_they_are(session):
                answer = ask(session, statement.text, max_rows=self.max_rows)
            seconds = time.monotonic() - began
            if session.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:  # the rest was cancelled
                session.execute("ROLLBACK TO SAVEPOINT pgops_reading")
            columns = named_types(session, answer.columns)
        except psycopg.Error as error:
            if error.sqlstate == READ_ONLY:
                words = error.diag.message_primary or "the transaction is read-only"
                raise refused(self.text, statement, number, f"the server says: {words}") from error
            raise self._failed(statement, number, error) from error
        return StatementResult(
            number=number,
            line=statement.line,
            sql=statement.text,
            tag=answer.tag,
            columns=columns,
            rows=answer.rows,
            truncated=answer.truncated,
            seconds=seconds,
        )

    def _refuse_volatile(self, session: psycopg.Connection[Any], statement: Statement, number: int) -> None:
        from pgops.query_plan.safety import judge_tree  # noqa: PLC0415  needs an extra
        from pgops.scripting.asking import parse  # noqa: PLC0415  loaders are paid for here
        from pgops.scripting.reading import query_in  # noqa: PLC0415  needs an extra

        query = query_in(statement)
        if query is None:
            return
        against = query.against(judge_tree(session, query.node))
        if against:
            parse(session, statement.text)  # of a name that is nowhere the server says it better, and where it stands
            raise refused(self.text, statement, number, "; ".join(against))

    def _failed(self, statement: Statement, number: int, error: psycopg.Error) -> StatementFailedError:
        cure = "Allow more with timeout_s, or --timeout." if error.sqlstate == CANCELLED and self.timeout_s else ""
        before = f"The {number - 1} before it had answered; nothing was changed."
        kept = before if number > 1 else "Nothing was changed."
        return failed(self.text, statement, number, error, kept=kept, cure=cure)
