"""tables.sizes: exact where nobody holds a table locked, never waiting where somebody does."""

from __future__ import annotations

import psycopg
import pytest

from pgops.checks.tables.sizes import CHECK
from tests.checks.sessions import Sessions, ask, fill, role, sessions_of

HOSTILE = 'ta."ble %s {x}é'


def sizes(conn, **limits):
    return {row.table: row for row in ask(conn, CHECK, **limits).rows}


@pytest.fixture
def sessions(database):
    with sessions_of(database) as opened:
        opened.observer.execute(
            """CREATE TABLE docs (id int PRIMARY KEY, body text);
               ALTER TABLE docs ALTER body SET STORAGE EXTERNAL;
               INSERT INTO docs SELECT g, repeat('x', 5000) FROM generate_series(1, 100) AS g;
               CREATE INDEX docs_body ON docs (left(body, 3))"""
        )
        yield opened


def test_sizes_are_what_the_servers_own_functions_say(sessions: Sessions):
    conn = sessions.observer
    row = sizes(conn)["docs"]
    assert row.exact
    total, table, indexes, toast = conn.execute(
        """SELECT pg_total_relation_size(c.oid), pg_table_size(c.oid), pg_indexes_size(c.oid),
                  pg_total_relation_size(c.reltoastrelid)
             FROM pg_class AS c WHERE c.oid = 'docs'::regclass"""
    ).fetchone()
    assert (row.total_bytes, row.index_bytes, row.toast_bytes) == (total, indexes, toast)
    assert row.table_bytes == table - toast
    assert row.table_bytes + row.index_bytes + row.toast_bytes == row.total_bytes


@pytest.mark.parametrize(
    "statement",
    [
        "LOCK TABLE docs",
        "ALTER TABLE docs ADD c int",
        "REINDEX INDEX docs_body",
        "DROP INDEX docs_body",
        "TRUNCATE docs",
    ],
)
def test_a_locked_table_is_estimated_and_the_rest_is_measured(sessions: Sessions, statement):
    conn = sessions.observer
    conn.execute("VACUUM docs")
    conn.execute("CREATE TABLE other AS SELECT 1 AS a")
    before = sizes(conn)["docs"]
    holder = sessions.open(autocommit=False)
    holder.execute(statement)
    # Had it waited, lock_timeout would have made it FAILED, without any row.
    rows = sizes(conn)
    assert (rows["docs"].exact, rows["other"].exact) == (False, True)
    assert 0 < rows["docs"].total_bytes <= before.total_bytes
    holder.rollback()
    assert sizes(conn)["docs"] == before


def test_an_awaited_lock_counts_as_a_held_one(sessions: Sessions):
    reader = sessions.open(autocommit=False)
    reader.execute("SELECT count(*) FROM docs")
    sessions.start("ALTER TABLE docs ADD c int")
    assert not sizes(sessions.observer)["docs"].exact
    reader.rollback()
    sessions.finished()


def test_a_prepared_transaction_holds_its_locks_too(sessions: Sessions):
    conn = sessions.observer
    conn.execute("BEGIN; LOCK TABLE docs; PREPARE TRANSACTION 'locking docs'")
    try:
        assert not sizes(conn)["docs"].exact
    finally:
        conn.execute("ROLLBACK PREPARED 'locking docs'")


def test_locks_of_the_caller_itself_are_no_obstacle(sessions: Sessions):
    conn = sessions.open(autocommit=False)
    conn.execute("LOCK TABLE docs")
    assert sizes(conn)["docs"].exact
    conn.rollback()


def test_a_locked_table_that_nobody_ever_counted_is_unknown_and_comes_first(sessions: Sessions):
    conn = sessions.observer
    conn.execute("CREATE TABLE uncounted (a int)")
    conn.execute("INSERT INTO uncounted SELECT generate_series(1, 1000)")
    holder = sessions.open(autocommit=False)
    holder.execute("LOCK TABLE uncounted")
    first = ask(conn, CHECK).rows[0]
    assert (first.table, first.total_bytes, first.exact) == ("uncounted", None, False)
    holder.rollback()


