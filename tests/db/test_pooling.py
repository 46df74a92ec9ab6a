"""Pools: psycopg_pool's own, each connection as `connect` makes it, decided once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from pgops.db.pooling import open_async_pool, open_pool
from pgops.errors import ConnectError
from tests.db.conftest import PASSWORD
from tests.db.poolers import count_in_log

if TYPE_CHECKING:
    from pgops.db.fallback import Fallback

ENV: dict[str, str] = {}


@pytest.fixture(params=["direct", "pgbouncer", "swallowing_pgbouncer"])
def url(request: pytest.FixtureRequest, any_database) -> str:
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE notes (text text)")
    if request.param == "direct":
        return any_database.conninfo()
    return request.getfixturevalue(request.param).conninfo(any_database.name)


def test_writes_are_refused_on_every_connection(url: str, caplog) -> None:
    with caplog.at_level(logging.WARNING, "pgops"), open_pool(url=url, env=ENV, min_size=2, max_size=2) as pool:
        assert isinstance(pool, ConnectionPool)
        with pool.connection() as one, pool.connection() as two:
            for conn in (one, two):
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    conn.execute("INSERT INTO notes VALUES ('x')")
                if not conn.autocommit:
                    conn.rollback()
                assert conn.execute("SHOW application_name").fetchone() == ("pgops",)
    assert len(caplog.records) == ("port=5432" not in url)  # decided once, and said once


async def test_writes_are_refused_on_every_connection_of_an_async_pool(url: str, caplog) -> None:
    with caplog.at_level(logging.WARNING, "pgops"):
        async with await open_async_pool(url=url, env=ENV, min_size=2, max_size=2) as pool:
            assert isinstance(pool, AsyncConnectionPool)
            async with pool.connection() as one, pool.connection() as two:
                for conn in (one, two):
                    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                        await conn.execute("INSERT INTO notes VALUES ('x')")
                    if not conn.autocommit:
                        await conn.rollback()
    assert len(caplog.records) == ("port=5432" not in url)


def test_what_a_borrower_changed_is_put_right(url: str) -> None:
    with open_pool(url=url, env=ENV, min_size=1, max_size=1) as pool:
        with pool.connection() as conn:
            autocommit, read_only = conn.autocommit, conn.read_only
            conn.autocommit = not autocommit
            conn.read_only = False
        with pool.connection() as conn:
            assert (conn.autocommit, conn.read_only) == (autocommit, read_only)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                conn.execute("INSERT INTO notes VALUES ('x')")
            if not conn.autocommit:
                conn.rollback()


def test_a_connection_made_writable_by_set_is_not_lent_again(any_database) -> None:
    with open_pool(url=any_database.conninfo(), env=ENV, min_size=1, max_size=1) as pool:
        with pool.connection() as conn:
            conn.execute("SET default_transaction_read_only = off")
            pid = conn.info.backend_pid
        with pool.connection() as conn:
            assert conn.info.backend_pid != pid
            assert conn.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


async def test_nor_by_an_async_pool(any_database) -> None:
    async with await open_async_pool(url=any_database.conninfo(), env=ENV, min_size=1, max_size=1) as pool:
        async with pool.connection() as conn:
            await conn.execute("SET default_transaction_read_only = off")
            pid = conn.info.backend_pid
        async with pool.connection() as conn:
            assert conn.info.backend_pid != pid


def test_a_connection_that_was_lost_is_replaced_when_it_is_lent(any_database) -> None:
    with open_pool(url=any_database.conninfo(), env=ENV, min_size=1, max_size=1) as pool:
        with pool.connection() as conn:
            pid = conn.info.backend_pid
        with any_database.connect() as killer:
            killer.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with pool.connection() as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


def test_tls_is_decided_once(tls_server) -> None:
    url = tls_server.conninfo(host="127.0.0.1", user="wants_tls", password=PASSWORD, sslmode="disable")
    told: list[Fallback] = []
    before = count_in_log(tls_server.log, "no pg_hba.conf entry")
    with open_pool(url=url, env=ENV, min_size=3, max_size=3, on_fallback=told.append) as pool:
        pool.wait()
        with pool.connection() as conn:
            assert conn.pgconn.ssl_in_use
    assert len(told) == 1
    assert count_in_log(tls_server.log, "no pg_hba.conf entry") == before + 1
    assert PASSWORD not in repr(pool)


def test_a_writable_pool(any_database) -> None:
    with open_pool(url=any_database.conninfo(), env=ENV, read_only=False) as pool, pool.connection() as conn:
        conn.execute("CREATE TABLE notes ()")


def test_a_pool_that_can_not_connect_says_so_at_once(any_server) -> None:
    with pytest.raises(ConnectError, match='"nosuch" does not exist'):
        open_pool(url=any_server.conninfo("nosuch"), env=ENV)


async def test_an_async_pool_too(any_server) -> None:
    with pytest.raises(ConnectError, match='"nosuch" does not exist'):
        await open_async_pool(url=any_server.conninfo("nosuch"), env=ENV)
