"""The runner on asyncio: over the same tables as with blocking calls, and what only a task can do: be cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, AsyncNullConnectionPool, NullConnectionPool

import pgops
from pgops import Outcome, run_checks_async
from tests.checks.making import make_check, trusted, untrusted
from tests.checks.states import (
    ALL_TYPES,
    BROKEN,
    NAME,
    QUIET,
    ROUTES,
    SETTINGS,
    SLOW,
    STATES,
    latin1,
    not_autocommit,
    open_transaction,
    open_without_autocommit,
    outcomes,
    plain,
    repeatable_read,
)
from tests.checks.test_runner import WRITING
from tests.checks.test_runner_failures import FAULTY, terminated_by
from tests.checks.test_runner_pools import running

ASYNC_TWINS = {psycopg.ClientCursor: psycopg.AsyncClientCursor, psycopg.RawCursor: psycopg.AsyncRawCursor}


class Notes:
    """Takes down what a state does to a connection, to be done again on asyncio."""

    def __init__(self, conn: psycopg.AsyncConnection) -> None:
        object.__setattr__(self, "adapters", conn.adapters)
        object.__setattr__(self, "noted", [])

    def execute(self, sql: str) -> None:
        self.noted.append(("execute", sql))

    def __setattr__(self, name: str, value: object) -> None:
        self.noted.append((name, value))


async def bring_into(state, conn: psycopg.AsyncConnection) -> None:
    notes = Notes(conn)
    state(notes)
    for what, value in notes.noted:
        if what == "execute":
            await conn.execute(value)
        elif what == "autocommit":
            await conn.set_autocommit(value)
        else:
            setattr(conn, what, ASYNC_TWINS.get(value, value))


def standing(conn: psycopg.AsyncConnection):
    """Everything about a connection that its owner could notice."""
    status = conn.info.transaction_status
    shown = SETTINGS if status == TransactionStatus.INTRANS else ()
    return (
        status,
        conn.autocommit,
        conn.row_factory,
        conn.cursor_factory,
        conn.info.encoding,
        conn.pgconn.parameter_status(b"DateStyle"),
        conn.pgconn.parameter_status(b"TimeZone"),
        conn.read_only,
        conn.isolation_level,
        {name: conn.pgconn.exec_(f"SHOW {name}".encode()).get_value(0, 0) for name in shown},
    )


async def connected(database) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(database.conninfo(), autocommit=True)


async def until(fact, what: str) -> None:
    deadline = time.monotonic() + 20
    while not fact():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


# --- connections as they come -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("registry_of", ROUTES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_answers_are_right_and_the_connection_is_left_as_it_was(state, registry_of, any_database):
    async with await connected(any_database) as conn:
        await bring_into(state, conn)
        before = standing(conn)
        report = await run_checks_async(conn, registry=registry_of(NAME, BROKEN, ALL_TYPES, QUIET))
        assert standing(conn) == before
        assert outcomes(report) == {"name": "found", "broken": "failed", "types": "listed", "quiet": "clean"}
        assert report["made.name"].findings[0].target.name == "Ümläut €"
        (row,) = report["made.types"].rows
        assert (row.text, row.whole, row.number, row.yes, row.names) == ("é%", 7, 0.1, True, ("a", "ß"))
        assert row.at.isoformat() == "2026-11-22T08:00:00.500000+00:00"
        await conn.rollback()


async def test_on_every_version(database):
    async with await connected(database) as conn:
        report = await run_checks_async(conn, registry=trusted(NAME, BROKEN, ALL_TYPES, QUIET))
    assert report.server.major == database.server.major
    assert outcomes(report) == {"name": "found", "broken": "failed", "types": "listed", "quiet": "clean"}


async def test_the_whole_catalogue_says_what_the_sync_runner_says(any_database):
    with any_database.connect() as conn:
        there = pgops.run_checks(conn)
    async with await connected(any_database) as conn:
        here = await run_checks_async(conn)
    assert outcomes(here) == outcomes(there)


async def test_a_failed_transaction_stays_failed_and_says_so(any_database):
    async with await connected(any_database) as conn:
        await conn.execute("BEGIN")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await conn.execute("SELECT 1/0")
        report = await run_checks_async(conn, registry=trusted(NAME))
        assert conn.info.transaction_status == TransactionStatus.INERROR
        assert report["made.name"].sqlstate == "25P02"
        await conn.rollback()


@pytest.mark.parametrize("sql", WRITING.values(), ids=WRITING.keys())
async def test_no_check_can_write(sql, any_database):
    async with await connected(any_database) as conn:
        await conn.execute("CREATE TABLE t (a text)")
        await conn.execute("CREATE SEQUENCE s")
        result = (await run_checks_async(conn, registry=untrusted(make_check("writing", sql)))).results[0]
        assert result.outcome is Outcome.FAILED, result


UNSENDABLE = make_check("unsendable", "SELECT %(nosuch)s::text AS name")


@pytest.mark.parametrize("registry_of", ROUTES)
@pytest.mark.parametrize("within", [False, True], ids=["idle", "in a transaction"])
async def test_what_psycopg_itself_refuses_leaves_nothing_open(within, registry_of, any_database):
    """The server never sees the question, so it is not its error that ends the savepoint."""
    with any_database.connect() as conn:
        if within:
            conn.execute("BEGIN")
        report = pgops.run_checks(conn, registry=registry_of(UNSENDABLE, QUIET))
        assert outcomes(report) == {"unsendable": "failed", "quiet": "clean"}
        assert conn.execute("SHOW transaction_read_only").fetchone() == ("off",)
        assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)
        conn.execute("ROLLBACK")
    async with await connected(any_database) as conn:
        if within:
            await conn.execute("BEGIN")
        before = standing(conn)
        report = await run_checks_async(conn, registry=registry_of(UNSENDABLE, QUIET))
        assert outcomes(report) == {"unsendable": "failed", "quiet": "clean"}
        assert standing(conn) == before
        await conn.rollback()


async def test_pipeline_mode_is_refused(any_database):
    async with await connected(any_database) as conn, conn.pipeline():
        with pytest.raises(pgops.errors.WrongConnectionError, match="pipeline"):
            await run_checks_async(conn, registry=trusted(NAME))


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("registry_of", ROUTES)
async def test_statement_timeout(registry_of, any_database):
    async with await connected(any_database) as conn:
        report = await run_checks_async(conn, registry=registry_of(SLOW, QUIET), statement_timeout_s=0.2)
    assert outcomes(report) == {"slow": "failed", "quiet": "clean"}
    assert report["made.slow"].reason == "stopped by the statement timeout of 0.2 s"


@pytest.mark.parametrize("registry_of", ROUTES)
async def test_deadline(registry_of, any_database):
    async with await connected(any_database) as conn:
        report = await run_checks_async(conn, registry=registry_of(NAME, SLOW, QUIET), deadline_s=0.5)
        assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
    assert outcomes(report) == {"name": "found", "slow": "failed", "quiet": "failed"}
    assert report["made.slow"].reason == "stopped by the deadline of 0.5 s"
    assert report.interrupted == "the deadline of 0.5 s"


@pytest.mark.parametrize("seconds", [1e9, float("inf")])
async def test_a_timeout_may_be_longer_than_the_server_takes(seconds, any_database):
    async with await connected(any_database) as conn:
        report = await run_checks_async(conn, registry=trusted(NAME), statement_timeout_s=seconds, deadline_s=seconds)
    with any_database.connect() as conn:
        again = pgops.run_checks(conn, registry=trusted(NAME), statement_timeout_s=seconds, deadline_s=seconds)
    assert outcomes(report) == outcomes(again) == {"name": "found"}


@pytest.mark.parametrize("registry_of", ROUTES)
async def test_a_lost_connection_fails_the_rest(registry_of, any_database):
    conn = await connected(any_database)
    report = await run_checks_async(conn, registry=registry_of(NAME, terminated_by(conn, conn), QUIET))
    assert outcomes(report) == {"name": "found", "victim": "failed", "quiet": "failed"}
    assert report["made.victim"].reason.startswith("connection lost: ")
    assert report["made.quiet"].reason == "connection lost"


async def test_a_connection_that_was_closed_before(any_database):
    conn = await connected(any_database)
    await conn.close()
    report = await run_checks_async(conn, registry=trusted(NAME))
    assert outcomes(report) == {"name": "failed"}
    assert "connection lost" in report["made.name"].reason


async def test_a_server_that_stops_answering(any_server, monkeypatch):
    """A backend that is stopped (SIGSTOP) answers to nothing, not even to a cancel request."""
    from pgops.checks import runner_async

    monkeypatch.setattr(runner_async, "GRACE_S", 0.5)
    conn = await psycopg.AsyncConnection.connect(any_server.conninfo(), autocommit=True)
    pid = conn.info.backend_pid
    freezing = asyncio.get_running_loop().call_later(0.5, os.kill, pid, signal.SIGSTOP)
    try:
        report = await asyncio.wait_for(
            run_checks_async(conn, registry=trusted(SLOW, QUIET), statement_timeout_s=1.5), 40
        )
    finally:
        freezing.cancel()
        os.kill(pid, signal.SIGCONT)
    assert outcomes(report) == {"slow": "failed", "quiet": "failed"}
    assert "connection lost" in report["made.slow"].reason


@pytest.mark.parametrize("check", FAULTY.values(), ids=FAULTY.keys())
async def test_a_checks_own_fault_is_its_result(check, any_database, caplog):
    async with await connected(any_database) as conn:
        report = await run_checks_async(conn, registry=trusted(check, QUIET))
    assert outcomes(report) == {"faulty": "failed", "quiet": "clean"}


# --- cancelling -------------------------------------------------------------------------------------------------------

CANCELLED_IN = (plain, not_autocommit, open_transaction, open_without_autocommit, repeatable_read, latin1)


@pytest.mark.parametrize("registry_of", ROUTES)
@pytest.mark.parametrize("state", CANCELLED_IN, ids=lambda state: state.__name__)
async def test_a_cancelled_task_cancels_on_the_server_and_leaves_the_connection_as_it_was(
    state, registry_of, any_database
):
    steps = []
    async with await connected(any_database) as conn:
        await bring_into(state, conn)
        before = standing(conn)
        task = asyncio.create_task(
            run_checks_async(conn, registry=registry_of(NAME, SLOW, QUIET), on_progress=steps.append)
        )
        await until(lambda: running(any_database, "pg_sleep") == 1, "it never ran")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert running(any_database, "pg_sleep") == 0
        assert standing(conn) == before
        assert await (await conn.cursor(row_factory=psycopg.rows.tuple_row).execute("SELECT 1")).fetchone() == (1,)
        await conn.rollback()
    assert [step.result.check for step in steps] == ["made.name"]


async def test_a_callers_own_timeout_is_a_cancellation(any_database):
    async with await connected(any_database) as conn:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run_checks_async(conn, registry=trusted(SLOW)), 0.5)
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert outcomes(await run_checks_async(conn, registry=trusted(NAME))) == {"name": "found"}


# --- pools ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def pool(any_database):
    async with AsyncConnectionPool(any_database.conninfo(), min_size=2, max_size=2, open=False) as pool:
        yield pool


SLEEPERS = [make_check(f"sleep{n}", "SELECT pg_catalog.pg_sleep(20)::text AS name") for n in (0, 1)]


async def test_a_pool_runs_checks_side_by_side(pool, any_database):
    task = asyncio.create_task(run_checks_async(pool, registry=trusted(*SLEEPERS)))
    await until(lambda: running(any_database, "pg_sleep") == 2, "they never ran at the same time")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(any_database, "pg_sleep") == 0
    assert outcomes(await run_checks_async(pool, registry=trusted(NAME, QUIET))) == {"name": "found", "quiet": "clean"}


async def test_a_pool_supplies_another_connection(pool):
    victim = make_check("victim", "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())::text AS name")
    more = [make_check(f"quiet{n}") for n in range(8)]
    report = await run_checks_async(pool, registry=trusted(victim, *more))
    assert outcomes(report) == {"victim": "failed"} | {f"quiet{n}": "clean" for n in range(8)}


async def test_connections_of_a_pool_that_died_in_the_meantime_do_no_harm(pool, any_database):
    await pool.wait()
    with any_database.connect() as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert outcomes(await run_checks_async(pool, registry=trusted(NAME, QUIET))) == {"name": "found", "quiet": "clean"}


async def test_a_pool_without_a_bound(any_database):
    """A null pool's max_size is 0, which means that it would give any number of connections."""
    async with AsyncNullConnectionPool(any_database.conninfo(), open=False) as pool:
        report = await run_checks_async(pool, registry=trusted(NAME, QUIET))
    with NullConnectionPool(any_database.conninfo(), open=True) as pool:
        again = pgops.run_checks(pool, registry=trusted(NAME, QUIET))
    assert outcomes(report) == outcomes(again) == {"name": "found", "quiet": "clean"}


async def test_a_pool_without_a_server():
    async with AsyncConnectionPool(
        "host=127.0.0.1 port=1 dbname=x", min_size=0, max_size=1, open=False, timeout=0.3
    ) as pool:
        report = await run_checks_async(pool, registry=trusted(NAME, QUIET))
    assert outcomes(report) == {"name": "failed", "quiet": "failed"}
    assert "no connection from the pool" in report["made.name"].reason


async def test_pool_deadline(pool):
    sleepers = [make_check(f"s{n}", "SELECT pg_catalog.pg_sleep(9)::text AS name") for n in range(4)]
    report = await run_checks_async(pool, registry=trusted(SLOW, *sleepers), deadline_s=0.5)
    assert {result.outcome for result in report.results} == {Outcome.FAILED}
    assert report.interrupted == "the deadline of 0.5 s"