def test_a_partitioned_table_is_the_sum_of_its_partitions(database):
    with database.connect() as conn:
        conn.execute(
            """CREATE TABLE p (id int PRIMARY KEY, body text) PARTITION BY RANGE (id);
               CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000) PARTITION BY RANGE (id);
               CREATE TABLE p1a PARTITION OF p1 FOR VALUES FROM (0) TO (500);
               CREATE TABLE p1b PARTITION OF p1 FOR VALUES FROM (500) TO (1000);
               CREATE SCHEMA other;
               CREATE TABLE other.p2 PARTITION OF p FOR VALUES FROM (1000) TO (2000);
               INSERT INTO p SELECT g, 'x' FROM generate_series(0, 1999) AS g;
               CREATE TABLE empty (a int) PARTITION BY LIST (a);
               CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent);
               INSERT INTO child SELECT generate_series(1, 1000)"""
        )
        conn.execute("ANALYZE")
        rows = sizes(conn)
        assert {name: row.kind for name, row in rows.items()} == {
            "p": "partitioned table",
            "p1": "partitioned table",
            "p1a": "partition",
            "p1b": "partition",
            "p2": "partition",
            "empty": "partitioned table",
            "parent": "table",
            "child": "table",
        }
        for column in ("total_bytes", "table_bytes", "index_bytes", "toast_bytes", "rows_estimate"):
            of = {name: getattr(row, column) for name, row in rows.items()}
            assert of["p1"] == of["p1a"] + of["p1b"]
            assert of["p"] == of["p1"] + of["p2"]
        assert (rows["empty"].total_bytes, rows["p"].rows_estimate, rows["p"].exact) == (0, 2000, True)
        assert rows["parent"].total_bytes == 0
        with database.connect(autocommit=False) as holder:
            holder.execute("LOCK TABLE p1a")
            locked = sizes(conn)
            assert (locked["p"].exact, locked["p1b"].exact) == (False, True)
            holder.rollback()
        # The parent's sum holds partitions of other schemas.
        assert sizes(conn, schema="public")["p"] == rows["p"]
        assert set(sizes(conn, schema="other")) == {"p2"}


def test_what_is_listed_and_in_which_order(database):
    with database.connect() as conn:
        conn.execute('CREATE SCHEMA "sch.%s"')
        name = psycopg.sql.Identifier("sch.%s", HOSTILE)
        conn.execute(psycopg.sql.SQL("CREATE TABLE {} AS SELECT generate_series(1, 5000) AS a").format(name))
        conn.execute("CREATE TABLE small AS SELECT 1 AS a")
        conn.execute("CREATE UNLOGGED TABLE nothing (a int)")
        conn.execute("CREATE MATERIALIZED VIEW matview AS SELECT generate_series(1, 2000) AS a")
        conn.execute("CREATE TEMPORARY TABLE of_session AS SELECT generate_series(1, 9000) AS a")
        conn.execute("CREATE VIEW seen AS SELECT 1 AS a; CREATE SEQUENCE numbers")
        rows = ask(conn, CHECK).rows
        assert [(row.schema, row.table, row.kind) for row in rows] == [
            ("sch.%s", HOSTILE, "table"),
            ("public", "matview", "materialized view"),
            ("public", "small", "table"),
            ("public", "nothing", "table"),
        ]
        assert [row.table for row in ask(conn, CHECK, top=2).rows] == [HOSTILE, "matview"]
        assert [row.table for row in ask(conn, CHECK, min_bytes=20_000).rows] == [HOSTILE, "matview"]
        assert [row.table for row in ask(conn, CHECK, schema="sch.%s").rows] == [HOSTILE]
        assert "pg_class" in sizes(conn, schema="pg_catalog")
        assert ask(conn, CHECK, schema="no such").rows == ()


def test_only_the_largest_by_estimate_are_measured(database):
    fill(database, "CREATE TABLE large AS SELECT generate_series(1, 9000) AS a; CREATE TABLE small AS SELECT 1 AS a")
    with database.connect() as conn:
        conn.execute("ANALYZE")
        rows = sizes(conn, measure=1)
        assert {name: row.exact for name, row in rows.items()} == {"large": True, "small": False}
        assert rows["small"].total_bytes == 8192


def test_a_bare_role_sees_the_same(database):
    with database.connect() as conn, role(database.server, "bare_for_sizes") as name:
        conn.execute("CREATE SCHEMA hidden; CREATE TABLE hidden.t AS SELECT generate_series(1, 1000) AS a")
        with database.connect(user=name) as bare:
            assert sizes(bare)["t"] == sizes(conn)["t"]
