"""Back-fills: batches over the key, throttled, resumed, never twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from pgops.errors import BackfillError, NotApprovedError, StaleProposalError
from pgops.migrations.backfilling.proposing import backfill
from pgops.migrations.backfilling.throttle import Throttle
from tests.checks.replicas import start_pair
from tests.servers import newest_binaries

TABLE = """
CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric, cents bigint, done int NOT NULL DEFAULT 0);
INSERT INTO orders SELECT g * 3, g FROM generate_series(1, 10000) AS g;
ANALYZE orders;
"""


@pytest.fixture
def conn(database):
    with database.connect(autocommit=True) as conn:
        conn.execute(TABLE)
        yield conn


@pytest.fixture
def newest(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute(TABLE)
        yield conn


def fill(conn, table="orders", **what):
    how = {"set": "cents = amount * 100", "where": "cents IS NULL", "batch": 700} | what
    proposal = backfill(conn, table, **how)
    return proposal.apply(conn, approval=proposal.approve(by="ann"))


def test_every_row_is_filled_once_and_the_record_proves_it(conn):
    record = fill(conn, set="cents = amount * 100, done = done + 1")
    assert record.details["rows"] == 10000
    assert record.details["batches"] == 15
    assert record.details["answer"] == "true"
    assert conn.execute("SELECT min(done), max(done), count(*) FROM orders WHERE cents = amount * 100").fetchone() == (
        1,
        1,
        10000,
    )


KEYS = {
    "two columns, hostile names": (
        'CREATE TABLE t ("Key %s" text, b int, v int, PRIMARY KEY ("Key %s", b));'
        " INSERT INTO t SELECT (g % 7)::text || '''\"%', g, NULL FROM generate_series(1, 500) AS g"
    ),
    "uuid": "CREATE TABLE t (id uuid PRIMARY KEY, v int);"
    " INSERT INTO t SELECT gen_random_uuid() FROM generate_series(1, 500)",
    "timestamps": (
        "CREATE TABLE t (at timestamptz PRIMARY KEY, v int);"
        " INSERT INTO t SELECT now() + g * interval '1 microsecond' FROM generate_series(1, 500) AS g"
    ),
    "a unique index instead of a primary key": (
        "CREATE TABLE t (n int NOT NULL UNIQUE, v int); INSERT INTO t SELECT g FROM generate_series(1, 500) AS g"
    ),
    "partitions": (
        "CREATE TABLE t (n int, d date, v int, PRIMARY KEY (n, d)) PARTITION BY RANGE (d);"
        " CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');"
        " CREATE TABLE t2 PARTITION OF t DEFAULT;"
        " INSERT INTO t SELECT g, '2026-01-01'::date + g % 60 FROM generate_series(1, 500) AS g"
    ),
    "a collation that is not C": (
        'CREATE TABLE t (k text COLLATE "en-x-icu" PRIMARY KEY, v int);'
        " INSERT INTO t SELECT chr(65 + g % 26) || chr(97 + (g * 7) % 26) || g FROM generate_series(1, 500) AS g"
    ),
}


@pytest.mark.parametrize("script", KEYS.values(), ids=KEYS)
def test_any_key_serves(newest, script):
    newest.execute(script)
    record = fill(newest, "t", set="v = 100 % 7", where="v IS NULL AND 1 % 2 = 1", batch=37)
    assert record.details["rows"] == 500
    assert newest.execute("SELECT count(*) FROM t WHERE v = 2").fetchone() == (500,)


REFUSED = {
    "no key": ("CREATE TABLE t (n int UNIQUE, v int)", {"table": "t"}, "no primary key"),
    "no table": ("", {"table": "missing"}, "no table"),
    "a view": ("CREATE VIEW t AS SELECT 1 AS v", {"table": "t"}, "no table"),
    "the key itself": ("", {"set": "id = id + 1"}, "id orders the batches"),
    "more than an UPDATE": ("", {"set": "cents = 1; DROP TABLE orders"}, "no UPDATE"),
    "a way out of the condition": ("", {"where": "true); DELETE FROM orders WHERE (true"}, "no UPDATE|more than one"),
    "a condition in the assignment": ("", {"set": "cents = 1 WHERE id = 3", "where": None}, "no plain UPDATE"),
    "a comment at the end": ("", {"set": "cents = nonsense("}, "no UPDATE"),
    "a batch of nothing": ("", {"batch": 0}, "batch of 0"),
}


@pytest.mark.parametrize(("script", "what", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(newest, script, what, why):
    newest.execute(script or "SELECT 1")
    with pytest.raises(BackfillError, match=why):
        fill(newest, **what)


def test_a_condition_may_end_in_a_comment(newest):
    fill(newest, where="cents IS NULL -- not yet")
    assert newest.execute("SELECT count(*) FROM orders WHERE cents IS NULL").fetchone() == (0,)


def test_consent_and_target(newest, any_server):
    proposal = backfill(newest, "orders", set="cents = 1")
    with pytest.raises(NotApprovedError):
        proposal.apply(newest, approval=None)
    newest.execute("ALTER TABLE orders RENAME TO old_orders; CREATE TABLE orders (LIKE old_orders INCLUDING ALL)")
    with pytest.raises(StaleProposalError, match="another now"):
        proposal.apply(newest, approval=proposal.approve(by="ann"))
    with any_server.connect(autocommit=True) as elsewhere, pytest.raises(StaleProposalError, match="another database"):
        proposal.apply(elsewhere, approval=proposal.approve(by="ann"))


def test_a_row_that_cannot_be_filled_stops_it_and_keeps_the_rest(newest):
    newest.execute("ALTER TABLE orders ADD CHECK (cents <> 500000)")
    with pytest.raises(BackfillError, match="violates check constraint"):
        fill(newest)
    filled = newest.execute("SELECT count(*) FROM orders WHERE cents IS NOT NULL").fetchone()[0]
    assert 0 < filled < 5000
    newest.execute("UPDATE orders SET amount = 1 WHERE amount = 5000")
    assert fill(newest).details["rows_of_this_run"] == 10000 - filled


RUN = textwrap.dedent("""
    import sys, psycopg
    from pgops.migrations.backfilling.proposing import backfill
    with psycopg.connect(sys.argv[1], autocommit=True) as conn:
        proposal = backfill(conn, "orders", set="done = done + 1", batch=20)
        print("ready", flush=True)
        proposal.apply(conn, approval=proposal.approve(by="trial"))
