"""Live trouble for the demo: sessions that block each other, transactions that nobody ends, a pool that leaks.

A statement that is going to block is sent, and its answer is never asked for; the next session comes when the server
says that it waits, since who queues behind whom is the point. The sessions last as long as the block; closing their
connections ends them.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from psycopg import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from pgops.scratch import ScratchDatabase

FORGOTTEN = "order 7: two-phase"
"""The name of the prepared transaction."""

_STEP_S = 0.2


@contextmanager
def live_trouble(database: ScratchDatabase) -> Iterator[None]:
    """Make trouble in `database`, all of it under way when the block begins."""
    with ExitStack() as sessions:

        def session(application: str, *statements: str, user: str = "shop_app") -> psycopg.Connection[Any]:
            conn = database.connect(user=user, application_name=application)
            sessions.callback(conn.close)  # as a context manager it would wait for the answer, to commit
            for statement in statements:
                conn.execute(statement.encode())
            return conn

        watcher = session("watcher", user="postgres")

        def blocked(conn: psycopg.Connection[Any], statement: str) -> None:
            send(conn, statement)
            wait_for_blocked(conn, watcher)

        prepare_and_forget(session("two-phase manager"))

        # Three levels: the mailer waits for invoicing, that for the warehouse, that for the checkout, which sleeps.
        session("checkout", "BEGIN", order(1, "paid"))
        blocked(session("warehouse", "BEGIN", order(2, "sent")), order(1, "sent"))
        blocked(session("invoicing", "BEGIN", order(3, "closed")), order(2, "closed"))
        blocked(session("mailer"), order(3, "open"))
        # A reader that sleeps holds up the ALTER, and that everybody who comes after.
        session("psql of an intern", "BEGIN", "SELECT count(*) FROM shop.products")
        blocked(session("migration", user="postgres"), "ALTER TABLE shop.products ADD COLUMN weight_g integer")
        blocked(session("storefront"), "SELECT name FROM shop.products WHERE id = 1")
        blocked(session("refunds"), "UPDATE sales.payments SET settled = false WHERE id = 7")

        with_error = session("importer", "BEGIN")
        with suppress(errors.DivisionByZero):  # and nobody rolls back
            with_error.execute("SELECT 1 / 0")
        send(session("analytics", user="reporting"), "SELECT count(*), pg_sleep(3600) FROM sales.orders")
        keep_busy(session("nightly import", "BEGIN", user="reporting"), seconds=120)
        session("leaking pool", user="reporting")
        for _ in range(4):
            session("leaking pool")
        yield


def order(number: int, status: str) -> str:
    return f"UPDATE sales.orders SET status = '{status}' WHERE id = {number}"


def send(conn: psycopg.Connection[Any], statement: str) -> None:
    """Send a statement and don't wait for it."""
    conn.pgconn.send_query(statement.encode())
    conn.pgconn.flush()


def keep_busy(conn: psycopg.Connection[Any], *, seconds: int) -> None:
    """Let a transaction go from one short statement to the next: all are sent at once, and run one by one."""
    conn.pgconn.enter_pipeline_mode()
    for _ in range(int(seconds / _STEP_S)):
        conn.pgconn.send_query_params(f"SELECT pg_sleep({_STEP_S})".encode(), None)
    conn.pgconn.pipeline_sync()
    conn.pgconn.flush()


def prepare_and_forget(conn: psycopg.Connection[Any]) -> None:
    conn.execute("BEGIN")
    conn.execute("UPDATE sales.payments SET settled = true WHERE id = 7")
    conn.execute(f"PREPARE TRANSACTION '{FORGOTTEN}'".encode())


def wait_for_blocked(conn: psycopg.Connection[Any], watcher: psycopg.Connection[Any]) -> None:
    """Wait until the server says that `conn` waits for a lock. Raises `TimeoutError` if that doesn't come about."""
    pid = conn.info.backend_pid
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        row = watcher.execute(
            "SELECT wait_event_type = 'Lock' FROM pg_catalog.pg_stat_activity WHERE pid = %s", [pid]
        ).fetchone()
        if row is not None and row[0]:
            return
        time.sleep(0.02)
    raise TimeoutError(f"{conn.info.get_parameters().get('application_name')} should wait for a lock and does not.")
