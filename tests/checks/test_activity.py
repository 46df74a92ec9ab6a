"""Sessions that really run, sit idle and wait: activity.overview, activity.long_running_query,
activity.idle_in_transaction and activity.long_transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from pgops.checks.activity.idle_in_transaction import CHECK as IDLE
from pgops.checks.activity.long_running_query import CHECK as RUNNING
from pgops.checks.activity.long_transaction import CHECK as TRANSACTION
from pgops.checks.activity.overview import CHECK as OVERVIEW
from pgops.checks.report import Outcome
from pgops.findings import Severity
from pgops.scratch import ScratchDatabase
from tests.checks.sessions import Sessions, ask, pid_of, role, sessions_of

LIVE = (
    "activity.idle_in_transaction",
    "activity.long_running_query",
    "activity.long_transaction",
)
"""Whose faults no script can plant: the tests below make the real trouble."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.scratch import ScratchServer

HOSTILE = 'ro "le" 100% {pid} \\ <b> ü'
SLEEPS = "wait_event = 'PgSleep'"
ANY_AGE = {"warn_s": 0.0, "crit_s": 3600.0}


@pytest.fixture
def sessions(database: ScratchDatabase) -> Iterator[Sessions]:
    with sessions_of(database) as opened:
        opened.observer.execute("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)")
        yield opened


# --- overview ---------------------------------------------------------------------------------------------------------


def test_overview_lists_who_is_busy_and_nobody_else(sessions: Sessions) -> None:
    sessions.open()
    waiter_of = sessions.open()
    waiter_of.execute("BEGIN; LOCK TABLE t")
    waiter = sessions.start("TABLE t")
    sleeper = sessions.start(f"SELECT pg_sleep(600), '{HOSTILE}'", until=SLEEPS)

    result = ask(sessions.observer, OVERVIEW)

    assert result.outcome is Outcome.LISTED
    rows = {row.pid: row for row in result.rows if row.client}
    assert list(rows) == [pid_of(waiter_of), pid_of(waiter), pid_of(sleeper)]  # the oldest transaction first
    assert rows[pid_of(waiter_of)].state == "idle in transaction"
    assert (rows[pid_of(waiter)].wait_event_type, rows[pid_of(waiter)].blockers) == ("Lock", 1)
    assert rows[pid_of(sleeper)].query == f"SELECT pg_sleep(600), '{HOSTILE}'"
    assert rows[pid_of(sleeper)].blockers == 0


def test_overview_keeps_to_its_limits(sessions: Sessions) -> None:
    for _ in range(3):
        sessions.start("SELECT pg_sleep(600), 'ü'", until=SLEEPS)
    result = ask(sessions.observer, OVERVIEW, top=2, query_chars=6)
    assert [row.query for row in result.rows] == ["SELECT", "SELECT"]


def test_overview_marks_parallel_workers(sessions: Sessions) -> None:
    leader = _parallel(sessions)
    rows = ask(sessions.observer, OVERVIEW).rows
    assert [row.pid for row in rows if row.client] == [pid_of(leader)]
    assert [row.leader_pid for row in rows if row.backend_type == "parallel worker"] == [pid_of(leader)] * 2


def test_session_that_hides_its_activity_is_not_taken_for_idle(sessions: Sessions) -> None:
    hidden = sessions.open()
    hidden.execute("SET track_activities = off")
    assert [(row.pid, row.state) for row in ask(sessions.observer, OVERVIEW).rows if row.client] == [
        (pid_of(hidden), "disabled")
    ]


def test_query_text_of_a_database_with_another_encoding(sessions: Sessions, server: ScratchServer) -> None:
    name = f"{sessions.database.name}_latin1"
    with server.connect() as conn:
        conn.execute(
            psycopg.sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
            ).format(psycopg.sql.Identifier(name))
        )
    try:
        with sessions_of(ScratchDatabase(name, server)) as elsewhere:
            sleeper = elsewhere.start(
                "SELECT pg_sleep(600), 'Grüße'", elsewhere.open(client_encoding="utf8"), until=SLEEPS
            )
            for check, limits in ((OVERVIEW, {}), (RUNNING, ANY_AGE), (TRANSACTION, {"info_s": 0.0})):
                result = ask(sessions.observer, check, **limits)
                assert {row.pid: row.query for row in result.rows}[pid_of(sleeper)].startswith("(not shown:")
            assert {row.pid: row.query for row in ask(elsewhere.observer, OVERVIEW).rows}[pid_of(sleeper)].endswith(
                "'Grüße'"
            )
    finally:
        with server.connect() as conn:
            conn.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name)))


# --- long running queries ---------------------------------------------------------------------------------------------


