"""The runner on asyncio: the same steps as in `runner`, awaited.

A server that no longer answers is left by psycopg itself: cancelling the wait cancels the statement on the server, and
closes a connection that does not even answer to that.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import generators
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from pgops.checks.answering import answer, gather_facts
from pgops.checks.runner import UNUSED_PARAMETER, can_be_asked, not_met
from pgops.checks.sources import UNBOUNDED_POOL, side_by_side
from pgops.checks.watchdog import GRACE_S
from pgops.db.callers_connection import refuse_busy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from psycopg import pq
    from psycopg_pool import AsyncConnectionPool

    from pgops.checks.answering import TimeLimit
    from pgops.checks.run import Run
    from pgops.checks.steps import Ask

T = TypeVar("T")


async def over_connection(run: Run, conn: psycopg.AsyncConnection[Any]) -> None:
    """Work on the run over one connection."""
    refuse_busy(conn)
    await _serve(run, conn, asyncio.Lock())


async def over_pool(run: Run, pool: AsyncConnectionPool[Any]) -> None:
    """Work on the run over as many connections as the pool allows, a task each."""
    meeting = asyncio.Lock()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(side_by_side(pool, len(run))):
            tasks.create_task(_work(run, pool, meeting))


async def _serve(run: Run, conn: psycopg.AsyncConnection[Any], meeting: asyncio.Lock) -> None:
    if not can_be_asked(run, conn):
        return
    async with _autocommit(conn):
        try:
            async with meeting:
                if run.given is None:
                    limit = run.limit
                    run.meet(await _drive(conn, gather_facts(conn, limit), limit))
        except psycopg.Error as error:
            not_met(run, conn, error)
            return
        while not conn.closed and (planned := run.take()) is not None:
            limit = run.limit
            run.add(await _drive(conn, answer(conn, planned, run.known, limit), limit))


async def _drive(conn: psycopg.AsyncConnection[Any], steps: Generator[Ask, pq.abc.PGresult, T], limit: TimeLimit) -> T:
    try:
        ask = next(steps)
        while True:
            try:
                result = await asyncio.wait_for(_sent(conn, ask), limit.seconds + GRACE_S)
            except TimeoutError:
                ask = steps.throw(psycopg.OperationalError("the server does not answer"))
            except BaseException as error:  # the steps decide what it means; they raise what they do not know
                ask = steps.throw(error)
            else:
                ask = steps.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def _sent(conn: psycopg.AsyncConnection[Any], ask: Ask) -> pq.abc.PGresult:
    if ask.is_plain:
        async with conn.lock:
            conn.pgconn.send_query(ask.encoded(conn))
            return ask.chosen(await conn.wait(generators.execute(conn.pgconn)), conn.info.encoding)
    if not ask.extended:
        cursor: psycopg.AsyncCursor[Any] = psycopg.AsyncClientCursor(conn, row_factory=tuple_row)
        await cursor.execute(ask.encoded(conn), ask.params)
    elif ask.params is None:
        cursor = psycopg.AsyncRawCursor(conn, row_factory=tuple_row)
        await cursor.execute(ask.encoded(conn), UNUSED_PARAMETER, prepare=False)
    else:
        cursor = psycopg.AsyncCursor(conn, row_factory=tuple_row)
        await cursor.execute(ask.encoded(conn), ask.params, prepare=False)
    if ask.wanted:
        await cursor.set_result(ask.wanted)
    assert cursor.pgresult is not None  # noqa: S101  execute raises otherwise
    return cursor.pgresult


@asynccontextmanager
async def _autocommit(conn: psycopg.AsyncConnection[Any]) -> AsyncIterator[None]:
    if conn.autocommit or conn.pgconn.transaction_status != TransactionStatus.IDLE:
        yield
        return
    await conn.set_autocommit(True)
    try:
        yield
    finally:
        if not conn.closed and conn.pgconn.transaction_status == TransactionStatus.IDLE:
            await conn.set_autocommit(False)


async def _work(run: Run, pool: AsyncConnectionPool[Any], meeting: asyncio.Lock) -> None:
    dead = 0
    while len(run) and dead <= (pool.max_size or UNBOUNDED_POOL):
        try:
            async with pool.connection(timeout=min(pool.timeout, run.limit.seconds)) as conn:
                try:
                    await pool.check_connection(conn)
                except psycopg.Error:
                    dead += 1
                    continue
                await _serve(run, conn, meeting)
        except psycopg.OperationalError as error:  # PoolTimeout, PoolClosed
            run.give_up(f"no connection from the pool: {error}")
            return
