"""The runner with blocking calls: works on a `Run` over a connection, or side by side over a pool.

The steps are generators that never wait (`answering`, `steps`); here they are driven, and in `runner_async` on asyncio.
What both share, the plan before and the tally during a run, is in `run`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import psycopg
from psycopg import generators
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from pgops.checks.answering import CONNECTION_LOST, answer, gather_facts, is_lost
from pgops.checks.sources import UNBOUNDED_POOL, side_by_side
from pgops.checks.watchdog import Watchdog
from pgops.db.callers_connection import refuse_busy

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from psycopg import pq
    from psycopg_pool import ConnectionPool

    from pgops.checks.answering import TimeLimit
    from pgops.checks.run import Run
    from pgops.checks.steps import Ask
    from pgops.db.callers_connection import AnyConnection

    Source: TypeAlias = psycopg.Connection[Any] | ConnectionPool[Any]

T = TypeVar("T")

CTRL_C = "Ctrl-C"


# --- a connection -----------------------------------------------------------------------------------------------------


def over_connection(run: Run, conn: psycopg.Connection[Any]) -> None:
    """Work on the run over one connection. Ctrl-C ends it early, after the server has cancelled what it was doing."""
    refuse_busy(conn)
    with Watchdog() as watchdog:
        try:
            _serve(run, conn, watchdog, Lock())
        except KeyboardInterrupt:
            run.interrupt(CTRL_C)


def _serve(run: Run, conn: psycopg.Connection[Any], watchdog: Watchdog, meeting: Lock) -> None:
    """Work on the run over this connection until nothing waits or the connection is lost."""
    if not can_be_asked(run, conn):
        return
    with _autocommit(conn):
        try:
            with meeting:
                if run.given is None:
                    limit = run.limit
                    run.meet(_drive(conn, gather_facts(conn, limit), watchdog, limit))
        except psycopg.Error as error:
            not_met(run, conn, error)
            return
        while not conn.closed and (planned := run.take()) is not None:
            limit = run.limit
            run.add(_drive(conn, answer(conn, planned, run.known, limit), watchdog, limit))


def can_be_asked(run: Run, conn: AnyConnection) -> bool:
    """Whether a statement can run on it at all; otherwise the run gets the reason. Nothing is sent."""
    if conn.pgconn.transaction_status == TransactionStatus.INERROR:
        cure = "Roll it back, or hand in another connection."
        run.give_up("the caller's transaction has failed", cure=cure, sqlstate="25P02")
        return False
    return True


def not_met(run: Run, conn: AnyConnection, error: psycopg.Error) -> None:
    """Give the run the reason why not even the server's facts could be had."""
    words = str(error).strip()
    run.give_up(f"{CONNECTION_LOST}: {words}" if is_lost(conn, error) else words, sqlstate=error.sqlstate)


def _drive(
    conn: psycopg.Connection[Any], steps: Generator[Ask, pq.abc.PGresult, T], watchdog: Watchdog, limit: TimeLimit
) -> T:
    """Send what the steps ask for, hand them what comes back, and give what they return."""
    watchdog.watch(conn, limit.seconds)
    try:
        ask = next(steps)
        while True:
            try:
                result = _sent(conn, ask)
            except BaseException as error:  # the steps decide what it means; they raise what they do not know
                ask = steps.throw(error)
            else:
                ask = steps.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        watchdog.release(conn)


def _sent(conn: psycopg.Connection[Any], ask: Ask) -> pq.abc.PGresult:
    if ask.is_plain:
        with conn.lock:
            conn.pgconn.send_query(ask.encoded(conn))
            return ask.chosen(conn.wait(generators.execute(conn.pgconn)), conn.info.encoding)
    if not ask.extended:
        cursor: psycopg.Cursor[Any] = psycopg.ClientCursor(conn, row_factory=tuple_row)
        cursor.execute(ask.encoded(conn), ask.params)
    elif ask.params is None:
        cursor = psycopg.RawCursor(conn, row_factory=tuple_row)
        cursor.execute(ask.encoded(conn), UNUSED_PARAMETER, prepare=False)
    else:
        cursor = psycopg.Cursor(conn, row_factory=tuple_row)
        cursor.execute(ask.encoded(conn), ask.params, prepare=False)
    if ask.wanted:
        cursor.set_result(ask.wanted)
    assert cursor.pgresult is not None  # noqa: S101  execute raises otherwise
    return cursor.pgresult


UNUSED_PARAMETER = (0,)
"""Makes psycopg use the extended protocol for a text without parameters."""


@contextmanager
def _autocommit(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Keep psycopg from sending a BEGIN of its own while the connection is idle; put the setting back."""
    if conn.autocommit or conn.pgconn.transaction_status != TransactionStatus.IDLE:
        yield
        return
    conn.autocommit = True
    try:
        yield
    finally:
        if not conn.closed and conn.pgconn.transaction_status == TransactionStatus.IDLE:
            conn.autocommit = False


# --- a pool -----------------------------------------------------------------------------------------------------------


def over_pool(run: Run, pool: ConnectionPool[Any]) -> None:
    """Work on the run over as many connections as the pool allows."""
    meeting = Lock()
    workers = side_by_side(pool, len(run))
    with Watchdog() as watchdog, ThreadPoolExecutor(workers, thread_name_prefix="pgops-checks") as threads:
        working = [threads.submit(_work, run, pool, watchdog, meeting) for _ in range(workers)]
        try:
            wait(working)
        except KeyboardInterrupt:
            run.interrupt(CTRL_C)
            watchdog.cancel()
            wait(working)
        for each in working:
            each.result()


def _work(run: Run, pool: ConnectionPool[Any], watchdog: Watchdog, meeting: Lock) -> None:
    """Work on the run over one connection of the pool after another, until nothing waits or none is to be had."""
    dead = 0
    while len(run) and dead <= (pool.max_size or UNBOUNDED_POOL):
        try:
            with pool.connection(timeout=min(pool.timeout, run.limit.seconds)) as conn:
                try:
                    pool.check_connection(conn)
                except psycopg.Error:
                    dead += 1
                    continue
                _serve(run, conn, watchdog, meeting)
        except psycopg.OperationalError as error:  # PoolTimeout, PoolClosed
            run.give_up(f"no connection from the pool: {error}")
            return
