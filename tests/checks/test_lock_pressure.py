"""locks.lock_wait, waiting_sessions, lock_table_saturation and deadlocks: sessions that really wait and collide."""

from __future__ import annotations

import threading
from contextlib import suppress

import psycopg
import pytest

from pgops.checks.locks.deadlocks import CHECK as DEADLOCKS
from pgops.checks.locks.lock_table_saturation import CHECK as SATURATION
from pgops.checks.locks.lock_wait import CHECK as WAIT
from pgops.checks.locks.waiting_sessions import CHECK as WAITING
from pgops.checks.report import Outcome
from pgops.findings import Severity
from tests.checks.sessions import ask, pid_of, role, sessions_of, wait_for

LIVE = ("locks.deadlocks", "locks.lock_table_saturation", "locks.lock_wait", "locks.waiting_sessions")


@pytest.fixture
def sessions(database):
    with sessions_of(database) as opened:
        opened.observer.execute('CREATE TABLE "ta.ble" (a int PRIMARY KEY); INSERT INTO "ta.ble" VALUES (1), (2)')
        yield opened


def test_who_waits_is_told_by_the_seconds(sessions):
    holder = sessions.open()
    holder.execute('BEGIN; LOCK TABLE "ta.ble"')
    waiter = sessions.start('TABLE "ta.ble"', sessions.open(application_name="<b>pool</b> 100%s"))
    assert ask(sessions.observer, WAIT).outcome is Outcome.CLEAN
    (finding,) = ask(sessions.observer, WAIT, info_s=0.0, warn_s=0.001, crit_s=1000.0).findings
    assert (finding.severity, finding.details["pid"]) == (Severity.WARNING, pid_of(waiter))
    assert 'AccessShareLock on public."ta.ble"' in finding.message
    assert "<b>pool</b> 100%s" in finding.message
    sessions.observer.execute(finding.fix)
    sessions.finished()
    assert ask(sessions.observer, WAIT, info_s=0.0, warn_s=0.0).outcome is Outcome.CLEAN


def test_a_queue_is_counted(sessions):
    assert ask(sessions.observer, WAITING).outcome is Outcome.CLEAN
    holder = sessions.open()
    holder.execute('BEGIN; LOCK TABLE "ta.ble"')
    for _ in range(3):
        sessions.start('TABLE "ta.ble"')
    (finding,) = ask(sessions.observer, WAITING, info_sessions=2, warn_sessions=3).findings
    assert (finding.severity, finding.details["sessions"]) == (Severity.WARNING, 3)
    assert "AccessShareLock" in finding.message
    assert ask(sessions.observer, WAITING, info_sessions=4).outcome is Outcome.CLEAN


def test_the_lock_table_fills(sessions):
    before = ask(sessions.observer, SATURATION)
    assert before.outcome is Outcome.CLEAN
    (row,) = before.rows
    many = sessions.open()
    many.execute("BEGIN")
    many.execute("SELECT pg_advisory_xact_lock(i) FROM generate_series(1, 500) AS i")
    after = ask(sessions.observer, SATURATION, warn_pct=100.0 * (row.locked + 400) / row.room)
    assert after.rows[0].locked >= row.locked + 500 - 10
    (finding,) = after.findings
    assert finding.severity is Severity.WARNING
    assert after.readings[0].limit == row.room
    # Twice the same thing is one lock, and what stands in a fast path is none.
    fast = sessions.open()
    fast.execute('BEGIN; SELECT FROM "ta.ble"')
    sessions.open().execute("BEGIN; SELECT pg_advisory_xact_lock_shared(1000000)")
    assert ask(sessions.observer, SATURATION).rows[0].locked <= after.rows[0].locked + 10


def test_a_deadlock_is_counted(sessions):
    assert ask(sessions.observer, DEADLOCKS).outcome is Outcome.CLEAN
    pair = [sessions.open(), sessions.open()]
    for conn, row in zip(pair, (1, 2), strict=True):
        conn.execute("SET deadlock_timeout = '10ms'; BEGIN")
        conn.execute(f'UPDATE "ta.ble" SET a = a WHERE a = {row}')

    def cross(conn, row):
        with suppress(psycopg.errors.DeadlockDetected):
            conn.execute(f'UPDATE "ta.ble" SET a = a WHERE a = {row}')
        conn.execute("ROLLBACK")

    threads = [threading.Thread(target=cross, args=each) for each in zip(pair, (2, 1), strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for conn in pair:
        conn.close()  # a session reports what it counted when it ends
    wait_for(lambda: ask(sessions.observer, DEADLOCKS).findings, "the deadlock to be counted")
    (finding,) = ask(sessions.observer, DEADLOCKS).findings
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("1 deadlocks in the")
    assert ask(sessions.observer, DEADLOCKS, warn_per_day=2.0).findings[0].severity is Severity.INFO


def test_a_bare_role_is_told_what_it_lacks(any_database):
    with role(any_database.server, "sees_no_waits") as name, any_database.connect(user=name) as bare:
        result = ask(bare, WAIT)
    assert (result.outcome, result.cure) == (Outcome.SKIPPED, "GRANT pg_read_all_stats TO sees_no_waits;")
