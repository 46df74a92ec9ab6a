"""The content of one table, in a transaction that goes on whatever comes of it; errors say which table."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors

from pgops.dump.counting.hashing import hash_rows
from pgops.dump.manifest import TableContent
from pgops.errors import CountError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.dump.counting.countable import CountableTable

_CURES: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.LockNotAvailable, "Another session has it locked, or queues to: see the locks, and try again."),
    (errors.InsufficientPrivilege, "Use a role that may read all of it."),
    (errors.UndefinedTable, "It was dropped or renamed meanwhile: try again."),
    (errors.UndefinedColumn, "It was altered meanwhile: try again."),
    (errors.SerializationFailure, "On a standby: raise max_standby_streaming_delay, or read from the primary."),
    (errors.DataCorrupted, "The table is damaged: see the server's log, and restore it from a backup."),
    (errors.IndexCorrupted, "An index is damaged: REINDEX it."),
)


def count_one(
    session: psycopg.Connection[Any], table: CountableTable, encoding: tuple[str, bool]
) -> TableContent | str:
    """The table's content, or a sentence why it has none: a value too long for a text is no fault of the database's.

    Raises `CountError` for anything else.
    """
    try:
        with named_errors(str(table)), session.transaction():  # a savepoint: the snapshot outlives an error
            rows, total = hash_rows(session, table, encoding)
    except CountError as problem:
        if isinstance(problem.__cause__, errors.ProgramLimitExceeded):
            return f"Rows of {table}: a value is longer, as text, than the 1 GB that PostgreSQL can hold."
        raise
    return TableContent(schema=table.schema, name=table.name, rows=rows, hash=total)


@contextmanager
def named_errors(what: str) -> Iterator[None]:
    """The server's errors as `CountError`, with what could not be read; the cause is psycopg's error."""
    try:
        yield
    except psycopg.Error as problem:
        words = (problem.diag.message_primary or str(problem).strip().partition("\n")[0]).rstrip(".")
        cure = next((cure for kind, cure in _CURES if isinstance(problem, kind)), "")
        raise CountError(f"{what} can't be counted: {words}.", cure=cure) from problem
