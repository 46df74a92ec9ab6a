"""Propose, approve, apply: on real servers, with real locks in the way."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from typing import TYPE_CHECKING

import attrs
import psycopg
import pytest

from pgops.errors import (
    ApplierBusyError,
    BlockedError,
    NotApprovedError,
    ReadOnlyServerError,
    StaleProposalError,
    StatementFailedError,
    UnreadableSqlError,
    WrongConnectionError,
)
from pgops.findings import as_json
from pgops.migrations.applying.ledger import read_ledger, states
from pgops.migrations.applying.proposing import propose
from pgops.migrations.applying.sessions import APPLIER
from pgops.migrations.sources import Source

if TYPE_CHECKING:
    from pgops.approval import Record

pytestmark = pytest.mark.outer_versions

TABLES = """
CREATE TABLE orders (id bigint PRIMARY KEY, day date, amount numeric);
INSERT INTO orders SELECT g, '2026-01-01', g FROM generate_series(1, 5000) AS g;
ANALYZE orders;
"""
ADD = "ALTER TABLE orders ADD COLUMN c int"
SQL = """\
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
ALTER TABLE orders ADD COLUMN customer_id bigint,
    ADD CONSTRAINT amount_positive CHECK (amount > 0) NOT VALID;
CREATE INDEX CONCURRENTLY orders_day ON orders (day);
ALTER TABLE orders VALIDATE CONSTRAINT amount_positive;
UPDATE orders SET amount = amount + 1 WHERE id <= 10;
"""


@pytest.fixture
def conn(database):
    with database.connect(autocommit=True) as conn:
        conn.execute(TABLES)
        yield conn


@pytest.fixture
def newest(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute(TABLES)
        yield conn


def apply(conn, sql, **how):
    proposal = propose(conn, sql)
    return proposal.apply(conn, approval=proposal.approve(by="ann", note="ticket 7"), **how)


# --- databases that are set otherwise ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_and_datestyle(any_server, encoding):
    name = f"odd_{encoding.lower()}"
    with any_server.connect(autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        conn.execute(f"ALTER DATABASE {name} SET datestyle = 'German'")
    try:
        with any_server.connect(name, autocommit=True) as conn:
            apply(conn, 'CREATE TABLE "t\u00e9l" ("\u00e9" int CHECK ("\u00e9" > 0)); SELECT upper(\'x\')')
            apply(conn, 'CREATE INDEX CONCURRENTLY i ON "t\u00e9l" ("\u00e9")')
            entries = read_ledger(conn)
            assert entries[0].statement.startswith('CREATE TABLE "t\u00e9l"')
            assert abs(entries[-1].ended_at - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
    finally:
        with any_server.connect(autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_the_plan_says_units_locks_sizes_and_the_way_back(conn):
    proposal = propose(conn, SQL)
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


def test_making_the_ledger_is_the_first_statement_of_the_first_proposal(conn):
    proposal = propose(conn, SQL)
    assert proposal.statements[0] == "CREATE SCHEMA IF NOT EXISTS pgops"
    assert proposal.statements[1].startswith("CREATE TABLE pgops.ledger")
    apply(conn, SQL)
    assert not any("pgops.ledger" in each for each in propose(conn, "SELECT 1").statements)


def test_proposing_changes_nothing(conn):
    before = conn.execute("SELECT count(*) FROM pg_class").fetchone()
    propose(conn, SQL)
    assert conn.execute("SELECT count(*) FROM pg_class").fetchone() == before
    assert conn.execute("SELECT to_regnamespace('pgops')").fetchone() == (None,)


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


# --- consent ----------------------------------------------------------------------------------------------------------


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


# --- what is done, and what is written down --------------------------------------------------------------------------


def test_everything_is_done_proved_and_written_down(conn):
    kept: list[Record] = []
    record = apply(conn, SQL, record=kept.append)
    assert kept == [record]
    assert record.outcome == "applied"
    entries = read_ledger(conn)
    assert [(each.state, each.attempts, each.approved_by) for each in entries] == [("done", 1, "ann")] * 5
    assert [each.answer for each in entries] == ["true", "true", "true", "true", None]
    assert record.details["ledger"]["agrees"]
    done = record.details["statements"]
    assert [each["rows"] for each in done][-1] == 10
    assert json.loads(json.dumps(as_json(attrs_of(record))))["details"] == record.details
    for entry in entries:
        if entry.question:
            assert conn.execute(entry.question).fetchone() == (True,)  # what is written can be asked again
    assert conn.execute("SELECT count(*) FROM orders WHERE amount = 11").fetchone() == (2,)


def test_a_second_time_there_is_nothing_to_do(conn):
    apply(conn, SQL)
    again = propose(conn, SQL)
    assert not again.is_change
    assert again.done == 5
    assert again.apply(conn, approval=again.approve(by="ann")).outcome == "nothing to do"
    assert conn.execute("SELECT max(amount) FROM orders WHERE id = 10").fetchone() == (11,)


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


def test_the_connection_that_was_handed_in_is_left_as_it_is(newest, any_database):
    with any_database.connect(autocommit=False, row_factory=psycopg.rows.dict_row) as caller:
        caller.execute("SET statement_timeout = '7s'")
        caller.commit()
        apply(caller, "SET work_mem = '8MB'; SET search_path = pg_catalog; CREATE TABLE public.made ();")
        assert caller.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert caller.autocommit is False
        assert caller.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "7s"}
        assert caller.execute("SHOW work_mem").fetchone() != {"work_mem": "8MB"}


def test_role_and_search_path_of_the_caller_are_those_of_the_migration(newest, any_database):
    newest.execute("DROP ROLE IF EXISTS migrator; CREATE ROLE migrator; CREATE SCHEMA app AUTHORIZATION migrator;")
    newest.execute(f"GRANT CREATE ON DATABASE {any_database.name} TO migrator")
    try:
        newest.execute("SET search_path = app; SET ROLE migrator")
        apply(newest, "CREATE TABLE mine ();")
        newest.execute("RESET ROLE")
        row = newest.execute("SELECT tableowner, schemaname FROM pg_tables WHERE tablename = 'mine'").fetchone()
        assert row == ("migrator", "app")
    finally:
        newest.execute("RESET ROLE; DROP OWNED BY migrator; DROP ROLE migrator")


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_unit_that_fails_leaves_nothing_and_the_ledger_says_why(conn):
    sql = "CREATE TABLE first_one ();\nCOMMIT;\nCREATE TABLE second_one ();\nINSERT INTO orders VALUES (1);\n"
    with pytest.raises(StatementFailedError, match=r"statement.sql:4: duplicate key .*23505") as caught:
        apply(conn, sql)
    assert caught.value.sqlstate == "23505"
    assert conn.execute("SELECT to_regclass('first_one') IS NOT NULL, to_regclass('second_one')").fetchone() == (
        True,
        None,
    )
    assert [each.state for each in read_ledger(conn)] == ["done", "failed", "failed"]
    assert "duplicate key" in read_ledger(conn)[2].error
    conn.execute("DELETE FROM orders WHERE id = 1")
    apply(conn, sql)
    assert [(each.state, each.attempts) for each in read_ledger(conn)] == [("done", 1), ("done", 2), ("done", 2)]


def test_a_unique_index_that_finds_doubles_leaves_no_invalid_index(conn):
    with pytest.raises(StatementFailedError, match="could not create unique index"):
        apply(conn, "CREATE UNIQUE INDEX CONCURRENTLY one_day ON orders (day)")
    assert conn.execute("SELECT to_regclass('one_day')").fetchone() == (None,)
    assert [each.state for each in read_ledger(conn)] == ["failed"]


def test_an_invalid_index_that_was_left_is_cleared_away_first(conn):
    leave_invalid_index(conn)
    record = apply(conn, "CREATE INDEX CONCURRENTLY one_day ON orders (day)")
    (done,) = [each for each in record.details["statements"] if each["entry"]]
    assert "dropped the invalid index" in done["repaired"][0]
    assert conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_day'::regclass").fetchone() == (True,)


def test_if_not_exists_over_an_invalid_index_is_no_success(conn):
    leave_invalid_index(conn)
    apply(conn, "CREATE INDEX CONCURRENTLY IF NOT EXISTS one_day ON orders (day)")
    assert conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_day'::regclass").fetchone() == (True,)


def test_a_statement_that_ends_well_and_does_nothing_is_not_called_done(newest):
    newest.execute("CREATE TABLE customers (other int)")
    with pytest.raises(StatementFailedError, match="catalogue does not show it"):
        apply(newest, "ALTER TABLE IF EXISTS missing ADD COLUMN c int; CREATE TABLE x ();")
    assert newest.execute("SELECT to_regclass('x')").fetchone() == (None,)


def leave_invalid_index(conn):
    with pytest.raises(psycopg.errors.UniqueViolation):
        conn.execute("CREATE UNIQUE INDEX CONCURRENTLY one_day ON orders (day)")
    assert conn.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'one_day'::regclass").fetchone() == (False,)


# --- locks in the way -------------------------------------------------------------------------------------------------


def test_a_lock_is_tried_for_again_and_nobody_queues_for_long(newest, any_database):
    """A reader's open transaction is in the way for three seconds; others wait no longer than the lock timeout."""
    waits: list[float] = []
    stop = threading.Event()

    def read() -> None:
        with any_database.connect(autocommit=True) as reader:
            while not stop.is_set():
                began = time.monotonic()
                reader.execute("SELECT count(*) FROM orders WHERE id = 1")
                waits.append(time.monotonic() - began)

    said = []
    with any_database.connect(autocommit=False) as holder:
        holder.execute("SELECT * FROM orders LIMIT 1")
        threading.Timer(3, holder.rollback).start()
        reading = threading.Thread(target=read)
        reading.start()
        try:
            record = apply(newest, ADD, lock_timeout_s=0.3, on_progress=said.append)
        finally:
            stop.set()
            reading.join()
    retries = [each for each in said if each.what == "retry"]
    assert retries
    assert str(holder.info.backend_pid) in retries[0].message if not holder.closed else True
    (done,) = [each for each in record.details["statements"] if each["entry"]]
    assert done["attempts"] == len(retries) + 1
    assert max(waits) < 1.0  # the timeout and what a shared machine adds; unbounded it would be three seconds


