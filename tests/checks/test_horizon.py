"""activity.xmin_horizon and its neighbours: with everything that holds the horizon back."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from pgops import Target
from pgops.checks.activity.maintenance_progress import CHECK as PROGRESS
from pgops.checks.activity.recovery_conflicts import CHECK as CONFLICTS
from pgops.checks.activity.rollback_ratio import CHECK as ROLLBACKS
from pgops.checks.activity.xmin_horizon import CHECK as HORIZON
from pgops.checks.api import Seen
from pgops.checks.report import Outcome
from pgops.findings import Severity
from tests.checks.reporting import NOW, SERVER
from tests.checks.sessions import ask, pid_of, role, sessions_of, wait_for
from tests.db.standby import start_standby

LIVE = ("activity.recovery_conflicts", "activity.rollback_ratio", "activity.xmin_horizon")


@pytest.fixture
def sessions(database):
    with sessions_of(database) as opened:
        opened.observer.execute("CREATE TABLE t (a int)")
        yield opened


def use_up(conn, count: int) -> None:
    for _ in range(count):
        conn.execute("SELECT pg_current_xact_id()")


def of(result, kind: str):
    return [row for row in result.rows if row.kind == kind]


def test_every_holder_is_named(sessions):
    slot = f"left_{sessions.database.name}"  # first: to make one waits for all transactions that are open
    sessions.observer.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [slot])
    reader = sessions.open(application_name="report %s")
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t")
    prepared = sessions.open()
    prepared.execute("BEGIN")
    prepared.execute("INSERT INTO t VALUES (1)")
    prepared.execute("PREPARE TRANSACTION 'left ''behind'''")
    use_up(sessions.observer, 50)

    result = ask(sessions.observer, HORIZON, warn_xids=40)

    mine = {row.pid: row for row in of(result, "session")}[pid_of(reader)]
    assert (mine.age_xids >= 50, mine.application, mine.only_catalogs) == (True, "report %s", False)
    assert [row.name for row in of(result, "prepared transaction") if row.database == sessions.database.name] == [
        "left 'behind'"
    ]
    (held,) = [row for row in of(result, "replication slot") if row.name == slot]
    assert (held.only_catalogs, held.database) == (True, None)
    found = {finding.target: finding for finding in result.findings}
    session = next(each for each in result.findings if each.details["pid"] == pid_of(reader))
    assert "in all databases" not in session.message
    assert found[Target("replication slot", None, slot, also=("catalogs",))].fix is None
    assert (
        "system catalogues in all databases"
        in found[Target("replication slot", None, slot, also=("catalogs",))].message
    )
    ended = pid_of(reader)
    for finding in (session, found[Target("prepared transaction", None, "left 'behind'")]):
        sessions.observer.execute(finding.fix)
    # A session takes a moment to end.
    wait_for(lambda: ended not in {row.pid for row in ask(sessions.observer, HORIZON).rows}, "the session to end")


def test_a_young_snapshot_is_nothing_and_a_billion_is_critical(sessions):
    reader = sessions.open()
    reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t")
    assert pid_of(reader) not in {finding.details["pid"] for finding in ask(sessions.observer, HORIZON).findings}
    use_up(sessions.observer, 3)
    worst = ask(sessions.observer, HORIZON, warn_xids=1, crit_xids=2).findings[0]
    assert worst.severity is Severity.CRITICAL


def test_a_parallel_query_is_its_leaders(sessions):
    leader = sessions.open()
    forced = "debug_parallel_query" if leader.info.server_version >= 160000 else "force_parallel_mode"
    leader.execute(f"SET {forced} = on")
    worker = "EXISTS (SELECT FROM pg_stat_activity AS w WHERE w.leader_pid = pg_stat_activity.pid)"
    sessions.start("SELECT count(*), pg_sleep(60) FROM t", leader, until=worker)
    use_up(sessions.observer, 3)
    of_both = "SELECT pid FROM pg_stat_activity WHERE %s IN (pid, leader_pid)"
    both = [pid for (pid,) in sessions.observer.execute(of_both, [pid_of(leader)]).fetchall()]
    assert len(both) == 2
    (finding,) = [each for each in ask(sessions.observer, HORIZON, warn_xids=2).findings if each.details["pid"] in both]
    assert finding.fix == f"SELECT pg_catalog.pg_cancel_backend({pid_of(leader)});", "it is at work"


def test_a_vacuum_at_work_holds_back_nobody(sessions):
    conn = sessions.observer
    conn.execute("INSERT INTO t SELECT generate_series(1, 20000); DELETE FROM t")
    vacuum = sessions.open()
    vacuum.execute("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
    sessions.start("VACUUM t", vacuum, until="wait_event = 'VacuumDelay'")
    (progress,) = [row for row in ask(conn, PROGRESS).rows if row.pid == pid_of(vacuum)]
    assert (progress.what, progress.relation, progress.total > 0) == ("VACUUM", "public.t", True)
    assert pid_of(vacuum) not in {row.pid for row in ask(conn, HORIZON).rows}


def test_rollbacks_are_a_share_of_all(sessions):
    for _ in range(30):
        sessions.observer.execute("BEGIN")
        sessions.observer.execute("ROLLBACK")
    sessions.observer.execute("SELECT 1")
    sessions.open().close()

    def found(**limits):
        with sessions.database.connect() as fresh:  # within one session the statistics may stand still
            return ask(fresh, ROLLBACKS, **limits)

    wait_for(lambda: found().rows[0].rollbacks >= 30, "the rollbacks to be counted")
    assert found().outcome is Outcome.CLEAN
    (finding,) = found(min_transactions=20, warn_pct=5.0).findings
    assert (finding.severity, finding.target.name) == (Severity.INFO, sessions.database.name)
    assert found(min_transactions=20, warn_pct=100.0).outcome is Outcome.CLEAN


def test_a_primary_has_no_recovery_conflicts(any_database):
    with any_database.connect() as conn:
        assert (ask(conn, CONFLICTS).outcome, ask(conn, CONFLICTS).rows) == (Outcome.CLEAN, ())


def test_a_standby_without_conflicts_is_clean(any_server):
    with start_standby(any_server) as conninfo, psycopg.connect(conninfo, autocommit=True) as conn:
        result = ask(conn, CONFLICTS)
    assert (result.outcome, len(result.rows)) == (Outcome.CLEAN, 1)


def test_conflicts_are_told_with_their_causes():
    given = {
        "database": "shop", "tablespace": 0, "lock": 2, "snapshot": 30, "buffer_pin": 0, "deadlock": 0,
        "counting": True, "counted_since": NOW - dt.timedelta(days=2), "window_s": 2 * 86_400.0,
    }  # fmt: skip
    seen = Seen(check=CONFLICTS.id, limits=CONFLICTS.limits(), server=SERVER, now=NOW)
    (finding,) = CONFLICTS.judge([CONFLICTS.row(**given)], seen)
    assert finding.severity is Severity.WARNING
    assert finding.message == (
        "Recovery cancelled 32 queries on this standby in the 2 d that were counted: 30 by snapshot, 2 by lock."
    )
    (few,) = CONFLICTS.judge([CONFLICTS.row(**{**given, "snapshot": 1})], seen)
    assert few.severity is Severity.INFO


def test_a_bare_role_is_told_what_it_lacks(any_database):
    with role(any_database.server, "sees_no_horizon") as name, any_database.connect(user=name) as bare:
        assert ask(bare, HORIZON).outcome is Outcome.SKIPPED
