"""What a proposal says before anything is done: units, locks, sizes, who is in the way, the way back."""

from __future__ import annotations

import time

import pytest

from pgops.errors import StatementFailedError, UnreadableSqlError
from pgops.migrations.applying.ledger import CREATION
from pgops.migrations.applying.proposing import propose
from tests.migrations.applications import SQL, apply

pytestmark = pytest.mark.outer_versions


def test_the_plan_says_units_locks_sizes_and_the_way_back(migrated):
    proposal = propose(migrated, SQL)
    units = [[each.text.split("\n")[0] for each in unit.statements] for unit in proposal.units[1:]]
    assert [len(unit) for unit in units] == [2, 1, 2]
    assert [unit.in_transaction for unit in proposal.units] == [True, True, False, True]
    alter = proposal.units[1].statements[1]
    (held,) = alter.holds
    assert (held.relation, held.lock, held.blocks) == ("orders", "ACCESS EXCLUSIVE", "reads and writes")
    assert held.rows == 5000
    assert held.bytes > 100_000
    assert alter.undo == "ALTER TABLE orders DROP CONSTRAINT amount_positive, DROP COLUMN customer_id"
    assert proposal.units[2].statements[0].undo == "DROP INDEX CONCURRENTLY orders_day"
    assert proposal.units[3].statements[1].undo is None


def test_making_the_ledger_is_the_first_statement_of_the_first_proposal(migrated):
    proposal = propose(migrated, SQL)
    assert proposal.statements[0] == "CREATE SCHEMA IF NOT EXISTS pgops"
    assert proposal.statements[1].startswith("CREATE TABLE pgops.ledger")
    apply(migrated, SQL)
    assert not any("pgops.ledger" in each for each in propose(migrated, "SELECT 1").statements)


def test_proposing_changes_nothing(migrated):
    before = migrated.execute("SELECT count(*) FROM pg_class").fetchone()
    propose(migrated, SQL)
    assert migrated.execute("SELECT count(*) FROM pg_class").fetchone() == before
    assert migrated.execute("SELECT to_regnamespace('pgops')").fetchone() == (None,)


def test_who_is_in_the_way_is_named(newest, any_database):
    with any_database.connect(autocommit=False) as other:
        other.execute("SELECT * FROM orders LIMIT 1")
        proposal = propose(newest, "ALTER TABLE orders ADD COLUMN c int")
        assert [each.pid for each in proposal.blockers] == [other.info.backend_pid]
        assert "ACCESS SHARE" in str(proposal.blockers[0])
        assert any("in the way now" in risk for risk in proposal.risks)
    assert propose(newest, "ALTER TABLE orders ADD COLUMN c int").blockers == ()


def test_an_old_snapshot_is_in_the_way_of_concurrently(newest, any_database):
    with any_database.connect(autocommit=False) as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT 1 FROM pg_class LIMIT 1")
        time.sleep(5.2)
        proposal = propose(newest, "CREATE INDEX CONCURRENTLY i ON orders (amount)")
        assert other.info.backend_pid in [each.pid for each in proposal.blockers]


UNREADABLE = {
    "no SQL": ("SELEC 1;", "syntax error"),
    "psql": ("\\connect other\nSELECT 1;", "psql"),
    "rows for COPY": ("COPY orders FROM stdin;\n1\t2\t3\n\\.\n", "COPY"),
    "a transaction without an end": ("BEGIN; CREATE TABLE x ();", "never commits"),
    "rows for the client": ("COPY orders TO STDOUT;", "nobody to send"),
    "another isolation": ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE x ();", "READ COMMITTED"),
    "a roll-back": ("BEGIN; CREATE TABLE x (); ROLLBACK;", "ROLLBACK"),
    "no transaction allowed in one": (
        "BEGIN; CREATE INDEX CONCURRENTLY i ON orders (day); COMMIT;",
        "inside a transaction",
    ),
    "sure to fail": ("CREATE VIEW v AS SELECT day FROM orders; ALTER TABLE pinned ALTER day TYPE text;", "view"),
}


@pytest.mark.parametrize(("sql", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_carried_out_is_not_proposed(newest, sql, why):
    newest.execute("CREATE TABLE pinned (day date); CREATE VIEW looks AS SELECT day FROM pinned;")
    with pytest.raises(UnreadableSqlError, match=why):
        propose(newest, sql)


NOT_PERMITTED = {
    "a schema that the SQL names": ("CREATE SCHEMA closed; CREATE TABLE closed.t (a int)", "closed"),
    "the ledger's schema": ("CREATE SCHEMA pgops", "pgops"),
    "the ledger": (f"CREATE SCHEMA pgops; GRANT USAGE ON SCHEMA pgops TO low; {CREATION[1]}", "ledger"),
}


@pytest.mark.parametrize(("setup", "what"), NOT_PERMITTED.values(), ids=NOT_PERMITTED)
def test_what_the_role_may_not_look_into_is_told_with_a_cure(newest, setup, what):
    newest.execute("DROP ROLE IF EXISTS low; CREATE ROLE low")
    newest.execute(setup)
    try:
        newest.execute("SET ROLE low")
        with pytest.raises(StatementFailedError, match=rf"permission denied .*{what} \(42501\)") as caught:
            propose(newest, "CREATE TABLE IF NOT EXISTS closed.t (a int)")
        assert caught.value.sqlstate == "42501"
        assert "GRANT" in caught.value.cure
    finally:
        newest.execute("RESET ROLE; DROP OWNED BY low; DROP ROLE low")