def test_it_gives_up_and_names_who_was_in_the_way(newest, any_database):
    with any_database.connect(autocommit=False) as holder:
        holder.execute("SELECT * FROM orders LIMIT 1")
        with pytest.raises(BlockedError, match=f"session {holder.info.backend_pid}"):
            apply(newest, "ALTER TABLE orders ADD COLUMN c int", lock_timeout_s=0.1, give_up_after_s=1)
    assert [each.state for each in read_ledger(newest)] == ["failed"]
    apply(newest, "ALTER TABLE orders ADD COLUMN c int")


def test_concurrently_waits_for_as_long_as_it_takes(newest, any_database):
    """No timeout breaks off an index build that waits for a writer: that would leave an invalid index."""
    with any_database.connect(autocommit=False) as writer:
        writer.execute("UPDATE orders SET amount = 1 WHERE id = 1")
        threading.Timer(3, writer.rollback).start()
        said = []
        apply(newest, "CREATE INDEX CONCURRENTLY i ON orders (amount)", lock_timeout_s=0.1, on_progress=said.append)
    assert [each.attempts for each in read_ledger(newest)] == [1]
    assert any(each.what == "building" and "waiting for writers" in each.message for each in said)


# --- one at a time ----------------------------------------------------------------------------------------------------


def test_another_applier_is_named(newest, any_database):
    proposal = propose(newest, SQL)
    with any_database.connect(autocommit=True, application_name="deploy 41") as other:
        other.execute("SELECT pg_advisory_lock(%s)", [APPLIER])
        with pytest.raises(ApplierBusyError, match=rf"session {other.info.backend_pid} .*deploy 41"):
            proposal.apply(newest, approval=proposal.approve(by="ann"), wait_s=0.5)
    proposal.apply(newest, approval=proposal.approve(by="ann"))


