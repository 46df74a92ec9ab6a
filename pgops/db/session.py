"""A new session before it is handed out: set up on our side of the wire, and proved read-only where it should be."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from pgops.db.attempts import Route
from pgops.db.deadline import hung_up_after, timeout_of
from pgops.db.settings import READ_ONLY

if TYPE_CHECKING:
    import psycopg
    from psycopg.errors import Diagnostic
    from psycopg.pq.abc import PGconn
    from psycopg.rows import TupleRow

    from pgops.db.attempts import Attempt

logger = logging.getLogger("pgops.db")
logger.addHandler(logging.NullHandler())


def set_up(connection: psycopg.Connection[TupleRow], attempt: Attempt) -> None:
    """The server's notices go to our logger; on the second route, transactions begin READ ONLY."""
    connection.add_notice_handler(_log_notice)
    if attempt.transaction_read_only:
        connection.read_only = True


async def set_up_async(connection: psycopg.AsyncConnection[TupleRow], attempt: Attempt) -> None:
    """`set_up` on asyncio."""
    connection.add_notice_handler(_log_notice)
    if attempt.transaction_read_only:
        await connection.set_read_only(True)


def proves_read_only(connection: psycopg.Connection[TupleRow], attempt: Attempt) -> bool:
    """Whether the session is as read-only as the attempt wants it; mostly known without asking the server.

    Raises psycopg's `ConnectionTimeout` where that is asked and not answered within the timeout for connecting.
    """
    if _known_already(connection.pgconn, attempt):
        return True
    with hung_up_after(connection, attempt.connect_timeout_s):
        answer = connection.execute(attempt.question).fetchone()
        if not attempt.autocommit:
            connection.rollback()
    return _is_on(answer)


async def proves_read_only_async(connection: psycopg.AsyncConnection[TupleRow], attempt: Attempt) -> bool:
    """`proves_read_only` on asyncio."""
    if _known_already(connection.pgconn, attempt):
        return True
    seconds = attempt.connect_timeout_s
    try:
        async with asyncio.timeout(seconds or None):
            answer = await (await connection.execute(attempt.question)).fetchone()
            if not attempt.autocommit:
                await connection.rollback()
    except TimeoutError:
        raise timeout_of(seconds) from None
    return _is_on(answer)


def _known_already(pgconn: PGconn, attempt: Attempt) -> bool:
    """Servers report default_transaction_read_only by themselves since PostgreSQL 14; a pooler may keep it back."""
    if not attempt.read_only:
        return True
    return attempt.route is Route.OPTIONS and pgconn.parameter_status(READ_ONLY.encode()) == b"on"


def _is_on(answer: TupleRow | None) -> bool:
    return answer is not None and answer[0] in {"on", b"on"}  # bytes where client_encoding is SQL_ASCII


def _log_notice(notice: Diagnostic) -> None:
    logger.info("%s: %s", notice.severity, notice.message_primary)
