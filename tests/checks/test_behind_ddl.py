"""The whole catalogue while DDL holds ACCESS EXCLUSIVE on tables: it ends, nothing waits, and the blocker is named."""

from __future__ import annotations

import time

import pytest

import pgops
from pgops import Outcome
from tests.checks.sessions import pid_of, sessions_of
from tests.checks.situations import own_checks

# Something of everything that a function of the catalogue would lock to describe.
SCHEMA = """
CREATE SCHEMA held;
SET search_path = held;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE parent (id serial PRIMARY KEY, note text, CHECK (note <> ''), state int DEFAULT 1 + 1);
CREATE TABLE child (id int REFERENCES parent, half numeric GENERATED ALWAYS AS (id / 2.0) STORED);
CREATE TABLE measured (at date, what text) PARTITION BY RANGE (at);
CREATE TABLE measured_1 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE measured_rest PARTITION OF measured DEFAULT;
CREATE INDEX lower_note ON parent (lower(note)) WHERE state > 1;
CREATE INDEX twin ON child (id);
CREATE INDEX twin_again ON child (id);
CREATE STATISTICS both_ways ON id, state FROM parent;
CREATE TRIGGER touched BEFORE UPDATE ON parent FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION touched();
CREATE VIEW seen AS SELECT parent.id, child.half FROM parent JOIN child USING (id);
CREATE MATERIALIZED VIEW kept AS SELECT * FROM seen;
CREATE RULE quiet AS ON DELETE TO parent DO INSTEAD NOTHING;
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parent USING (id > 0);
CREATE PUBLICATION of_held FOR TABLE parent, child;
"""
HOLD = """
LOCK TABLE held.parent, held.child, held.measured, held.measured_1, held.measured_rest, held.seen;
ALTER MATERIALIZED VIEW held.kept RENAME TO held_too;
ALTER INDEX held.lower_note RENAME TO held_index;
ALTER SEQUENCE held.parent_id_seq AS bigint;
"""


@pytest.fixture
def sessions(database):
    with sessions_of(database) as sessions:
        sessions.observer.execute(SCHEMA)
        yield sessions


def test_no_check_waits_for_a_lock(sessions):
    """What `opt_in` checks read is the tables themselves: they fail by their lock timeout, and by nothing else."""
    holder = sessions.open(application_name="the migration")
    holder.execute("BEGIN")
    holder.execute(HOLD)
    waiting = sessions.start("SELECT * FROM held.parent")
    queued = sessions.start("ALTER TABLE held.child ADD COLUMN later int")
    with sessions.database.connect() as conn:
        began = time.monotonic()
        report = pgops.run_checks(conn, own_checks())
        took_s = time.monotonic() - began
    opt_in = {check.id for check in pgops.list_checks() if check.opt_in}
    assert {result.check: result.reason for result in report.failed if result.check not in opt_in} == {}
    assert all("a lock was not to be had" in result.reason for result in report.failed)
    assert took_s < 60, "a run that ends, if not at once on a busy machine"
    chain = report["locks.blocking_chain"]
    assert chain.outcome is Outcome.FOUND
    assert {row.pid for row in chain.rows} >= {pid_of(holder), pid_of(waiting), pid_of(queued)}
    assert any("the migration" in finding.message for finding in chain.findings)