def test_long_running_query_is_found_named_and_cancelled(sessions: Sessions, server: ScratchServer) -> None:
    with role(server, HOSTILE):
        sleeper = sessions.start(
            "SELECT pg_sleep(600)", sessions.open(user=HOSTILE, application_name="{user} 100%"), until=SLEEPS
        )
        assert ask(sessions.observer, RUNNING).outcome is Outcome.CLEAN

        (finding,) = ask(sessions.observer, RUNNING, **ANY_AGE).findings

        assert finding.severity is Severity.WARNING
        assert (finding.target.name, finding.target.sub) == (HOSTILE, sessions.database.name)
        assert finding.target.also[0] == "{user} 100%"
        assert f"Session {pid_of(sleeper)} of {HOSTILE} in {sessions.database.name} ({{user}} 100%)" in finding.message
        assert finding.details["query"] == "SELECT pg_sleep(600)"
        sessions.observer.execute(finding.fix or "")
        sessions.finished()
        assert ask(sessions.observer, RUNNING, **ANY_AGE).outcome is Outcome.CLEAN


def test_long_running_queries_come_oldest_first_and_critical_by_age(sessions: Sessions) -> None:
    sleepers = [sessions.start("SELECT pg_sleep(600)", until=SLEEPS) for _ in range(3)]
    result = ask(sessions.observer, RUNNING, warn_s=0.0, crit_s=0.0)
    assert [finding.details["pid"] for finding in result.findings] == [pid_of(each) for each in sleepers]
    assert {finding.severity for finding in result.findings} == {Severity.CRITICAL}
    assert len({finding.fingerprint for finding in result.findings}) == 3


def test_idle_sessions_and_the_one_that_asks_run_nothing(sessions: Sessions) -> None:
    sessions.open().execute("BEGIN; SELECT 1")
    assert ask(sessions.observer, RUNNING, **ANY_AGE).outcome is Outcome.CLEAN


def test_parallel_query_is_counted_once(sessions: Sessions) -> None:
    leader = _parallel(sessions)
    result = ask(sessions.observer, RUNNING, **ANY_AGE)
    assert [(row.pid, row.workers) for row in result.rows] == [(pid_of(leader), 2)]
    assert "2 parallel workers" in result.findings[0].message


def test_walsender_is_no_client(sessions: Sessions, server: ScratchServer) -> None:
    with psycopg.connect(server.conninfo(), autocommit=True, replication="true") as walsender:  # type: ignore[arg-type]
        walsender.execute("IDENTIFY_SYSTEM")
        sessions.wait("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender'", 1)
        for check in (RUNNING, IDLE, TRANSACTION):
            assert ask(sessions.observer, check, warn_s=0.0).outcome is Outcome.CLEAN


def _parallel(sessions: Sessions) -> psycopg.Connection[object]:
    sessions.observer.execute(
        "CREATE TABLE big AS SELECT i, repeat('x', 1000) AS pad FROM generate_series(1, 2000) AS i; ANALYZE big"
    )
    leader = sessions.open()
    leader.execute(
        "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
        "SET min_parallel_table_scan_size = 0"
    )
    sessions.start("SELECT count(pg_sleep(0.5)) FROM big", leader, until="state = 'active'")
    sessions.wait(f"SELECT count(*) FROM pg_stat_activity WHERE leader_pid = {pid_of(leader)} AND state = 'active'", 2)
    return leader


# --- idle in transaction ----------------------------------------------------------------------------------------------


def test_idle_in_transaction_is_found_and_terminated(sessions: Sessions) -> None:
    idle = sessions.open(application_name=HOSTILE.encode("ascii", "replace").decode())
    idle.execute("BEGIN; SELECT 1")
    assert ask(sessions.observer, IDLE).outcome is Outcome.CLEAN

    result = ask(sessions.observer, IDLE, **ANY_AGE)

    (finding,) = result.findings
    assert finding.severity is Severity.WARNING
    assert (result.rows[0].aborted, result.rows[0].blocks, result.rows[0].horizon_age_xids) == (False, 0, None)
    assert finding.fix == f"SELECT pg_catalog.pg_terminate_backend({pid_of(idle)});"
    sessions.observer.execute(finding.fix)
    sessions.wait(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid_of(idle)}", 0)
    assert ask(sessions.observer, IDLE, **ANY_AGE).outcome is Outcome.CLEAN


def test_aborted_transaction_is_idle_too(sessions: Sessions) -> None:
    idle = sessions.open()
    with pytest.raises(psycopg.errors.DivisionByZero):
        idle.execute("BEGIN; SELECT 1 / 0")
    (row,) = ask(sessions.observer, IDLE, **ANY_AGE).rows
    assert (row.pid, row.aborted) == (pid_of(idle), True)


def test_time_counts_from_the_last_statement_not_from_the_begin(sessions: Sessions) -> None:
    idle = sessions.open()
    idle.execute("BEGIN")
    idle.execute("SELECT pg_sleep(0.3)")
    (row,) = ask(sessions.observer, IDLE, **ANY_AGE).rows
    assert row.transaction_age_s >= row.idle_s + 0.3


