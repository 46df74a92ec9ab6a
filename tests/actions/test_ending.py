"""What becomes of sessions that are to be ended: each outcome, on real sessions, as it was seen on the server."""

from __future__ import annotations

import datetime as dt
import math

import attrs
import psycopg
import pytest
from psycopg.rows import dict_row

from pgops.actions import Outcome, SessionSeen, list_sessions, propose_cancel, propose_terminate, results_of
from pgops.errors import NotApprovedError, NotListedError, StaleProposalError, WrongConnectionError
from pgops.scratch import fresh_database
from tests.checks.sessions import pid_of, role, sessions_of
from tests.db.poolers import start_pgbouncer

SLEEP = "SELECT pg_sleep(300)"
ASLEEP = "wait_event = 'PgSleep'"
HEEDS_NO_CANCEL = """
DO $$ BEGIN LOOP
  BEGIN PERFORM pg_sleep(300); EXCEPTION WHEN query_canceled THEN NULL; END;
END LOOP; END $$"""


def listed(conn, *wanted):
    return list_sessions(conn, pids=[pid_of(each) for each in wanted])


def approved(proposal):
    return proposal.approve(by="ann")


def apply(proposal, conn, **more):
    return results_of(proposal.apply(conn, approval=approved(proposal), **more))


def is_there(sessions, conn) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
    return sessions.observer.execute(query, [pid_of(conn)]).fetchone() == (1,)


def close(sessions, conn) -> None:
    """Close it, and wait until the server has noticed."""
    gone = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid_of(conn)}"
    conn.close()
    sessions.wait(gone, 0)


@pytest.mark.outer_versions
def test_what_was_ended_is_seen_to_have_ended(database):
    with sessions_of(database) as sessions:
        active = sessions.start(SLEEP, until=ASLEEP)
        in_transaction = sessions.open(autocommit=False)
        in_transaction.execute("CREATE TABLE made (a int)")
        idle = sessions.open(application_name="idler")
        found = listed(sessions.observer, active, in_transaction, idle)
        proposal = propose_terminate(sessions.observer, found)
        assert "its transaction of" in "".join(proposal.effects)
        assert "what it has written is lost" in "".join(proposal.effects)
        kept = []
        record = proposal.apply(sessions.observer, approval=approved(proposal), record=kept.append)
        assert kept == [record]
        assert record.outcome == "3 ended"
        assert {each.pid: each.outcome for each in results_of(record)} == {each.pid: Outcome.ENDED for each in found}
        assert not any(is_there(sessions, each) for each in (active, in_transaction, idle))

        working = sessions.start(SLEEP, until=ASLEEP)
        (result,) = apply(propose_cancel(sessions.observer, listed(sessions.observer, working)), sessions.observer)
        assert result.outcome is Outcome.CANCELLED
        sessions.finished()
        assert working.execute("SELECT 1").fetchone() == (1,)  # its session goes on


def test_sessions_that_ended_before_and_process_ids_used_again(sessions):
    closed, alive = sessions.open(), sessions.open()
    found = listed(sessions.observer, closed, alive)
    one_ended, other = found if found[0].pid == pid_of(closed) else reversed(found)
    before = attrs.evolve(other, backend_start=other.backend_start - dt.timedelta(microseconds=1))
    proposal = propose_terminate(sessions.observer, [one_ended, before])
    assert sum("has ended since it was listed" in risk for risk in proposal.risks) == 1
    close(sessions, closed)
    results = apply(proposal, sessions.observer)
    assert [each.outcome for each in results] == [Outcome.GONE, Outcome.GONE]
    assert results.all_over
    assert alive.execute("SELECT 1").fetchone() == (1,)


def test_a_later_query_of_the_same_session_is_not_cancelled(sessions):
    working = sessions.start(SLEEP, until=ASLEEP)
    proposal = propose_cancel(sessions.observer, listed(sessions.observer, working))
    sessions.observer.execute("SELECT pg_cancel_backend(%s)", [pid_of(working)])
    sessions.finished()
    later = sessions.start("SELECT pg_sleep(200)", working, until=f"{ASLEEP} AND query LIKE '%200%'")
    (result,) = apply(proposal, sessions.observer)
    assert (result.outcome, result.seconds) == (Outcome.MOVED_ON, None)
    assert listed(sessions.observer, later)[0].is_executing


