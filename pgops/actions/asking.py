"""Asking about sessions over the caller's own connection, which is left as it was found.

A connection more may be the one that the server no longer has room for: sessions are ended just when it is full. So
everything is asked, and every signal sent, over the connection that is there, in a transaction or savepoint that is
always rolled back: a signal is no part of a transaction. pg_stat_activity is copied at its first reading in a
transaction and stays so (manual, section 27.2.2), hence the snapshot is cleared at each look.
"""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import TupleRow, tuple_row

from pgops.db import server
from pgops.db.callers_connection import refuse_unfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

_OPENING: LiteralString = (
    "SET LOCAL search_path = ''; SET LOCAL jit = off; SET LOCAL statement_timeout = '30s'; SET LOCAL DateStyle = 'ISO';"
)
_CLEAR: LiteralString = " SELECT pg_catalog.pg_stat_clear_snapshot()"


@contextmanager
def asking(conn: psycopg.Connection[Any]) -> Iterator[psycopg.Cursor[TupleRow]]:
    """A cursor with an empty search path and a fresh view of the sessions; all that it sets is undone at the end.

    Raises `WrongConnectionError` for a connection that nothing can be asked on, and psycopg's errors.
    """
    refuse_unfit(conn)
    with conn.transaction(force_rollback=True), conn.cursor(row_factory=tuple_row) as cursor:
        ascii_only = conn.info.parameter_status("server_encoding") == "SQL_ASCII"
        encoding: LiteralString = (
            " SET LOCAL client_encoding = 'SQL_ASCII';" if ascii_only else " SET LOCAL client_encoding = 'UTF8';"
        )
        cursor.execute(_OPENING + encoding + _CLEAR, prepare=False)
        yield cursor


def as_text(value: object) -> str | None:
    """A column of text, which comes as bytes from a database without an encoding (SQL_ASCII), or NULL."""
    return None if value is None else server.as_text(value)


def moment(column: LiteralString) -> LiteralString:
    """SQL for a time as text, to the microsecond, whatever loaders the caller's connection has."""
    return f"pg_catalog.to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"


def read_moment(value: Any) -> dt.datetime | None:
    """What `moment` gave, as an aware time."""
    return None if value is None else dt.datetime.fromisoformat(server.as_text(value)).replace(tzinfo=dt.UTC)


def literal_moment(at: dt.datetime) -> str:
    """A time as SQL that means the same in every DateStyle and time zone.

    >>> literal_moment(dt.datetime(2026, 11, 28, 3, 0, 0, 25, tzinfo=dt.UTC))
    "'2026-11-28 03:00:00.000025+00'::pg_catalog.timestamptz"
    """
    return f"'{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S.%f}+00'::pg_catalog.timestamptz"
