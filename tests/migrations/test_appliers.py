"""Two appliers at once, poolers in between: one at a time, said by name, and never a deadlock."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time

import psycopg
import pytest

from pgops.errors import PoolerError
from pgops.migrations.applying.ledger import read_ledger
from pgops.migrations.applying.proposing import propose
from pgops.migrations.applying.sessions import AT_WORK
from pgops.scratch import fresh_database
from tests.db.poolers import start_pgbouncer

SQL = """
CREATE INDEX CONCURRENTLY orders_day ON orders (day);
INSERT INTO counter VALUES (1);
CREATE INDEX CONCURRENTLY orders_amount ON orders (amount);
"""
APPLIER = textwrap.dedent("""
    import sys, psycopg
    from pgops.errors import ApplierBusyError
    from pgops.migrations.applying.proposing import propose
    conninfo, sql, wait_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
    with psycopg.connect(conninfo, autocommit=True) as conn:
        proposal = propose(conn, sql)
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            print(proposal.apply(conn, approval=proposal.approve(by="trial"), wait_s=wait_s).outcome)
        except ApplierBusyError as error:
            print(type(error).__name__, error)
""")


@pytest.fixture
def conn(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute("CREATE TABLE orders AS SELECT g AS id, g AS day, g AS amount FROM generate_series(1, 30000) AS g")
        conn.execute("CREATE TABLE counter (n int)")
        yield conn


@pytest.mark.parametrize("wait_s", [30.0, 0.0], ids=["waits", "says who"])
def test_two_at_once(any_server, trials, wait_s):
    for _ in range(trials(20)):
        with fresh_database(any_server) as database, database.connect(autocommit=True) as conn:
            conn.execute(
                "CREATE TABLE orders AS SELECT g AS id, g AS day, g AS amount FROM generate_series(1, 30000) AS g"
            )
            conn.execute("CREATE TABLE counter (n int)")
            command = [sys.executable, "-c", APPLIER, database.conninfo(), SQL, str(wait_s)]
            both = [
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
            ]
            for each in both:
                assert each.stdout.readline() == "ready\n"
            for each in both:
                each.stdin.write("\n")
                each.stdin.flush()
            said = sorted(each.communicate(timeout=60)[0].strip() for each in both)
            assert "applied" in said
            (other,) = [each for each in said if each != "applied"]
            if wait_s:
                assert other == "nothing to do"  # it had waited, and found everything done
            else:
                assert other == "nothing to do" or ("pgops migrate" in other and "session" in other)
            assert conn.execute("SELECT count(*) FROM counter").fetchone() == (1,)
            assert conn.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone() == (0,)
            assert [each.state for each in read_ledger(conn)] == ["done"] * 3


def test_a_holder_that_builds_an_index_and_a_waiter_do_not_deadlock(conn, any_database):
    """With a blocking pg_advisory_lock the waiter's snapshot would be waited for by the holder's index build."""
    outcome = []

    def second() -> None:
        with any_database.connect(autocommit=True) as other:
            proposal = propose(other, "CREATE TABLE second ()")
            started.set()
            outcome.append(proposal.apply(other, approval=proposal.approve(by="b"), wait_s=30).outcome)

    started = threading.Event()
    with any_database.connect(autocommit=False) as writer:
        writer.execute("UPDATE orders SET amount = 0 WHERE id = 1")
        proposal = propose(conn, SQL)
        threads = [threading.Thread(target=second)]
        threading.Timer(2, writer.rollback).start()
        threading.Timer(0.5, threads[0].start).start()
        proposal.apply(conn, approval=proposal.approve(by="a"))
        started.wait(10)
    threads[0].join()
    assert outcome == ["applied"]


def test_a_plan_waits_for_whoever_is_at_work(conn, any_database):
    """The server process of a killed applier goes on with its statement: planning meanwhile would be stale at once."""
    with any_database.connect(autocommit=True, application_name="pgops migrate") as orphan:
        orphan.execute("SELECT pg_advisory_lock(%s)", [AT_WORK])
        threading.Timer(2, orphan.close).start()
        began = time.monotonic()
        assert not any("at work" in risk for risk in propose(conn, SQL).risks)
        assert time.monotonic() - began > 1.5
    with any_database.connect(autocommit=True, application_name="pgops migrate") as orphan:
        orphan.execute("SELECT pg_advisory_lock(%s)", [AT_WORK])
        (risk,) = [risk for risk in propose(conn, SQL, wait_s=0).risks if "at work" in risk]
        assert str(orphan.info.backend_pid) in risk


@pytest.mark.parametrize("pool_size", ["1", "5"])
def test_a_transaction_pooler_is_refused(any_server, pool_size):
    settings = {"pool_mode": "transaction", "default_pool_size": pool_size, "query_wait_timeout": "3"}
    with (
        start_pgbouncer(any_server, **settings) as pooler,
        psycopg.connect(pooler.conninfo(), autocommit=True, prepare_threshold=None) as conn,
    ):
        proposal = propose(conn, "CREATE TABLE never_made ()")
        with pytest.raises(PoolerError, match="transaction pooler"):
            proposal.apply(conn, approval=proposal.approve(by="ann"))
    with any_server.connect() as conn:
        assert conn.execute("SELECT to_regclass('never_made'), to_regnamespace('pgops')").fetchone() == (None, None)


def test_a_session_pooler_is_as_good_as_the_server(any_server, any_database):
    with (
        start_pgbouncer(any_server, pool_mode="session", default_pool_size="5") as pooler,
        psycopg.connect(pooler.conninfo(any_database.name), autocommit=True) as conn,
    ):
        proposal = propose(conn, "CREATE TABLE made (n int); CREATE INDEX CONCURRENTLY ON made (n)")
        assert proposal.apply(conn, approval=proposal.approve(by="ann")).outcome == "applied"
