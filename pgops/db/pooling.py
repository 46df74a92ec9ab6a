"""psycopg_pool's own pools, filled with connections as `connect` makes them.

Whether TLS is demanded and whether options are taken is found out once, by a first connection: the pool's connections
go the way that it went.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg_pool import AsyncConnectionPool, ConnectionPool

from pgops.db.attempts import Route
from pgops.db.connecting import establish, establish_async, report
from pgops.db.lost_service import async_connection_class, connection_class
from pgops.db.planning import plan
from pgops.db.session import proves_read_only, proves_read_only_async, set_up, set_up_async
from pgops.db.settings import READ_ONLY
from pgops.errors import NotReadOnlyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

    import psycopg
    from psycopg.pq.abc import PGconn
    from psycopg.rows import TupleRow

    from pgops.config.resolution import Resolution
    from pgops.db.attempts import Attempt
    from pgops.db.fallback import Fallback
    from pgops.db.planning import Wanted
    from pgops.secret import Secret


def open_pool(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    read_only: bool = True,
    on_fallback: Callable[[Fallback], object] | None = None,
    min_size: int = 1,
    max_size: int = 4,
    checkout_timeout_s: float = 30,
    name: str | None = None,
    **wanted: Unpack[Wanted],
) -> ConnectionPool[psycopg.Connection[TupleRow]]:
    """An open pool; close it, or use it in a `with` block.

    Resolves, decides and raises as `connect` does, which says what the sessions are like. Each connection is checked
    when it is handed out, at the price of one round trip. A profile's password_env and password_command are asked anew
    for each connection that the pool makes. Given back with `autocommit`, `read_only` or the session's
    read-only default changed, it is put right or discarded; other settings that a borrower SETs stay.
    """
    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted
    connection, made = establish(planned.with_password())
    connection.close()
    report(made, planned, on_fallback)
    attempt = made.attempt

    def configure(connection: psycopg.Connection[TupleRow]) -> None:
        set_up(connection, attempt)
        if not proves_read_only(connection, attempt):
            raise _not_read_only(attempt)

    def reset(connection: psycopg.Connection[TupleRow]) -> None:
        if _was_made_writable(connection.pgconn, attempt):
            raise _not_read_only(attempt)
        connection.autocommit = attempt.autocommit
        connection.read_only = attempt.transaction_read_only

    return ConnectionPool(
        planned.conninfo(attempt),
        connection_class=connection_class(attempt.target),
        kwargs={"autocommit": attempt.autocommit, "prepare_threshold": None},
        min_size=min_size,
        max_size=max_size,
        timeout=checkout_timeout_s,
        name=name,
        configure=configure,
        check=ConnectionPool.check_connection,
        reset=reset,
        open=True,
    )


async def open_async_pool(
    profile: str | Resolution | None = None,
    *,
    url: str | Secret | None = None,
    read_only: bool = True,
    on_fallback: Callable[[Fallback], object] | None = None,
    min_size: int = 1,
    max_size: int = 4,
    checkout_timeout_s: float = 30,
    name: str | None = None,
    **wanted: Unpack[Wanted],
) -> AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]:
    """`open_pool` on asyncio: `async with await open_async_pool() as pool`."""
    planned = plan(profile, url=url, read_only=read_only, **wanted)
    del url, wanted
    connection, made = await establish_async(await planned.with_password_async())
    await connection.close()
    report(made, planned, on_fallback)
    attempt = made.attempt

    async def configure(connection: psycopg.AsyncConnection[TupleRow]) -> None:
        await set_up_async(connection, attempt)
        if not await proves_read_only_async(connection, attempt):
            raise _not_read_only(attempt)

    async def reset(connection: psycopg.AsyncConnection[TupleRow]) -> None:
        if _was_made_writable(connection.pgconn, attempt):
            raise _not_read_only(attempt)
        await connection.set_autocommit(attempt.autocommit)
        await connection.set_read_only(attempt.transaction_read_only)

    pool: AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]] = AsyncConnectionPool(
        planned.conninfo_async(attempt),
        connection_class=async_connection_class(attempt.target),
        kwargs={"autocommit": attempt.autocommit, "prepare_threshold": None},
        min_size=min_size,
        max_size=max_size,
        timeout=checkout_timeout_s,
        name=name,
        configure=configure,
        check=AsyncConnectionPool.check_connection,
        reset=reset,
        open=False,
    )
    await pool.open()
    return pool


def _was_made_writable(pgconn: PGconn, attempt: Attempt) -> bool:
    """Whether a borrower's SET has changed the default, as far as the server says so by itself (14 and later)."""
    status = pgconn.parameter_status(READ_ONLY.encode())
    return attempt.read_only and attempt.route is Route.OPTIONS and status not in {None, b"on"}


def _not_read_only(attempt: Attempt) -> NotReadOnlyError:
    return NotReadOnlyError(f"A connection of the pool to {attempt.place} would accept writes; it was closed.")
