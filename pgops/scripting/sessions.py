"""A session of our own beside the caller's, for one transaction: its settings are local to it.

Nothing is set for longer than the transaction, so that behind a transaction pooler, where the next transaction on the
server's session is somebody else's, nothing of ours is left.
"""

from __future__ import annotations

import math
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from pgops.db.working_session import SETTINGS, TRANSACTION_TIMEOUT, Standing
from pgops.programs.child_connection import ChildConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_MS = 2**31 - 1
"""PostgreSQL takes no longer timeout."""


def milliseconds(seconds: float | None) -> str:
    """A time as a setting of PostgreSQL's has it; 0 is none.

    >>> milliseconds(1.5), milliseconds(None), milliseconds(0.0001)
    ('1500', '0', '1')
    """
    return "0" if not seconds else str(min(LONGEST_MS, max(1, round(seconds * 1000))))


def refuse_no_time(**limits: float | None) -> None:
    """Raise `ValueError` for a limit in seconds that is no time: of nothing, negative, or no number. None is no limit.

    >>> refuse_no_time(timeout_s=0)
    Traceback (most recent call last):
    ValueError: timeout_s is 0; it is more than 0 seconds, or None for no limit
    """
    for name, seconds in limits.items():
        if seconds is not None and not 0 < seconds < math.inf:
            raise ValueError(f"{name} is {seconds!r}; it is more than 0 seconds, or None for no limit")


@contextmanager
def session_like(conn: psycopg.Connection[Any], *, application: str) -> Iterator[psycopg.Connection[Any]]:
    """A session to the same server as the same user, in autocommit, with the role's own settings; closed at the end."""
    conninfo = ChildConnection.like(conn, application=application).target.with_(client_encoding="UTF8").reveal()
    session = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None, row_factory=tuple_row)
    del conninfo  # a traceback that prints locals would show what it holds
    try:
        yield session
    finally:
        session.close()


@contextmanager
def transaction_like(
    session: psycopg.Connection[Any],
    standing: Standing,
    *,
    read_only: bool,
    timeout_s: float | None,
    lock_s: float | None,
) -> Iterator[None]:
    """A transaction with the caller's role and search path. It is rolled back, unless the block has committed it."""
    mode = "READ ONLY" if read_only else "READ WRITE"
    # A serializable deferrable default would make BEGIN wait for a safe snapshot.
    session.execute(sql.SQL(f"BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, {mode}, NOT DEFERRABLE"))
    try:
        for name, value in local_settings(session, standing, timeout_s=timeout_s, lock_s=lock_s).items():
            session.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])
        row = session.execute("SELECT current_user").fetchone()
        if row is not None and row[0] != standing.role:
            session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(standing.role)))
        yield
    finally:
        idle = psycopg.pq.TransactionStatus.IDLE
        if not session.closed and session.info.transaction_status != idle:
            with suppress(psycopg.Error):  # the session is closed next, which comes to the same
                session.execute("ROLLBACK")


def local_settings(
    session: psycopg.Connection[Any], standing: Standing, *, timeout_s: float | None, lock_s: float | None
) -> dict[str, str]:
    """What a transaction of ours is set to, whatever the role's defaults."""
    settings = {name: value for name, value in SETTINGS.items() if not name.startswith(("default_", "client_enc"))}
    if session.info.server_version >= TRANSACTION_TIMEOUT:
        settings["transaction_timeout"] = "0"
    settings.pop("idle_session_timeout", None)
    settings |= {"statement_timeout": milliseconds(timeout_s), "lock_timeout": milliseconds(lock_s)}
    # The grammar has read the text as the standard has it, and so must the server.
    return settings | {"standard_conforming_strings": "on", "search_path": standing.search_path}