@pytest.mark.parametrize(
    "begin",
    ["BEGIN; UPDATE t SET v = 1", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t"],
    ids=["it has written", "it keeps a snapshot"],
)
def test_holding_back_the_horizon_for_long_is_critical(sessions: Sessions, begin: str) -> None:
    sessions.open().execute(begin.encode())
    (early,) = ask(sessions.observer, IDLE, warn_s=0.0, crit_s=3600.0).findings
    (late,) = ask(sessions.observer, IDLE, warn_s=0.0, crit_s=0.0).findings
    assert (early.severity, late.severity) == (Severity.WARNING, Severity.CRITICAL)
    assert "holds back VACUUM's horizon" in late.message


def test_idle_without_harm_stays_a_warning(sessions: Sessions) -> None:
    sessions.open().execute("BEGIN; SELECT 1")
    (finding,) = ask(sessions.observer, IDLE, warn_s=0.0, crit_s=0.0).findings
    assert finding.severity is Severity.WARNING


def test_blocking_others_is_critical_at_once(sessions: Sessions) -> None:
    idle = sessions.open()
    idle.execute("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    sessions.start("ALTER TABLE t ADD w int")
    sessions.start("TABLE t")  # behind the ALTER, and so not held up by the idle one directly
    (finding,) = ask(sessions.observer, IDLE, **ANY_AGE).findings
    assert finding.severity is Severity.CRITICAL
    assert finding.details["blocks"] == 1
    assert "keeps 1 session waiting" in finding.message


# --- long transactions ------------------------------------------------------------------------------------------------


def test_long_transaction_by_age(sessions: Sessions) -> None:
    busy = sessions.open()
    busy.execute("BEGIN; UPDATE t SET v = 1")
    for limits, severity in (
        ({"info_s": 0.0}, Severity.INFO),
        ({"info_s": 0.0, "warn_s": 0.0}, Severity.WARNING),
        ({"crit_s": 0.0}, Severity.CRITICAL),
    ):
        (finding,) = ask(sessions.observer, TRANSACTION, **limits).findings
        assert (finding.severity, finding.details["pid"]) == (severity, pid_of(busy))
    assert finding.fix == f"SELECT pg_catalog.pg_terminate_backend({pid_of(busy)});"
    assert ask(sessions.observer, TRANSACTION).outcome is Outcome.CLEAN


def test_transaction_that_another_check_tells_of_is_left_out(sessions: Sessions) -> None:
    sessions.open().execute("BEGIN; SELECT 1")
    sessions.start("SELECT pg_sleep(600)", until=SLEEPS)
    assert len(ask(sessions.observer, TRANSACTION, info_s=0.0).findings) == 2
    assert ask(sessions.observer, TRANSACTION, info_s=0.0, steady_s=0.0).outcome is Outcome.CLEAN


# --- without the right to see -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [OVERVIEW, RUNNING, IDLE, TRANSACTION], ids=lambda check: check.id)
def test_bare_role_is_skipped(sessions: Sessions, server: ScratchServer, check: object) -> None:
    with role(server, "activity_bare"), sessions.open(user="activity_bare") as conn:
        assert ask(conn, check).outcome is Outcome.SKIPPED  # type: ignore[arg-type]


def test_role_that_may_see_statistics_is_enough(any_database: ScratchDatabase, any_server: ScratchServer) -> None:
    with (
        role(any_server, "activity_seer", "LOGIN IN ROLE pg_read_all_stats"),
        sessions_of(any_database) as sessions,
        sessions.open(user="activity_seer") as conn,
    ):
        sessions.open().execute("BEGIN; SELECT 1")
        assert len(ask(conn, IDLE, **ANY_AGE).findings) == 1


def test_a_password_in_a_querys_text_is_masked(sessions: Sessions) -> None:
    busy = sessions.open()
    busy.execute("BEGIN; CREATE ROLE nobody_yet PASSWORD 'hunter2'")
    for check in (OVERVIEW, IDLE):
        result = ask(sessions.observer, check, **(ANY_AGE if check is IDLE else {}))
        shown = [row.query for row in result.rows if row.pid == pid_of(busy)]
        assert shown == ["BEGIN; CREATE ROLE nobody_yet PASSWORD '********'"]
        assert "hunter2" not in repr(result.rows) + repr(result.findings)


@pytest.mark.parametrize("check", [IDLE, RUNNING, TRANSACTION], ids=lambda check: check.id)
def test_a_server_that_does_not_look_at_its_sessions_is_no_clean_one(check, any_database):
    with any_database.connect() as conn:
        conn.execute("SET track_activities = off")
        result = ask(conn, check)
    assert (result.outcome, result.reason) == (
        Outcome.SKIPPED,
        "track_activities is off, so the server has seen nothing",
    )
