"""Asking for facts disturbs nobody: neither the caller's connection nor who holds a table, and it ends in good time."""

from __future__ import annotations

import time

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from pgops.sql.statements import Name
from tests.migrations.live_facts import facts_of, table

pytestmark = pytest.mark.outer_versions


@pytest.fixture
def conn(database):
    with database.connect() as conn:
        yield conn


@pytest.mark.parametrize("autocommit", [True, False])
def test_an_idle_connection_is_idle_again(database, autocommit):
    with database.connect(autocommit=autocommit, row_factory=psycopg.rows.dict_row) as conn:
        with database.connect() as other:
            other.execute("CREATE TABLE t (a int)")
        assert list(table(conn).columns) == ["a"]
        assert conn.info.transaction_status is TransactionStatus.IDLE
        assert conn.autocommit is autocommit
        assert conn.execute("SHOW transaction_read_only").fetchone() == {"transaction_read_only": "off"}
        assert conn.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "0"}


def test_in_a_transaction_of_the_callers_what_it_has_made_is_seen(conn):
    conn.execute("BEGIN; CREATE TABLE t (a int)")
    assert list(table(conn).columns) == ["a"]
    assert conn.info.transaction_status is TransactionStatus.INTRANS
    conn.execute("ROLLBACK")


def test_an_error_leaves_an_idle_connection_idle(conn, monkeypatch):
    from pgops.migrations.effects import live

    monkeypatch.setattr(live, "TABLES", "SELECT 1/0, %(oids)s::bigint[]")
    with pytest.raises(psycopg.errors.DivisionByZero):
        table(conn)
    assert conn.info.transaction_status is TransactionStatus.IDLE


def test_a_role_without_rights_sees_the_same(conn):
    conn.execute(
        "CREATE SCHEMA closed; CREATE TABLE closed.t (id int PRIMARY KEY, a varchar(10) CHECK (a <> ''));"
        "CREATE DOMAIN closed.d AS int CHECK (VALUE > 0); CREATE ROLE pgops_nobody"
    )
    sql = "ALTER TABLE closed.t ADD b closed.d DEFAULT closed.f()"
    try:
        whole = facts_of(conn, sql)
        conn.execute("SET ROLE pgops_nobody")
        assert facts_of(conn, sql) == whole
        assert whole.tables[Name("t", "closed")].columns["a"].has_checks
    finally:
        conn.execute("RESET ROLE; DROP ROLE pgops_nobody")


def test_a_table_that_somebody_holds_exclusively_is_not_waited_for(conn, database):
    conn.execute("CREATE TABLE t (id int PRIMARY KEY, note text); ANALYZE t")
    for what in ("LOCK TABLE t", "REINDEX TABLE t"):
        with database.connect() as other:
            other.execute(f"BEGIN; {what}")
            started = time.monotonic()
            found = table(conn)
            assert time.monotonic() - started < 5
            assert not found.is_small  # its size is not known now
            assert list(found.columns) == ["id", "note"]


def test_a_thousand_partitions(any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE p (id int PRIMARY KEY, a int) PARTITION BY RANGE (id); CREATE INDEX ON p (a)")
        conn.execute(
            "DO $$ BEGIN FOR i IN 0 .. 999 LOOP EXECUTE format("
            "'CREATE TABLE p%s PARTITION OF p FOR VALUES FROM (%s) TO (%s)', i, i * 10, i * 10 + 10); END LOOP; END $$"
        )
        started = time.monotonic()
        facts = facts_of(conn, "ALTER TABLE p ADD b int")
        assert len(facts.tables[Name("p")].partitions) == 1000
        assert time.monotonic() - started < 15  # 1.5 s on two idle cores
        started = time.monotonic()
        facts = facts_of(conn, "DROP TABLE p7")
        assert len(facts.tables) < 10
        assert time.monotonic() - started < 5