def test_what_heeds_no_signal_is_still_there(sessions):
    stubborn = sessions.start(HEEDS_NO_CANCEL, until=ASLEEP)
    other = sessions.start(SLEEP, until=ASLEEP)
    proposal = propose_cancel(sessions.observer, listed(sessions.observer, stubborn, other))
    results = apply(proposal, sessions.observer, wait_s=0.2)
    assert {each.pid: each.outcome for each in results} == {
        pid_of(stubborn): Outcome.STILL_THERE,
        pid_of(other): Outcome.CANCELLED,
    }
    assert not results.all_over
    assert results.summary == "1 cancelled, 1 still there"
    with pytest.raises(ValueError, match="wait_s is nan"):  # which would never be over
        apply(proposal, sessions.observer, wait_s=math.nan)


def test_sessions_that_the_role_may_not_end(any_server, any_database):
    with (
        role(any_server, "watcher", "LOGIN IN ROLE pg_read_all_stats") as watcher,
        role(any_server, "signaller", "LOGIN IN ROLE pg_read_all_stats, pg_signal_backend") as signaller,
        role(any_server, "app") as app,
        sessions_of(any_database) as sessions,
    ):
        of_super, of_app, of_watcher = (sessions.open(user=each) for each in ("postgres", app, watcher))
        with any_database.connect(user=watcher) as conn:
            proposal = propose_terminate(conn, listed(conn, of_app, of_watcher))
            assert sum("will not be ended by this role" in risk for risk in proposal.risks) == 1
            results = apply(proposal, conn)
            assert {each.pid: (each.outcome, each.sqlstate) for each in results} == {
                pid_of(of_app): (Outcome.REFUSED, "42501"),
                pid_of(of_watcher): (Outcome.ENDED, None),
            }
        with any_database.connect(user=signaller, autocommit=False) as conn:
            results = apply(propose_terminate(conn, listed(conn, of_super, of_app)), conn)
            assert {each.pid: each.outcome for each in results} == {
                pid_of(of_super): Outcome.REFUSED,
                pid_of(of_app): Outcome.ENDED,
            }
            assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with any_database.connect(user=app) as conn:
            found = listed(conn, of_super)
            with pytest.raises(NotListedError, match="hidden from this role"):
                propose_terminate(conn, [pid_of(of_super)], listed=found)
        assert is_there(sessions, of_super)


def test_who_is_left_alone(any_server, sessions):
    observer = sessions.observer
    walsender = sessions.open(replication="database")
    with pytest.raises(NotListedError, match="is not among those listed"):
        propose_terminate(observer, [pid_of(walsender)])
    for propose in (propose_cancel, propose_terminate):
        with pytest.raises(NotListedError, match="the one that asks"):
            propose(observer, list_sessions(observer, pids=[pid_of(observer)], itself=True))
        with pytest.raises(NotListedError, match="no client's session"):
            propose(observer, listed(observer, walsender))
        with pytest.raises(NotListedError, match="part of the server"):
            propose(observer, [*list_sessions(observer, include=["checkpointer"])], also=["checkpointer"])
        with pytest.raises(NotListedError, match="No session was named"):
            propose(observer, [])
    # Of what comes and goes, as a listing would have it:
    began = dt.datetime.now(dt.UTC)
    worker = SessionSeen(pid=1, backend_start=began, backend_type="parallel worker", leader_pid=4711)
    with pytest.raises(NotListedError, match="session 4711: end that"):
        propose_terminate(observer, [worker])
    autovacuum = attrs.evolve(
        worker, backend_type="autovacuum worker", query="autovacuum: VACUUM t (to prevent wraparound)"
    )
    with pytest.raises(NotListedError, match="autovacuum worker"):
        propose_terminate(observer, [autovacuum])
    risks = propose_terminate(observer, [autovacuum], also=["autovacuum"]).risks
    assert any("prevents a wraparound" in risk for risk in risks)
    with pytest.raises(NotListedError, match="no query that could be cancelled"):
        propose_cancel(observer, listed(observer, sessions.open()))

    (result,) = apply(propose_terminate(observer, listed(observer, walsender), also="walsender"), observer)
    assert result.outcome is Outcome.ENDED


