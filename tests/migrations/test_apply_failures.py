"""Statements that fail: what is left, what is cleared away, and what the ledger says."""

from __future__ import annotations

import os
import socket

import psycopg
import pytest

from pgops.errors import StatementFailedError
from pgops.migrations.applying.ledger import read_ledger
from tests.migrations.applications import apply

pytestmark = pytest.mark.outer_versions


def test_a_unit_that_fails_leaves_nothing_and_the_ledger_says_why(migrated):
    sql = "CREATE TABLE first_one ();\nCOMMIT;\nCREATE TABLE second_one ();\nINSERT INTO orders VALUES (1);\n"
    with pytest.raises(StatementFailedError, match=r"statement.sql:4: duplicate key .*23505") as caught:
        apply(migrated, sql)
    assert caught.value.sqlstate == "23505"
    assert migrated.execute("SELECT to_regclass('first_one') IS NOT NULL, to_regclass('second_one')").fetchone() == (
        True,
        None,
    )
    assert [each.state for each in read_ledger(migrated)] == ["done", "failed", "failed"]
    assert "duplicate key" in read_ledger(migrated)[2].error
    migrated.execute("DELETE FROM orders WHERE id = 1")
    apply(migrated, sql)
    assert [(each.state, each.attempts) for each in read_ledger(migrated)] == [("done", 1), ("done", 2), ("done", 2)]


def test_a_unique_index_that_finds_doubles_leaves_no_invalid_index(migrated):
    with pytest.raises(StatementFailedError, match="could not create unique index"):
        apply(migrated, "CREATE UNIQUE INDEX CONCURRENTLY one_day ON orders (day)")
    assert migrated.execute("SELECT to_regclass('one_day')").fetchone() == (None,)
    assert [each.state for each in read_ledger(migrated)] == ["failed"]


def test_an_invalid_index_that_was_left_is_cleared_away_first(migrated):
    leave_invalid_index(migrated)
    record = apply(migrated, "CREATE INDEX CONCURRENTLY one_day ON orders (day)")
    (done,) = [each for each in record.details["statements"] if each["entry"]]
    assert "dropped the invalid index" in done["repaired"][0]
    assert migrated.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_day'::regclass").fetchone() == (
        True,
    )


def test_if_not_exists_over_an_invalid_index_is_no_success(migrated):
    leave_invalid_index(migrated)
    apply(migrated, "CREATE INDEX CONCURRENTLY IF NOT EXISTS one_day ON orders (day)")
    assert migrated.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_day'::regclass").fetchone() == (
        True,
    )


def test_a_statement_that_ends_well_and_does_nothing_is_not_called_done(newest):
    newest.execute("CREATE TABLE customers (other int)")
    with pytest.raises(StatementFailedError, match="catalogue does not show it"):
        apply(newest, "ALTER TABLE IF EXISTS missing ADD COLUMN c int; CREATE TABLE x ();")
    assert newest.execute("SELECT to_regclass('x')").fetchone() == (None,)


def leave_invalid_index(conn):
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("CREATE UNIQUE INDEX CONCURRENTLY one_day ON orders (day)")
    assert conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_day'::regclass").fetchone() == (False,)


def test_a_deferred_constraint_that_fails_at_commit(newest):
    newest.execute("CREATE TABLE child (id bigint REFERENCES orders DEFERRABLE INITIALLY DEFERRED)")
    with pytest.raises(StatementFailedError, match="at COMMIT"):
        apply(newest, "INSERT INTO child VALUES (-1)")
    assert [each.state for each in read_ledger(newest)] == ["failed"]


def test_what_failed_is_done_again_though_the_name_is_taken(newest):
    newest.execute("CREATE INDEX taken ON orders (id)")
    for _ in range(2):
        with pytest.raises(StatementFailedError, match="already exists"):
            apply(newest, "CREATE INDEX CONCURRENTLY taken ON orders (amount)")


# --- broken off, and yet done -----------------------------------------------------------------------------------------


def test_a_detaching_that_was_broken_off_is_finished_and_not_begun_again(newest, any_database):
    newest.execute("CREATE TABLE months (day date) PARTITION BY RANGE (day)")
    newest.execute("CREATE TABLE may PARTITION OF months FOR VALUES FROM ('2026-05-01') TO ('2026-06-01')")
    detach = "ALTER TABLE months DETACH PARTITION may CONCURRENTLY"
    with any_database.connect() as reader, any_database.connect(autocommit=True) as detaching:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM months")
        detaching.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            detaching.execute(detach)
    record = apply(newest, detach)
    (done,) = [each for each in record.details["statements"] if each["entry"]]
    assert "finished the detaching" in done["repaired"][0]
    assert newest.execute("SELECT count(*) FROM pg_inherits").fetchone() == (0,)


def test_what_the_server_ended_after_the_connection_was_lost_is_done(newest, any_database):
    """The applier sees an error, the server's process goes on to its end: the next run asks the catalogue."""
    build = "CREATE INDEX CONCURRENTLY i ON orders (amount)"
    opened = []

    def connect():
        opened.append(any_database.connect(autocommit=True))
        return opened[-1]

    with any_database.connect(autocommit=False) as writer:
        writer.execute("UPDATE orders SET amount = 1 WHERE id = 1")

        def cut(event):
            if event.what == "building" and "waiting for writers" in event.message and not writer.closed:
                with socket.socket(fileno=os.dup(opened[0].fileno())) as line:
                    line.shutdown(socket.SHUT_RDWR)
                writer.close()

        with pytest.raises(StatementFailedError, match="connection lost"):
            apply(newest, build, connect=connect, on_progress=cut)
    assert [each.state for each in read_ledger(newest)] == ["begun"]
    record = apply(newest, build)
    (done,) = [each for each in record.details["statements"] if each["entry"]]
    assert done["attempts"] == 0