def test_a_standby_or_a_read_only_session_is_refused(newest, any_database):
    name = any_database.name
    newest.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with any_database.connect(autocommit=True) as conn:
        apply(conn, SQL)  # a default that may be turned off is no refusal
    newest.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    assert states(newest)
    assert ReadOnlyServerError.__doc__


def attrs_of(record):
    import attrs

    return attrs.asdict(record)


# --- what a file says to its session ----------------------------------------------------------------------------------


def test_what_a_file_has_set_holds_when_it_is_resumed_or_made_longer(newest):
    """Else `b` would be made in another schema, or belong to another role."""
    newest.execute("CREATE SCHEMA app")
    apply(newest, "SET search_path = app; CREATE TABLE a ();")
    apply(newest, "SET search_path = app; CREATE TABLE a (); CREATE TABLE b ();")
    sql = "SET search_path = app; CREATE TABLE c (); COMMIT; CREATE TABLE d (); INSERT INTO public.orders VALUES (1);"
    with pytest.raises(StatementFailedError):
        apply(newest, sql)
    newest.execute("DELETE FROM orders WHERE id = 1")
    apply(newest, sql)
    found = newest.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'app' ORDER BY 1").fetchall()
    assert found == [("a",), ("b",), ("c",), ("d",)]


def test_what_one_file_has_set_is_not_there_in_the_next(newest):
    newest.execute("CREATE SCHEMA app")
    sources = [Source.of("SET search_path = app; CREATE TABLE a ();", file="1.sql")]
    sources.append(Source.of("CREATE TABLE b (); CREATE INDEX CONCURRENTLY i ON b ((1));", file="2.sql"))
    apply(newest, sources)
    assert newest.execute(
        "SELECT to_regclass('app.a') IS NOT NULL, to_regclass('public.b') IS NOT NULL"
    ).fetchone() == (
        True,
        True,
    )


