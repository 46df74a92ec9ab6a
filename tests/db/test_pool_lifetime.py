"""A pool's life: what it decides once, what it survives, and that nothing is left when it is closed."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg_pool import PoolClosed

from pgops.db.pooling import open_async_pool, open_pool
from pgops.scratch import restart_server, start_server
from tests.db.conftest import PASSWORD
from tests.db.poolers import count_in_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pgops.scratch import ScratchServer

ENV: dict[str, str] = {}
ARRIVED = "connection received"
REFUSED = "no pg_hba.conf entry"


@pytest.fixture(scope="module")
def own_server(any_server) -> Iterator[ScratchServer]:
    """One that a test may restart."""
    with start_server(any_server.binaries) as server:
        yield server


def sessions(database, name: str) -> int:
    """How many sessions of that application_name there are, once no more of them end."""
    with database.connect() as conn:
        ask = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        for _ in range(60):
            (count,) = conn.execute(ask, [name]).fetchone()
            if not count:
                break
            time.sleep(0.05)
        return count


async def test_one_refused_attempt_however_many_connections(tls_server, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    url = tls_server.conninfo(host="127.0.0.1", user="wants_tls", password=PASSWORD, sslmode="disable")
    refused, arrived = count_in_log(tls_server.log, REFUSED), count_in_log(tls_server.log, ARRIVED)
    with open_pool(url=url, env=ENV, min_size=4, max_size=4) as pool:
        pool.wait()
    assert count_in_log(tls_server.log, REFUSED) == refused + 1
    assert count_in_log(tls_server.log, ARRIVED) == arrived + 2 + 4  # the refused one, the one that decided, and four
    async with await open_async_pool(url=url, env=ENV, min_size=4, max_size=4) as pool:
        await pool.wait()
    assert count_in_log(tls_server.log, REFUSED) == refused + 2


def test_a_pool_outlives_a_restart_of_its_server(own_server) -> None:
    with open_pool(url=own_server.conninfo(), env=ENV, min_size=2, max_size=2) as pool:
        pool.wait()
        with pool.connection() as conn:
            before = conn.info.backend_pid
        restart_server(own_server, mode="immediate")
        for _ in range(3):
            with pool.connection() as conn:
                assert conn.execute("SHOW default_transaction_read_only").fetchone() == ("on",)
                assert conn.info.backend_pid != before
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    conn.execute("CREATE TABLE t ()")


async def test_an_async_pool_too(own_server) -> None:
    async with await open_async_pool(url=own_server.conninfo(), env=ENV, min_size=2, max_size=2) as pool:
        await pool.wait()
        await asyncio.to_thread(restart_server, own_server, mode="immediate")
        for _ in range(3):
            async with pool.connection() as conn:
                answer = await (await conn.execute("SHOW default_transaction_read_only")).fetchone()
                assert answer == ("on",)


def test_a_borrower_in_mid_statement_gets_the_error_and_the_next_one_a_connection(own_server) -> None:
    with open_pool(url=own_server.conninfo(), env=ENV, min_size=1, max_size=1) as pool:
        asleep = threading.Event()

        def restart() -> None:
            asleep.wait(30)
            restart_server(own_server, mode="immediate")

        restarting = threading.Thread(target=restart)
        restarting.start()

        def sleep() -> None:
            with pool.connection() as conn:
                asleep.set()
                conn.execute("SELECT pg_sleep(30)")

        with pytest.raises(psycopg.OperationalError):
            sleep()
        restarting.join()
        with pool.connection() as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_closed_on_exit_and_nothing_left(any_database) -> None:
    with open_pool(url=any_database.conninfo(), env=ENV, min_size=3, max_size=3, application_name="a pool") as pool:
        pool.wait()
    assert pool.closed
    with pytest.raises(PoolClosed), pool.connection():
        pass
    assert sessions(any_database, "a pool") == 0
    named = {"application_name": "an async pool"}
    async with await open_async_pool(url=any_database.conninfo(), env=ENV, min_size=3, max_size=3, **named) as later:
        await later.wait()
    assert later.closed
    assert await asyncio.to_thread(sessions, any_database, "an async pool") == 0


def test_the_session_that_decided_is_not_left_open(any_database) -> None:
    url = any_database.conninfo()
    with open_pool(url=url, env=ENV, min_size=2, max_size=2, application_name="decided") as pool:
        pool.wait()
        with any_database.connect() as conn:
            ask = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'decided'"
            for _ in range(60):
                if conn.execute(ask).fetchone() == (2,):
                    break
                time.sleep(0.05)
            assert conn.execute(ask).fetchone() == (2,)


def test_no_more_connections_than_asked_for(any_database) -> None:
    with open_pool(url=any_database.conninfo(), env=ENV, max_size=2, checkout_timeout_s=0.2) as pool:
        with pool.connection(), pool.connection(), pytest.raises(psycopg.OperationalError), pool.connection():
            pass
        with pool.connection() as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


ROTATING = """\
[configuration]
schema_version = 1
[database.shop]
host = "127.0.0.1"
port = {port}
database = "postgres"
user = "takes_both"
sslmode = false
password_command = ["cat", "{file}"]
"""


def test_a_password_that_changes_is_asked_for_anew(plain_server, tmp_path: Path) -> None:
    """Passwords of cloud services hold for minutes; a pool that grows later needs the new one."""
    secret, config = tmp_path / "secret", tmp_path / "postgres.toml"
    secret.write_text(PASSWORD)
    config.write_text(ROTATING.format(port=plain_server.port, file=secret))
    with open_pool("shop", config=config, env=ENV, min_size=1, max_size=1) as pool, plain_server.connect() as admin:
        pool.wait()
        admin.execute("ALTER ROLE takes_both PASSWORD 'another'")
        try:
            secret.write_text("another")
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'takes_both'")
            with pool.connection() as conn:
                assert conn.execute("SELECT CURRENT_USER").fetchone() == ("takes_both",)
        finally:
            admin.execute(psycopg.sql.SQL("ALTER ROLE takes_both PASSWORD {}").format(PASSWORD))
