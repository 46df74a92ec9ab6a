"""The sessions that an application of migrations needs: one that changes, one that keeps order and the ledger.

Both are opened like the connection that was handed in, and nothing of a migration's own SETs is left on it.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.db.callers_connection import as_found
from pgops.db.working_session import Standing, put_back, refuse_read_only, refuse_transaction_pooler
from pgops.errors import ApplierBusyError
from pgops.migrations.asking import plain_cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPLIER = 5_714_020_771_113_415_011
"""The advisory lock of whoever applies: one at a time in each database. The number means nothing."""
AT_WORK = APPLIER + 1
"""That of the session that changes. A server process goes on with its statement when its client is killed: it has to
end.
"""

_LOOK_AGAIN_S = 0.2


@contextmanager
def applier_sessions(
    open_session: Callable[[], psycopg.Connection[Any]],
    standing: Standing,
    *,
    wait_s: float,
    on_wait: Callable[[str], object] | None = None,
) -> Iterator[tuple[psycopg.Connection[Any], psycopg.Connection[Any]]]:
    """The session that changes and the one that keeps order, while no other applier is at work in this database.

    Raises `PoolerError` where a transaction pooler stands between, `ReadOnlyServerError` on a standby,
    `ApplierBusyError` when another applier still holds the database after `wait_s` seconds.
    """
    with ExitStack() as closing:
        changing = closing.enter_context(_closed_at_end(open_session()))
        keeping = closing.enter_context(_closed_at_end(open_session()))
        for each in (changing, keeping):
            put_back(each, standing)
        refuse_transaction_pooler(changing, keeping)
        refuse_read_only(changing)
        until = time.monotonic() + wait_s
        _take_turn(keeping, APPLIER, until, on_wait)
        _take_turn(changing, AT_WORK, until, on_wait)
        yield changing, keeping


@contextmanager
def _closed_at_end(conn: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    try:
        yield conn
    finally:
        conn.close()


_HOLDER = """
SELECT l.pid, a.usename, a.application_name, a.client_addr::text,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.backend_start)::int,
       pg_catalog.left(pg_catalog.regexp_replace(a.query, '[[:space:]]+', ' ', 'g'), 100)
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'advisory'
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND (l.classid::bigint << 32) + l.objid::bigint = %s
   AND l.objsubid = 1
   AND l.granted
"""


def wait_for_others(conn: psycopg.Connection[Any], *, wait_s: float) -> str | None:
    """Wait until no applier is at work in `conn`'s database; who it is, where one still was after `wait_s` seconds.

    A server process whose applier was killed counts: it goes on with its statement. In a transaction of the caller's
    nobody is waited for, since what is at work may be waiting for that transaction's snapshot.
    """
    until = time.monotonic() + (wait_s if conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE else 0)
    while True:
        with as_found(conn):
            who = _holder(conn, AT_WORK) or _holder(conn, APPLIER)
        if who is None or time.monotonic() >= until:
            return who
        time.sleep(_LOOK_AGAIN_S)


def _holder(conn: psycopg.Connection[Any], lock: int) -> str | None:
    """Which session has the advisory lock, in words; None where nobody has it."""
    with plain_cursor(conn) as cursor:
        row = cursor.execute(_HOLDER, [lock]).fetchone()
    if row is None:
        return None
    pid, user, application, address, age, query = row
    where = f" from {address}" if address else ""
    who = f"session {pid} of {user or 'an unknown user'} ({application or 'no application name'}){where}"
    who += f", connected for {age} s" if age is not None else ""
    return who + (f": {query}" if query and lock == AT_WORK else "")


def _take_turn(conn: psycopg.Connection[Any], lock: int, until: float, on_wait: Callable[[str], object] | None) -> None:
    """Poll for the advisory lock: a blocking pg_advisory_lock would hold a snapshot, for which the holder's CREATE
    INDEX CONCURRENTLY waits, while it waits for the holder: a deadlock.
    """
    told = False
    while not (conn.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [lock]).fetchone() or (False,))[0]:
        who = _holder(conn, lock) or "somebody who is gone by now"
        if on_wait is not None and not told:
            on_wait(f"waiting for another applier: {who}")
            told = True
        if time.monotonic() >= until:
            raise ApplierBusyError(
                f"Another applier is at work in this database: {who}.",
                cure="Wait until it has ended, or look at what it waits for.",
            )
        time.sleep(_LOOK_AGAIN_S)