def test_statements_alone_know_what_was_set(newest):
    newest.execute("CREATE SCHEMA app; CREATE TABLE app.t (a int)")
    apply(newest, "SET search_path = app; SET lock_timeout = '1ms'; CREATE INDEX CONCURRENTLY i ON t (a);")
    assert newest.execute("SELECT to_regclass('app.i') IS NOT NULL").fetchone() == (True,)


def test_a_role_that_was_set_does_not_write_the_ledger(newest):
    newest.execute("DROP ROLE IF EXISTS low; CREATE ROLE low; CREATE SCHEMA app AUTHORIZATION low")
    try:
        apply(newest, "SET ROLE low; CREATE TABLE app.x (); COMMIT; CREATE TABLE app.y ();")
        assert newest.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'app'").fetchall() == [
            ("low",)
        ]
        assert {each.state for each in read_ledger(newest)} == {"done"}
    finally:
        newest.execute("DROP OWNED BY low; DROP ROLE low")


def test_sessions_of_the_callers_own_are_set_up_too(newest, any_database):
    """Without autocommit everything would be rolled back at the end, and dict rows would not be understood."""

    def connect():
        return psycopg.connect(any_database.conninfo(), row_factory=psycopg.rows.dict_row)

    apply(newest, "CREATE TABLE made ();", connect=connect)
    assert newest.execute("SELECT to_regclass('made') IS NOT NULL").fetchone() == (True,)


def test_a_connection_in_a_transaction_is_refused(newest, any_database):
    with any_database.connect(autocommit=False) as caller:
        proposal = propose(caller, ADD)
        caller.execute("UPDATE orders SET amount = 0 WHERE id = 1")
        with pytest.raises(WrongConnectionError, match="in a transaction"):
            proposal.apply(caller, approval=proposal.approve(by="ann"))


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
