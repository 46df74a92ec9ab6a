"""The runner over pools, and Ctrl-C: side by side, another connection for a lost one, a partial report."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from pgops import run_checks
from tests.checks.making import make_check, trusted
from tests.checks.states import (
    NAME,
    QUIET,
    ROUTES,
    SLOW,
    outcomes,
)

# --- pools ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(any_database):
    with ConnectionPool(any_database.conninfo(), min_size=2, max_size=2, open=True) as pool:
        yield pool


def test_a_pool_runs_checks_side_by_side(pool, any_database):
    sleepers = [make_check(f"sleep{n}", "SELECT pg_catalog.pg_sleep(20)::text AS name") for n in (0, 1)]
    running_checks = threading.Thread(target=run_checks, args=[pool], kwargs={"registry": trusted(*sleepers)})
    running_checks.start()
    until = time.monotonic() + 15
    while running(any_database, "pg_sleep") < 2:
        assert time.monotonic() < until, "they never ran at the same time"
    with any_database.connect() as conn:
        conn.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
        )
    running_checks.join()


def test_a_pool_supplies_another_connection(pool):
    victims = make_check("victim", "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())::text AS name")
    more = [make_check(f"quiet{n}") for n in range(8)]
    report = run_checks(pool, registry=trusted(victims, *more))
    assert outcomes(report) == {"victim": "failed"} | {f"quiet{n}": "clean" for n in range(8)}


def test_connections_of_a_pool_that_died_in_the_meantime_do_no_harm(pool, any_database):
    with any_database.connect() as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert outcomes(run_checks(pool, registry=trusted(NAME, QUIET))) == {"name": "found", "quiet": "clean"}


def test_a_pool_without_a_server():
    with ConnectionPool("host=127.0.0.1 port=1 dbname=x", min_size=0, max_size=1, open=True, timeout=0.3) as pool:
        report = run_checks(pool, registry=trusted(NAME, QUIET))
    assert outcomes(report) == {"name": "failed", "quiet": "failed"}
    assert "no connection from the pool" in report["made.name"].reason


def test_pool_deadline(pool):
    report = run_checks(
        pool,
        registry=trusted(SLOW, *[make_check(f"s{n}", "SELECT pg_sleep(9)::text AS name") for n in range(4)]),
        deadline_s=0.5,
    )
    assert {str(result.outcome) for result in report.results} == {"failed"}
    assert report.interrupted == "the deadline of 0.5 s"


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("registry_of", ROUTES)
def test_ctrl_c_cancels_on_the_server_and_gives_the_partial_report(registry_of, any_database):
    with any_database.connect() as conn:
        interrupting = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        interrupting.start()
        report = run_checks(conn, registry=registry_of(NAME, SLOW, QUIET))
        interrupting.join()
        assert conn.info.transaction_status == TransactionStatus.IDLE
        assert conn.execute("SELECT 1").fetchone() == (1,)
    assert outcomes(report) == {"name": "found", "slow": "failed", "quiet": "failed"}
    assert report.interrupted == "Ctrl-C"
    assert running(any_database, "pg_sleep") == 0


def test_ctrl_c_over_a_pool(pool, any_database):
    interrupting = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    interrupting.start()
    report = run_checks(
        pool, registry=trusted(NAME, SLOW, make_check("slow2", "SELECT pg_sleep(31)::text AS name"), QUIET)
    )
    interrupting.join()
    assert report.interrupted == "Ctrl-C"
    assert {"slow": "failed", "slow2": "failed"}.items() <= outcomes(report).items()
    assert running(any_database, "pg_sleep") == 0


def running(database, text):
    with database.connect() as conn:
        return conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            " AND query LIKE '%%' || %s || '%%' AND pid <> pg_backend_pid()",
            [text],
        ).fetchone()[0]
