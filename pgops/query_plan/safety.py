"""Whether EXPLAIN ANALYZE of a statement may run unasked: it carries the statement out.

It may for a SELECT whose functions, operators and views resolve to nothing volatile outside a short list. The answer
comes from the text and the catalogue: nothing of the statement is run, and nothing is written. Declared volatility is a
promise that nobody holds a function to, so bodies in SQL and PL/pgSQL are looked through as well; and the run itself is
in a READ ONLY transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg.rows import tuple_row

from pgops.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Cursor

    from pgops.query_plan.names_used import Names


_NEEDS_WRITING = "pg_catalog.nextval(regclass) "
"""A call that a READ ONLY transaction refuses, from whichever function it comes."""


@attrs.frozen(kw_only=True)
class Verdict:
    """Whether a statement may be carried out unasked, and why not."""

    reasons: tuple[str, ...] = ()
    """Everything against it, in words: what is below, and that it is no SELECT."""
    volatile: tuple[str, ...] = ()
    """Signatures of functions with effects that it may call, which are the volatile ones: `public.charge(integer)`."""
    triggers: tuple[str, ...] = ()
    """That would fire: `audit on public.orders (function public.log_it())`."""
    unresolved: tuple[str, ...] = ()
    """What could not be found out."""
    writes: tuple[str, ...] = ()
    """Relations that it would change, and how: `delete from public.orders`."""
    sequences: tuple[str, ...] = ()
    """That it would advance; no rollback takes that back."""
    when_planned: tuple[str, ...] = ()
    """Of the reasons, those that count in a READ ONLY transaction even where the statement is only planned: the planner
    carries out functions that say that they are immutable or stable, to see what comes of it."""
    locks_rows: bool = False
    """Whether it locks rows without changing them: FOR UPDATE, FOR SHARE."""

    @property
    def is_safe(self) -> bool:
        """Nothing is against it."""
        return not self.reasons


def judge(conn: psycopg.Connection[Any], sql: str) -> Verdict:
    """Whether EXPLAIN ANALYZE of `sql` may run on `conn`'s database without anybody's consent.

    `sql` is the text as it would be sent. Nothing of it is carried out; the catalogue is read, with any role, on a
    standby, in the caller's transaction. Raises psycopg's errors where the connection is lost.
    """
    return _asked(conn, lambda cursor: _judged(cursor, sql))


def judge_tree(conn: psycopg.Connection[Any], statement: Any) -> Verdict:
    """The same for a statement that has been read already: a Node of the parser's tree, as the query in an EXPLAIN is.

    The parser takes a backslash in a string for just that: where the session's standard_conforming_strings is off,
    nothing is safe.
    """
    return _asked(conn, lambda cursor: _resolved(cursor, statement, has_backslash=True))


def _asked(conn: psycopg.Connection[Any], ask: Callable[[Cursor[Any]], Verdict]) -> Verdict:
    # Names may be in any letters, and what this asks must not end the caller's transaction: a savepoint, always undone.
    # The session's own time limit is for what it runs, not for whether it may.
    with conn.transaction(force_rollback=True), psycopg.Cursor(conn, row_factory=tuple_row) as cursor:
        cursor.execute("SET LOCAL client_encoding = 'UTF8'; SET LOCAL statement_timeout = '60s'")
        try:
            return ask(cursor)
        except MissingExtraError as error:
            return _refused(f"the statement was not read: {error}")
        except UnicodeDecodeError:
            return _refused("this database has no encoding (SQL_ASCII), and names in it that are not UTF-8")


def _judged(cursor: Cursor[Any], sql: str) -> Verdict:
    read = read_statements(sql)  # the first thing that needs the extra, and says so
    if isinstance(read, str):
        return _refused(f"the statement can't be read: {read}")
    if len(read) != 1:
        return _refused("there is no statement" if not read else f"these are {len(read)} statements")
    return _resolved(cursor, read[0], has_backslash="\\" in sql)


def _resolved(cursor: Cursor[Any], statement: Any, *, has_backslash: bool) -> Verdict:
    from pgops.query_plan.names_used import names_used  # noqa: PLC0415  needs an extra
    from pgops.query_plan.resolution import Resolution  # noqa: PLC0415  so do these
    from pgops.query_plan.search_path import session_path  # noqa: PLC0415
    from pgops.query_plan.writing import Writing  # noqa: PLC0415

    path, conforms = session_path(cursor)
    if not conforms and has_backslash:
        return _refused("the session has standard_conforming_strings off, and a backslash may mean another text")
    names = names_used(statement)
    resolution = Resolution(cursor, path, conforms=conforms, read_sql=_body_names)
    resolution.add_names(names, "")
    writing = Writing(resolution)
    writing.add(names)
    resolution.follow()
    resolved = [*resolution.refused, *resolution.calls, *resolution.unresolved]
    fired = [f"the trigger {each} would fire" for each in writing.triggers]
    return Verdict(
        reasons=(*names.refused, *resolved, *fired),
        when_planned=tuple(each for each in resolved if not each.startswith(_NEEDS_WRITING)),
        volatile=tuple(sorted(resolution.volatile)),
        triggers=tuple(writing.triggers),
        unresolved=tuple(resolution.unresolved),
        writes=tuple(writing.writes),
        sequences=tuple(writing.sequences),
        locks_rows=any(each.startswith("it locks rows") for each in (*names.refused, *resolution.refused)),
    )


def _refused(why: str) -> Verdict:
    return Verdict(reasons=(why,), when_planned=(why,), unresolved=(why,))


def read_statements(sql: str) -> list[Any] | str:
    """The statements of a text as the grammar has them, or why it can't be read."""
    from pgops.sql.parsing import PgQueryError, parsed  # noqa: PLC0415  needs an extra

    if "\0" in sql:
        return "a zero character can't stand in SQL"
    try:
        return [each.stmt for each in parsed(sql.encode("utf-8", "replace")).stmts]
    except PgQueryError as error:
        return str(error.message)


def _body_names(source: str) -> Names | str:
    """What the body of an SQL function names: all of its statements."""
    from pgops.query_plan.names_used import Names, names_used  # noqa: PLC0415  needs an extra

    read = read_statements(source)
    if isinstance(read, str):
        return read
    together = Names()
    for statement in read:
        for field, found in attrs.asdict(names_used(statement), recurse=False).items():
            getattr(together, field).update(found)
    return together
