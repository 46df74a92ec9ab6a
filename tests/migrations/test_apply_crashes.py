"""Killed at any moment: a second run ends with the right schema, each statement done once, and a ledger that is true.

The applier by SIGKILL at every event and at random moments, its backends by pg_terminate_backend, the server by an
immediate restart.
"""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time

import pytest

from pgops.migrations.applying.ledger import read_ledger
from pgops.migrations.applying.proposing import propose
from pgops.migrations.sources import Source
from pgops.scratch import fresh_database, restart_server, start_server
from tests.servers import newest_binaries

TEMPLATE = """
CREATE TABLE orders (id bigint PRIMARY KEY, day date, amount numeric, note text);
INSERT INTO orders SELECT g, '2026-01-01'::date + g % 300, g, repeat('x', 50) FROM generate_series(1, 20000) AS g;
CREATE INDEX old_index ON orders (note);
CREATE TABLE counter (n int);
CREATE TABLE months (day date) PARTITION BY RANGE (day);
CREATE TABLE january PARTITION OF months FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
ANALYZE;
"""
SQL = """
CREATE TABLE customers (id bigint PRIMARY KEY);
ALTER TABLE orders ADD COLUMN customer_id bigint, ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;
INSERT INTO counter VALUES (1);
CREATE INDEX CONCURRENTLY orders_day ON orders (day, note);
ALTER TABLE orders VALIDATE CONSTRAINT positive;
UPDATE orders SET amount = amount + 1;
COMMIT;
INSERT INTO counter VALUES (2);
CREATE UNIQUE INDEX CONCURRENTLY orders_amount ON orders (amount);
CREATE INDEX CONCURRENTLY ON orders (lower(note), day);
DROP INDEX CONCURRENTLY old_index;
ALTER TABLE months DETACH PARTITION january CONCURRENTLY;
REINDEX INDEX CONCURRENTLY orders_day;
ALTER TABLE orders ADD CONSTRAINT one_amount UNIQUE USING INDEX orders_amount;
INSERT INTO counter VALUES (3);
"""
APPLIER = textwrap.dedent("""
    import os, signal, sys, psycopg
    from pgops.migrations.applying.proposing import propose
    from pgops.migrations.sources import Source
    conninfo, sql, stop_at = sys.argv[1], sys.argv[2], int(sys.argv[3])
    events = 0
    def count(event):
        global events
        events += 1
        if events == stop_at:
            os.kill(os.getpid(), signal.SIGKILL)
    with psycopg.connect(conninfo, autocommit=True) as conn:
        proposal = propose(conn, Source.of(sql, file="trial.sql"))
        print("ready", flush=True)
        proposal.apply(conn, approval=proposal.approve(by="trial"), on_progress=count)
""")
EVENTS = 24
"""More than there are, so that some runs are not killed at all."""


@pytest.fixture(scope="module")
def server():
    with start_server(newest_binaries(), settings={"max_connections": "40", "autovacuum": "off"}) as server:
        yield server


@pytest.fixture(scope="module")
def wanted(server):
    """The schema and the rows after a run that nobody disturbs."""
    with fresh_database(server, "template_of_trials") as template:
        with template.connect(autocommit=True) as conn:
            conn.execute(TEMPLATE)
        with fresh_database(server, template=template.name) as database, database.connect(autocommit=True) as conn:
            finish(conn)
            result = state_of(conn)
        yield template.name, result


def test_killed_at_every_event(server, wanted, trials):
    template, result = wanted
    for event in range(1, trials(50) + 1):
        with fresh_database(server, template=template) as database:
            applier = started(database, stop_at=event % EVENTS + 1)
            applier.wait(timeout=60)
            assert_second_run_is_right(database, result)


def test_killed_at_random_moments(server, wanted, trials):
    template, result = wanted
    for _ in range(trials(60)):
        with fresh_database(server, template=template) as database:
            applier = started(database)
            time.sleep(random.uniform(0, 0.5))
            applier.kill()
            applier.wait(timeout=60)
            assert_second_run_is_right(database, result)


def test_backends_ended_at_random_moments(server, wanted, trials):
    template, result = wanted
    for _ in range(trials(60)):
        with fresh_database(server, template=template) as database:
            applier = started(database)
            time.sleep(random.uniform(0, 0.4))
            with server.connect(autocommit=True) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'pgops migrate' AND random() < 0.7"
                )
            applier.wait(timeout=60)
            assert_second_run_is_right(database, result)


def test_server_restarted_at_random_moments(server, wanted, trials):
    template, result = wanted
    for _ in range(trials(30)):
        with fresh_database(server, template=template) as database:
            applier = started(database)
            time.sleep(random.uniform(0, 0.4))
            restart_server(server, mode="immediate")
            applier.wait(timeout=60)
            assert_second_run_is_right(database, result)


def started(database, *, stop_at=0):
    """An applier as a process of its own, about to begin."""
    command = [sys.executable, "-c", APPLIER, database.conninfo(), SQL, str(stop_at)]
    applier = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert applier.stdout is not None
    assert applier.stdout.readline() == "ready\n"
    return applier


def assert_second_run_is_right(database, wanted):
    with database.connect(autocommit=True) as conn:
        for entry in read_ledger(conn):
            if entry.state == "done" and entry.question and "orders_amount" not in entry.question:
                assert conn.execute(entry.question).fetchone() == (True,), entry
        finish(conn)
        assert state_of(conn) == wanted
        entries = read_ledger(conn)
        assert {each.state for each in entries} == {"done"}
        assert len(entries) == 14
        for index in conn.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid").fetchall():
            pytest.fail(f"an invalid index is left: {index}")


def finish(conn):
    """Propose and apply until nothing is left: what a person does after a crash. Once is enough."""
    proposal = propose(conn, Source.of(SQL, file="trial.sql"))
    proposal.apply(conn, approval=proposal.approve(by="second"), wait_s=30)
    assert not propose(conn, Source.of(SQL, file="trial.sql")).is_change


def state_of(conn):
    """The schema, and how often each statement was done that may be done only once."""
    shape = conn.execute(
        "SELECT c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull FROM pg_class AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 3"
    ).fetchall()
    constraints = conn.execute(
        "SELECT conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1"
    ).fetchall()
    counted = conn.execute("SELECT n, count(*) FROM counter GROUP BY n ORDER BY n").fetchall()
    total = conn.execute("SELECT sum(amount) FROM orders").fetchone()
    detached = conn.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'months'::regclass").fetchone()
    return shape, constraints, counted, total, detached
