"""Back-fills: batches over the key, throttled, resumed, never twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import attrs
import pytest

from pgops.errors import BackfillError, NotApprovedError, StaleProposalError, WrongConnectionError
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
    "a type with a percent sign": (
        'CREATE DOMAIN "per % cent" AS int; CREATE TABLE t (n "per % cent" PRIMARY KEY, v int);'
        " INSERT INTO t SELECT g FROM generate_series(1, 500) AS g"
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
    "a way out that is an expression": ("", {"where": "cents IS NULL) OR (cents IS NULL"}, "no UPDATE"),
    "a union": ("", {"where": "true UNION SELECT 1"}, "no UPDATE"),
    "other tables": ("", {"set": "cents = o.done FROM orders AS o"}, "no plain UPDATE"),
    "rows given back": ("", {"set": "cents = 1 RETURNING id", "where": None}, "no plain UPDATE"),
    "NOT NULL that is not valid": (
        "CREATE TABLE t (n int UNIQUE, v int); ALTER TABLE t ADD CONSTRAINT n_there NOT NULL n NOT VALID",
        {"table": "t", "set": "v = 1", "where": None},
        "no primary key",
    ),
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


def test_other_rows_than_were_agreed_to_are_refused(newest):
    proposal = backfill(newest, "orders", set="cents = 1", where="cents IS NULL")
    approval = proposal.approve(by="ann")
    for changed in ({"assignments": "cents = 2"}, {"condition": None}, {"batch": 1_000_000}):
        with pytest.raises(StaleProposalError):
            attrs.evolve(proposal, **changed).apply(newest, approval=approval)


def test_it_says_when_rows_are_left(newest):
    """The condition stays true of what is filled: the question is answered with false."""
    assert fill(newest, set="cents = NULL").outcome == "incomplete"
    assert fill(newest).outcome == "filled"
    assert fill(newest, set="done = (SELECT max(o.done) FROM orders AS o) + 1", where=None).outcome == "filled"


def test_another_table_under_its_name_is_not_touched(newest, any_database):
    proposal = backfill(newest, "orders", set="done = done + 1", batch=100)
    swapped = []

    def swap(progress) -> None:
        if not swapped:
            with any_database.connect(autocommit=True) as other:
                other.execute("ALTER TABLE orders RENAME TO old_orders")
                other.execute("CREATE TABLE orders (LIKE old_orders INCLUDING ALL)")
                other.execute("INSERT INTO orders SELECT * FROM old_orders")
                other.execute("UPDATE orders SET done = 0")
            swapped.append(progress)

    with pytest.raises(BackfillError, match="another table now"):
        proposal.apply(newest, approval=proposal.approve(by="ann"), on_progress=swap)
    assert newest.execute("SELECT sum(done) FROM orders").fetchone() == (0,)
    assert newest.execute("SELECT sum(done) FROM old_orders").fetchone() == (100,)


def test_a_transaction_of_the_callers_is_refused_at_once(newest, any_database):
    proposal = backfill(newest, "orders", set="done = 1")
    with any_database.connect(autocommit=False) as holder:
        holder.execute("SELECT FROM orders WHERE id = 3 FOR UPDATE")
        with pytest.raises(WrongConnectionError, match="in a transaction"):
            proposal.apply(holder, approval=proposal.approve(by="ann"))


@pytest.fixture
def role(newest):
    """A role that may change the table and no more; the database's, so that nobody else has it."""
    name = f"filler_{newest.info.dbname}"
    newest.execute(f'CREATE ROLE "{name}"; GRANT SELECT, UPDATE ON orders TO "{name}"')
    yield name
    newest.execute(f'RESET ROLE; DROP OWNED BY "{name}"; DROP ROLE "{name}"')


def test_rows_that_policies_hide_are_not_left_out_in_silence(newest, role):
    newest.execute(f'CREATE SCHEMA pgops; GRANT ALL ON SCHEMA pgops TO "{role}"')
    newest.execute("CREATE TABLE hidden (id int PRIMARY KEY); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY")
    newest.execute(f'GRANT SELECT ON hidden TO "{role}"')
    newest.execute(f'SET ROLE "{role}"')
    with pytest.raises(BackfillError, match=r"policy for table.*BYPASSRLS"):
        fill(newest, where="cents IS NULL AND id NOT IN (SELECT h.id FROM hidden AS h)")
    newest.execute("RESET ROLE")
    newest.execute("ALTER TABLE orders ENABLE ROW LEVEL SECURITY")
    newest.execute("CREATE POLICY the_first ON orders USING (id < 3000)")
    newest.execute(f'SET ROLE "{role}"')
    with pytest.raises(BackfillError, match="would hide rows"):
        fill(newest)


def test_a_schema_that_was_made_for_the_role_is_enough(newest, role):
    """CREATE SCHEMA IF NOT EXISTS asks for CREATE on the database even then."""
    newest.execute(f'SET ROLE "{role}"')
    with pytest.raises(BackfillError, match="permission denied for database"):
        fill(newest)
    newest.execute(f'RESET ROLE; CREATE SCHEMA pgops; GRANT ALL ON SCHEMA pgops TO "{role}"; SET ROLE "{role}"')
    proposal = backfill(newest, "orders", set="cents = 1", where="cents IS NULL")
    assert "SCHEMA" not in proposal.statements[0]
    assert proposal.apply(newest, approval=proposal.approve(by="ann")).outcome == "filled"


def test_a_role_that_does_not_see_replicas_is_told(newest, role):
    assert not backfill(newest, "orders", set="cents = 1", where="cents IS NULL").risks
    newest.execute(f'SET ROLE "{role}"')
    (risk,) = backfill(newest, "orders", set="cents = 1", where="cents IS NULL").risks
    assert "without pg_monitor this role does not see how far replicas are" in risk
    nothing = Throttle(max_lag_bytes=None, max_lag_s=None)
    assert not backfill(newest, "orders", set="cents = 1", where="cents IS NULL", throttle=nothing).risks


def test_positions_read_the_same_whatever_the_role_has_set(newest, any_database):
    """Broken off under one DateStyle, gone on with under another: the last key stands as ISO."""
    newest.execute(
        "CREATE TABLE t (day date, span interval, x float8, v int DEFAULT 0, PRIMARY KEY (day, span, x));"
        " INSERT INTO t SELECT '2026-01-01'::date + g, g * interval '1 hour', g / 3.0 FROM generate_series(1, 60) AS g"
    )
    proposal = backfill(newest, "t", set="v = v + 1", batch=7)

    def run(settings, on_progress=None):
        def connect():
            conn = any_database.connect(autocommit=True)
            conn.execute(settings)
            return conn

        return proposal.apply(newest, approval=proposal.approve(by="ann"), on_progress=on_progress, connect=connect)

    def stop(progress) -> None:
        if progress.finished >= 14:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run("SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = -5", stop)
    run("SET DateStyle = 'SQL, MDY'; SET IntervalStyle = 'iso_8601'")
    assert newest.execute("SELECT min(v), max(v) FROM t").fetchone() == (1, 1)


def test_what_the_server_refuses_beforehand_is_said_in_its_words(newest):
    fill(newest)
    proposal = backfill(newest, "orders", set="done = 2")
    newest.execute("ALTER TABLE pgops.backfill DROP COLUMN approved_by")
    with pytest.raises(BackfillError, match='column "approved_by"'):
        proposal.apply(newest, approval=proposal.approve(by="ann"))


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
