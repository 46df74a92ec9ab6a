"""Applying: what is done is done once, proved and written down; a file that has grown goes on where it stood."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs
import psycopg
import pytest

from pgops.findings import as_json
from pgops.migrations.applying.ledger import read_ledger
from pgops.migrations.applying.proposing import propose
from pgops.migrations.sources import Source
from tests.migrations.applications import SQL, apply

if TYPE_CHECKING:
    from pgops.approval import Record

pytestmark = pytest.mark.outer_versions


def test_everything_is_done_proved_and_written_down(migrated):
    kept: list[Record] = []
    record = apply(migrated, SQL, record=kept.append)
    assert kept == [record]
    assert record.outcome == "applied"
    entries = read_ledger(migrated)
    assert [(each.state, each.attempts, each.approved_by) for each in entries] == [("done", 1, "ann")] * 5
    assert [each.answer for each in entries] == ["true", "true", "true", "true", None]
    assert record.details["ledger"]["agrees"]
    done = record.details["statements"]
    assert [each["rows"] for each in done][-1] == 10
    assert json.loads(json.dumps(as_json(attrs.asdict(record))))["details"] == record.details
    for entry in entries:
        if entry.question:
            assert migrated.execute(entry.question).fetchone() == (True,)  # what is written can be asked again
    assert migrated.execute("SELECT count(*) FROM orders WHERE amount = 11").fetchone() == (2,)


def test_a_second_time_there_is_nothing_to_do(migrated):
    apply(migrated, SQL)
    again = propose(migrated, SQL)
    assert not again.is_change
    assert again.done == 5
    assert again.apply(migrated, approval=again.approve(by="ann")).outcome == "nothing to do"
    assert migrated.execute("SELECT max(amount) FROM orders WHERE id = 10").fetchone() == (11,)


def test_what_was_added_to_a_file_is_all_that_is_left(newest):
    apply(newest, SQL)
    longer = propose(
        newest, SQL + "ALTER TABLE customers ADD COLUMN mail text;\nUPDATE orders SET amount = 0 WHERE false;"
    )
    assert longer.statements == (
        "ALTER TABLE customers ADD COLUMN mail text",
        "UPDATE orders SET amount = 0 WHERE false",
    )


def test_the_same_words_twice_are_two_statements(newest):
    newest.execute("CREATE TABLE counter (n int)")
    apply(newest, "INSERT INTO counter VALUES (1); INSERT INTO counter VALUES (1);")
    assert newest.execute("SELECT count(*) FROM counter").fetchone() == (2,)
    apply(newest, "INSERT INTO counter VALUES (1); INSERT INTO counter VALUES (1); INSERT INTO counter VALUES (1);")
    assert newest.execute("SELECT count(*) FROM counter").fetchone() == (3,)
    apply(newest, Source.of("INSERT INTO counter VALUES (1);", file="other.sql"))
    assert newest.execute("SELECT count(*) FROM counter").fetchone() == (4,)


@pytest.mark.parametrize("applied", [False, True], ids=["no ledger", "a ledger"])
def test_reading_the_ledger_leaves_no_transaction_behind(newest, any_database, applied):
    if applied:
        apply(newest, "CREATE TABLE made ()")
    with any_database.connect(autocommit=False, row_factory=psycopg.rows.dict_row) as caller:
        assert [each.state for each in read_ledger(caller)] == ["done"] * applied
        assert caller.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        caller.execute("SELECT 1")
        read_ledger(caller)
        assert caller.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS  # the caller's own stays