def test_consent_is_to_these_sessions_on_this_server(any_server, any_database, sessions):
    target = sessions.open()
    proposal = propose_terminate(sessions.observer, [pid_of(target)], listed=listed(sessions.observer, target))
    with fresh_database(any_server) as another, another.connect() as elsewhere:
        same_there = propose_terminate(elsewhere, listed(elsewhere, target))
        assert same_there.statements == proposal.statements
        refused = {
            "nobody's": None,
            "for the same on another database": approved(same_there),
            "expired": attrs.evolve(approved(proposal), until=dt.datetime.now(dt.UTC)),
        }
        for name, approval in refused.items():
            with pytest.raises(NotApprovedError):
                proposal.apply(sessions.observer, approval=approval)
            assert is_there(sessions, target), name
        with pytest.raises(StaleProposalError, match="another database_oid, database"):
            proposal.apply(elsewhere, approval=approved(proposal))
        restarted = attrs.evolve(proposal, target={**proposal.target, "server_started": "2026-01-01T00:00:00+00:00"})
        with pytest.raises(StaleProposalError, match="another server_started"):
            restarted.apply(sessions.observer, approval=approved(restarted))
        changed = attrs.evolve(proposal, sessions=(attrs.evolve(proposal.sessions[0], pid=1),))
        with pytest.raises(StaleProposalError, match="not those of its statements"):
            changed.apply(sessions.observer, approval=approved(changed))
        assert is_there(sessions, target)


def test_in_a_transaction_that_has_its_statistics_already(any_database, sessions):
    target, other = sessions.open(), sessions.open()
    with any_database.connect(autocommit=False, row_factory=dict_row) as conn:
        conn.execute("CREATE TABLE kept (a int)")
        conn.execute("SET LOCAL stats_fetch_consistency = 'snapshot'; SELECT count(*) FROM pg_stat_activity")
        proposal = propose_terminate(conn, listed(conn, target, other))
        expected = {pid_of(target): Outcome.ENDED, pid_of(other): Outcome.GONE}
        close(sessions, other)
        assert {each.pid: each.outcome for each in apply(proposal, conn)} == expected
        conn.execute("INSERT INTO kept VALUES (1)")  # the transaction goes on
        conn.commit()
        conn.execute("SET default_transaction_read_only = on; SET search_path = ''")
        conn.commit()
        one_more = sessions.open()
        assert apply(propose_terminate(conn, listed(conn, one_more)), conn).all_over
    with any_database.connect(autocommit=False) as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            conn.execute("SELECT 1/0")
        with pytest.raises(WrongConnectionError):
            apply(proposal, conn)


def test_behind_a_transaction_pooler(any_server, any_database, sessions):
    target = sessions.open(application_name="to be ended")
    with (
        start_pgbouncer(any_server, default_pool_size="3") as pooler,
        psycopg.connect(pooler.conninfo(any_database.name), autocommit=True) as conn,
        psycopg.connect(pooler.conninfo(any_database.name), autocommit=True) as other,
    ):
        other.execute("BEGIN; SELECT 1")  # so that there are several processes
        found = list_sessions(conn, application="to be ended", state="idle")
        proposal = propose_terminate(conn, found)
        assert [each.outcome for each in apply(proposal, conn)] == [Outcome.ENDED]
        assert not is_there(sessions, target)


def test_a_connection_that_is_lost_in_between_leaves_a_record(any_database, sessions):
    conn = any_database.connect()
    revenge = HEEDS_NO_CANCEL.replace("NULL", f"PERFORM pg_terminate_backend({pid_of(conn)})")
    vengeful = sessions.start(revenge, until=ASLEEP)
    (result,) = apply(propose_cancel(conn, listed(conn, vengeful)), conn, wait_s=30)
    assert result.outcome is Outcome.UNKNOWN
    assert "the connection was lost" in result.message