""")


def test_killed_anywhere_each_row_is_filled_exactly_once(newest, any_database, trials):
    """Without a condition that would hide it: done counts."""
    for trial in range(trials(30)):
        newest.execute("UPDATE orders SET done = 0")
        newest.execute("SELECT 1")
        for _ in range(3):
            run = subprocess.Popen(
                [sys.executable, "-c", RUN, any_database.conninfo()], stdout=subprocess.PIPE, text=True
            )
            assert run.stdout.readline() == "ready\n"
            time.sleep(0.05 * (trial + 1) % 0.4)
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
        fill(newest, set="done = done + 1", where=None, batch=20)
        assert newest.execute("SELECT min(done), max(done) FROM orders").fetchone() == (1, 1)


def test_two_runs_share_the_work(newest, any_database):
    proposal = backfill(newest, "orders", set="done = done + 1", batch=50)
    approval = proposal.approve(by="ann")

    def run() -> None:
        with any_database.connect(autocommit=True) as conn:
            proposal.apply(conn, approval=approval)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert newest.execute("SELECT min(done), max(done) FROM orders").fetchone() == (1, 1)


def test_a_locked_row_is_waited_for_and_writers_are_not_held_up(newest, any_database):
    with any_database.connect(autocommit=False) as holder:
        holder.execute("SELECT * FROM orders WHERE id = 6000 FOR UPDATE")
        threading.Timer(3, holder.rollback).start()
        assert fill(newest).details["answer"] == "true"


def test_it_waits_for_a_replica_that_is_behind():
    """A standby that replays nothing for a while: no batch begins meanwhile."""
    with (
        start_pair(newest_binaries()) as pair,
        pair.primary.connect(autocommit=True) as conn,
        pair.standby.connect(autocommit=True) as other,
    ):
        conn.execute(TABLE)
        proposal = backfill(conn, "orders", set="done = done + 1", batch=500, throttle=Throttle(max_lag_bytes=50_000))
        other.execute("SELECT pg_wal_replay_pause()")
        said = []

        def resume() -> None:
            time.sleep(4)
            with pair.standby.connect(autocommit=True) as later:
                later.execute("SELECT pg_wal_replay_resume()")

        resuming = threading.Thread(target=resume)
        resuming.start()
        record = proposal.apply(conn, approval=proposal.approve(by="ann"), on_progress=said.append)
        resuming.join()
        assert any("has not replayed" in each.message for each in said)
        assert record.details["waited_s"] >= 1
        assert record.details["rows"] == 10000


def test_too_much_load_is_waited_for(newest, any_database):
    def work() -> None:
        with any_database.connect(autocommit=True) as conn:
            conn.execute("SELECT pg_sleep(2.5)")

    busy = [threading.Thread(target=work) for _ in range(3)]
    for each in busy:
        each.start()
    time.sleep(0.3)
    record = fill(newest, throttle=Throttle(max_active=2))
    for each in busy:
        each.join()
    assert record.details["waited_s"] >= 1
    with pytest.raises(ValueError, match="max_active"):
        Throttle(max_active=-1)
