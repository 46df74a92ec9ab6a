"""Whose settings hold: those of the caller, of a file, of the database; each only where it belongs."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from pgops.errors import StatementFailedError, WrongConnectionError
from pgops.migrations.applying.ledger import read_ledger, states
from pgops.migrations.applying.proposing import propose
from pgops.migrations.sources import Source
from tests.migrations.applications import ADD, SQL, apply


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


def test_a_read_only_default_that_may_be_turned_off_is_no_refusal(newest, any_database):
    name = any_database.name
    newest.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with any_database.connect(autocommit=True) as conn:
        apply(conn, SQL)
    newest.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    assert states(newest)
