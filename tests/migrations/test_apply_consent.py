"""Nothing is carried out but what was agreed to, on the schema that it was planned on."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from pgops.errors import NotApprovedError, StaleProposalError
from pgops.migrations.applying.proposing import propose
from tests.migrations.applications import SQL


def test_nothing_happens_without_consent_to_this_very_plan(newest, any_database):
    proposal = propose(newest, SQL)
    other = propose(newest, "CREATE TABLE other ()")
    expired = attrs.evolve(proposal.approve(by="ann"), until=dt.datetime.now(dt.UTC))
    for approval in (None, other.approve(by="ann"), expired):
        with pytest.raises(NotApprovedError):
            proposal.apply(newest, approval=approval)
    assert newest.execute("SELECT to_regclass('customers')").fetchone() == (None,)


def test_a_plan_for_another_database_or_role_is_refused(newest, any_server):
    proposal = propose(newest, SQL)
    with any_server.connect(autocommit=True) as elsewhere, pytest.raises(StaleProposalError, match="another database"):
        proposal.apply(elsewhere, approval=proposal.approve(by="ann"))


def test_a_plan_that_was_changed_after_it_was_agreed_to_is_refused(newest):
    proposal = propose(newest, SQL)
    other = propose(newest, "CREATE TABLE other ()")
    with pytest.raises(StaleProposalError):
        attrs.evolve(proposal, units=other.units).apply(newest, approval=proposal.approve(by="ann"))
    assert newest.execute("SELECT to_regclass('other')").fetchone() == (None,)


DRIFT = {
    "a column": "ALTER TABLE orders ADD COLUMN late int",
    "an index": "CREATE INDEX late ON orders (amount)",
    "the table made anew": "DROP TABLE orders; CREATE TABLE orders (id bigint PRIMARY KEY, day date, amount numeric)",
    "a view over it": "CREATE VIEW late AS SELECT day FROM orders",
    "a key to it": "CREATE TABLE late (id bigint REFERENCES orders)",
    "what the plan makes": "CREATE TABLE customers ()",
    "a default": "ALTER TABLE orders ALTER amount SET DEFAULT 7",
    "a policy": "CREATE POLICY late ON orders USING (true)",
}


@pytest.mark.parametrize("change", DRIFT.values(), ids=DRIFT)
def test_a_schema_that_has_changed_needs_another_look(newest, change):
    proposal = propose(newest, SQL)
    newest.execute(change)
    with pytest.raises(StaleProposalError, match="schema has changed"):
        proposal.apply(newest, approval=proposal.approve(by="ann"))


def test_rows_and_statistics_are_no_drift(newest):
    proposal = propose(newest, SQL)
    newest.execute("INSERT INTO orders VALUES (9999, now(), 1); ANALYZE orders; CREATE TABLE unrelated ()")
    proposal.apply(newest, approval=proposal.approve(by="ann"))
