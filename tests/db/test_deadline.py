"""A pooler that lets a client in and then has no server for it: connecting ends in time all the same."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pgops.db.connecting import connect, connect_async
from pgops.db.deadline import hung_up_after
from pgops.errors import ConnectError
from pgops.scratch import restart_server, start_server, stop_server
from tests.db.poolers import start_pgbouncer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.db.poolers import Pooler

ENV: dict[str, str] = {}


@pytest.fixture
def bereft_pooler(any_server) -> Iterator[Pooler]:
    """It has served a client before, so it greets the next without asking its server, which is gone."""
    with start_server(any_server.binaries) as server, start_pgbouncer(server, server_login_retry="60") as pooler:
        connect(url=pooler.conninfo(), env=ENV).close()
        stop_server(server, mode="immediate")
        yield pooler


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_connecting_does_not_wait_for_ever(how: str, bereft_pooler) -> None:
    arguments: dict[str, Any] = {"url": bereft_pooler.conninfo(), "env": ENV, "connect_timeout_s": 2}

    async def try_it() -> None:
        if how == "sync":
            connect(**arguments)
        else:
            await connect_async(**arguments)

    with pytest.raises(ConnectError, match="no statement was answered in 2 s") as caught:
        await try_it()
    assert "log of a pooler" in caught.value.cure
    restart_server(bereft_pooler.server)


def test_in_time_nothing_happens_to_the_connection(any_database) -> None:
    with any_database.connect() as conn:
        for seconds in (0, 30):
            with hung_up_after(conn, seconds):
                assert conn.execute("SELECT 1").fetchone() == (1,)
        assert conn.execute("SELECT 1").fetchone() == (1,)
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for timer in timers:
        timer.join(10)  # a cancelled one needs a moment to end
    assert not any(timer.is_alive() for timer in timers)


def test_an_error_within_is_the_servers_own(any_database) -> None:
    with any_database.connect() as conn, pytest.raises(psycopg.errors.UndefinedTable), hung_up_after(conn, 30):
        conn.execute("SELECT * FROM nowhere")


def test_a_lost_connection_is_no_timeout(any_database) -> None:
    with any_database.connect() as conn, pytest.raises(psycopg.OperationalError) as caught, hung_up_after(conn, 30):
        conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert not isinstance(caught.value, psycopg.errors.ConnectionTimeout)


def test_when_the_time_is_over_the_wait_ends(any_database) -> None:
    with any_database.connect() as conn:
        with pytest.raises(psycopg.errors.ConnectionTimeout), hung_up_after(conn, 1):
            conn.execute("SELECT pg_sleep(600)")
        assert conn.broken


async def test_others_go_on_while_one_waits(bereft_pooler) -> None:
    """The async way waits without a thread of its own, and can be cancelled."""
    waiting = asyncio.create_task(connect_async(url=bereft_pooler.conninfo(), env=ENV, connect_timeout_s=60))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    restart_server(bereft_pooler.server)
