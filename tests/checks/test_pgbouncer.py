"""connections.pgbouncer_*: a real pgbouncer with clients that really wait, and consoles of other versions."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import pgops
from pgops.checks.connections.pgbouncer_saturated import CHECK as SATURATED
from pgops.checks.connections.pgbouncer_waiting import CHECK as WAITING
from pgops.checks.report import Outcome
from pgops.db.pooler_console import Pool, PooledDatabase, Pooler, _database, _pool, read_pooler
from pgops.errors import ConninfoError
from pgops.findings import Severity
from tests.checks.sessions import wait_for
from tests.db.poolers import start_pgbouncer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.scratch import ScratchServer
    from tests.db.poolers import Pooler as RunningPooler

LIVE = ("connections.pgbouncer_saturated", "connections.pgbouncer_waiting")
"""Whose faults no script can plant: the tests below make the real trouble."""


@pytest.fixture
def running(any_server: ScratchServer) -> Iterator[RunningPooler]:
    """pgbouncer with two connections a pool, before a throwaway server."""
    settings = {"default_pool_size": "2", "max_client_conn": "10", "stats_users": "watcher"}
    with start_pgbouncer(any_server, **settings) as pooler:
        yield pooler


def looked(running: RunningPooler) -> Pooler:
    return read_pooler(running.conninfo("pgbouncer", user="watcher"))


def asked(server: ScratchServer, pooler: Pooler, **limits: Any) -> dict[str, Any]:
    """The results by slug."""
    with server.connect() as conn:
        report = pgops.run_checks(
            conn,
            [WAITING.id, SATURATED.id],
            facilities={"pgbouncer": pooler},
            limits={WAITING.id: limits} if limits else None,
        )
    return {result.check.removeprefix("connections.pgbouncer_"): result for result in report.results}


def test_clients_that_wait_are_found(any_server: ScratchServer, running: RunningPooler) -> None:
    with ExitStack() as closing:
        quiet = asked(any_server, looked(running))
        assert [each.outcome for each in quiet.values()] == [Outcome.CLEAN, Outcome.CLEAN]
        holders = [closing.enter_context(psycopg.connect(running.conninfo())) for _ in range(2)]
        for conn in holders:
            conn.execute("SELECT 1")  # in a transaction, which keeps the server's connection
        waiters = [threading.Thread(target=wait_in_line, args=(running,), daemon=True) for _ in range(3)]
        for thread in waiters:
            thread.start()
        wait_for(lambda: sum(pool.clients_waiting for pool in looked(running).pools) == 3, "three who wait")
        wait_for(lambda: max(pool.longest_wait_s for pool in looked(running).pools) >= 1, "a wait of a second")

        found = asked(any_server, looked(running))
        (waiting,) = found["waiting"].findings
        assert (waiting.severity, waiting.target.name, waiting.target.sub) == (Severity.WARNING, "postgres", "postgres")
        assert waiting.message.startswith("3 clients wait for a connection of postgres to postgres, the first for ")
        assert "2 of 2 connections are in use" in waiting.message
        critical = asked(any_server, looked(running), crit_s=1.0)["waiting"].findings
        assert [finding.severity for finding in critical] == [Severity.CRITICAL]
        pool = next(finding for finding in found["saturated"].findings if finding.target.kind == "pool")
        assert (pool.severity, pool.details["used"], pool.details["allowed"]) == (Severity.INFO, 2, 2)

        for conn in holders:
            conn.rollback()
        for thread in waiters:
            thread.join(30)
        assert asked(any_server, looked(running))["waiting"].outcome is Outcome.CLEAN


def wait_in_line(running: RunningPooler) -> None:
    with suppress(psycopg.Error), psycopg.connect(running.conninfo(), autocommit=True) as conn:
        conn.execute("SELECT 1")


def test_too_many_clients_are_found(any_server: ScratchServer, running: RunningPooler) -> None:
    with ExitStack() as closing:
        for _ in range(8):
            closing.enter_context(psycopg.connect(running.conninfo(), autocommit=True))
        result = asked(any_server, looked(running))["saturated"]
        (finding,) = (finding for finding in result.findings if finding.target.kind == "pooler")
        assert finding.severity is Severity.WARNING
        assert "of the 10 it admits" in finding.message
        assert any(reading.metric == "used" and reading.limit == 10 for reading in result.readings)


def test_without_a_pooler_it_is_skipped_and_says_how(any_server: ScratchServer) -> None:
    with any_server.connect() as conn:
        for result in pgops.run_checks(conn, [WAITING.id, SATURATED.id]).results:
            assert result.outcome is Outcome.SKIPPED
            assert "'pgbouncer'" in result.cure


def test_a_paused_database_is_named_as_the_cause(any_server: ScratchServer) -> None:
    pool = Pool(
        database="shop",
        user="app",
        mode="transaction",
        clients_active=0,
        clients_waiting=1,
        longest_wait_s=40.0,
        servers_active=0,
        servers=2,
    )
    database = PooledDatabase(
        name="shop",
        pool_size=0,
        reserve_pool_size=0,
        max_connections=10,
        connections=10,
        paused=True,
        disabled=False,
    )
    pooler = Pooler(version="1.24.1", pools=[pool], databases=[database], clients=1, max_clients=0)
    found = asked(any_server, pooler)
    (waiting,) = found["waiting"].findings
    assert waiting.severity is Severity.CRITICAL
    assert "1 client waits" in waiting.message
    assert "paused" in waiting.message
    (full,) = found["saturated"].findings
    assert (full.target.kind, full.target.name) == ("database", "shop")


# --- consoles of other versions ---------------------------------------------------------------------------------------

OLDEST_POOL = {
    "database": "shop",
    "user": "app",
    "cl_active": 3,
    "cl_waiting": 2,
    "sv_active": 1,
    "sv_idle": 1,
    "sv_used": 1,
    "sv_tested": 0,
    "sv_login": 1,
    "maxwait": 1,
    "maxwait_us": 500000,
    "pool_mode": "session",
}
NEWEST_POOL = {
    **OLDEST_POOL,
    "cl_active_cancel_req": 0,
    "cl_waiting_cancel_req": 0,
    "sv_active_cancel": 1,
    "sv_being_canceled": 0,
    "load_balance_hosts": None,
}
OLDEST_DATABASE = {
    "name": "shop",
    "host": "db",
    "port": 5432,
    "database": "shop",
    "force_user": None,
    "pool_size": 20,
    "reserve_pool": 5,
    "pool_mode": None,
    "max_connections": 0,
    "current_connections": 4,
    "paused": 0,
    "disabled": 0,
}
NEWEST_DATABASE = {
    **{name: value for name, value in OLDEST_DATABASE.items() if name != "reserve_pool"},
    "reserve_pool_size": 5,
    "min_pool_size": 0,
    "server_lifetime": 3600,
    "load_balance_hosts": "round-robin",
    "max_client_connections": 0,
    "current_client_connections": 7,
}


def test_columns_are_read_by_name_whatever_the_version() -> None:
    oldest, newest = _pool(OLDEST_POOL), _pool(NEWEST_POOL)  # 1.12 and 1.24
    assert (oldest.longest_wait_s, oldest.servers, newest.servers) == (1.5, 4, 5)
    assert _pool({name: value for name, value in OLDEST_POOL.items() if name != "maxwait_us"}).longest_wait_s == 1.0
    assert _database(OLDEST_DATABASE, {"shop": 0.25}) == _database(NEWEST_DATABASE, {"shop": 0.25})
    assert _database(OLDEST_DATABASE, {}).mean_wait_s is None


def test_a_text_that_is_no_connection_string_does_not_show_its_password() -> None:
    with pytest.raises(ConninfoError) as caught:
        read_pooler("host=pool passwort=hunter2 =")
    assert "hunter2" not in str(caught.value)
