"""What a trace says of real statements, where it may be carried out, and what it leaves behind: nothing."""

from __future__ import annotations

import json
import pickle
import threading

import psycopg
import pytest

from pgops.errors import ConninfoError, TraceError
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.tracing import Trace, trace
from pgops.migrations.tracing.clone import _carry_out
from pgops.scratch import fresh_database
from pgops.sql.grammar import read_script
from pgops.sql.statements import Name

pytestmark = pytest.mark.outer_versions

ORDERS = """
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, state varchar(10));
INSERT INTO orders SELECT g, g, 'new' FROM generate_series(1, 10) AS g;
"""


def short(traced, which=-1):
    """What is seen of one statement, as the table of locks writes it."""
    return {each.relation.name: each.short for each in traced.statements[which].touches if not each.covered}


# --- where ------------------------------------------------------------------------------------------------------------


def test_on_a_server_of_ours_a_database_is_made_and_dropped(server):
    traced = trace("CREATE INDEX ON orders (state)", server, setup=ORDERS)
    assert short(traced) == {"orders": "S scan"}
    assert traced.server == server.major
    with server.connect() as conn:
        assert conn.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'scratch%'").fetchone() == (0,)


def test_on_a_database_of_ours(any_database):
    assert short(trace("DROP TABLE orders", any_database, setup=ORDERS)) == {"orders": "AX"}
    with any_database.connect() as conn:
        assert conn.execute("SELECT to_regclass('orders')").fetchone() == (None,)


def test_a_connection_is_refused_unless_its_database_is_named(any_database):
    with any_database.connect() as conn:
        conn.execute(ORDERS)
        for where in (conn, any_database.conninfo()):
            for scratch in (None, "postgres", any_database.name.upper(), ""):
                with pytest.raises(TraceError):
                    trace("DROP TABLE orders", where, scratch=scratch)
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (10,)
        assert short(trace("DROP TABLE orders", conn, scratch=any_database.name)) == {"orders": "AX"}


def test_a_database_that_somebody_else_uses_is_refused(any_database):
    with any_database.connect() as conn, any_database.connect():
        conn.execute(ORDERS)
        with pytest.raises(TraceError, match="Somebody else is connected"):
            trace("DROP TABLE orders", conn, scratch=any_database.name)
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (10,)


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER SYSTEM SET work_mem = '1GB'",
        "DROP DATABASE postgres",
        "CREATE DATABASE x",
        "CREATE SUBSCRIPTION s CONNECTION 'host=production' PUBLICATION p",
    ],
)
def test_what_reaches_beyond_the_database_is_not_carried_out(any_database, sql):
    (traced,) = trace(sql, any_database)
    assert not traced.ran
    assert traced.failed is None
    assert traced.message.startswith("not run")


def test_roles_are_made_on_a_server_of_ours_alone(any_database):
    with any_database.connect() as conn:
        (traced,) = trace("CREATE ROLE pgops_trace_role", conn, scratch=any_database.name)
        assert not traced.ran
        (traced,) = trace("CREATE ROLE pgops_trace_role", any_database)
        assert traced.ran
        conn.execute("DROP ROLE pgops_trace_role")


# --- what is seen -----------------------------------------------------------------------------------------------------


def test_locks_of_earlier_statements_are_told_apart(database):
    traced = trace(
        "ALTER TABLE orders ALTER state SET STATISTICS 10; CREATE INDEX ON orders (state);"
        "ALTER TABLE orders ADD CHECK (id > 0); ALTER TABLE orders ADD CHECK (id > -1)",
        database,
        setup=ORDERS,
    )
    assert [short(traced, which).get("orders") for which in range(4)] == ["SUX", "S scan", "AX scan", "(AX) scan"]
    assert [each.unit for each in traced] == [0, 0, 0, 0]
    last = traced.statements[3].on(Name("orders"))
    assert last.lock is None
    assert last.held is LockMode.ACCESS_EXCLUSIVE
    assert not traced.differing  # the same mode again can't be seen, and so is no difference


def test_a_file_is_a_transaction_and_commit_divides_it(database):
    sql = "CREATE TABLE a (id int); COMMIT; ALTER TABLE a ADD b int; CREATE INDEX CONCURRENTLY i ON a (b); DROP TABLE a"
    traced = trace(sql, database)
    assert [each.unit for each in traced] == [0, 1, 2, 3]
    assert [each.alone for each in traced] == [False, False, True, False]
    assert [short(traced, which) for which in range(4)] == [{}, {"a": "AX"}, {"a": "SUX scan"}, {"a": "AX"}]


def test_scripts_follow_one_another(database):
    scripts = [read_script("CREATE TABLE a (id int)", file="1.sql"), read_script("DROP TABLE a", file="2.sql")]
    traced = trace(scripts, database)
    assert [(each.file, each.unit) for each in traced] == [("1.sql", 0), ("2.sql", 1)]
    assert short(traced) == {"a": "AX"}


def test_rollback_and_savepoints_are_carried_out(database):
    sql = """
    BEGIN; DROP TABLE orders; ROLLBACK;
    BEGIN; SAVEPOINT a; DROP TABLE orders; ROLLBACK TO a; COMMIT;
    TRUNCATE orders;
    """
    traced = trace(sql, database, setup=ORDERS)
    assert [each.failed for each in traced] == [None, None, None]
    assert short(traced) == {"orders": "AX"}


def test_settings_of_the_transaction_come_first(database):
    traced = trace(
        "BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SET LOCAL lock_timeout = '1s'; DROP TABLE orders; COMMIT",
        database,
        setup=ORDERS,
    )
    assert not traced.failed
    assert short(traced) == {"orders": "AX"}


def test_what_the_server_refuses_is_part_of_the_result(database):
    traced = trace(
        "CREATE TABLE a (id int); ALTER TABLE orders ADD n int NOT NULL; DROP TABLE orders; COMMIT; TRUNCATE orders",
        database,
        setup=ORDERS,
    )
    assert [(each.failed, each.ran) for each in traced] == [(None, True), ("23502", True), (None, False), (None, True)]
    assert traced.statements[1].message
    assert "was refused (23502)" in traced.statements[2].message
    assert traced.failed == (traced.statements[1],)
    with database.connect() as conn:
        assert conn.execute("SELECT to_regclass('a'), to_regclass('orders') IS NULL").fetchone() == (None, False)


def test_what_is_refused_at_the_end_is_told_of_the_last_statement(database):
    setup = ORDERS + "ALTER TABLE orders ADD CONSTRAINT k UNIQUE (customer_id) DEFERRABLE INITIALLY DEFERRED"
    traced = trace("UPDATE orders SET customer_id = 1; COMMIT; DROP TABLE orders", database, setup=setup)
    assert [each.failed for each in traced] == ["23505", None]
    assert traced.statements[0].message.startswith("COMMIT: ")


def test_copy_is_carried_out_without_rows(database):
    traced = trace("COPY orders FROM STDIN; COPY orders TO STDOUT", database, setup=ORDERS)
    assert [each.failed for each in traced] == [None, None]
    assert short(traced, 0) == {"orders": "RX"}


def test_what_can_not_be_read_is_said(database):
    traced = trace("DROP TABLE orders;\n\\echo done\n", database, setup=ORDERS)
    assert [(each.line, "psql" in each.reason) for each in traced.unparsed] == [(2, True)]
    assert "psql" in traced.to_text()


def test_hostile_names(database):
    setup = 'CREATE TABLE "t;\'""\n%s é" ("c.%" int); INSERT INTO "t;\'""\n%s é" VALUES (1)'
    traced = trace(
        'ALTER TABLE "t;\'""\n%s é" ADD CHECK ("c.%" > 0); CREATE INDEX CONCURRENTLY "i%s" ON "t;\'""\n%s é" ("c.%")',
        database,
        setup=setup,
    )
    assert short(traced, 0) == {"t;'\"\n%s é": "AX scan"}
    assert short(traced, 1) == {"t;'\"\n%s é": "SUX scan"}
    assert not traced.differing
    assert "%s" in traced.to_text()


def test_a_role_without_rights(database):
    setup = ORDERS + "CREATE ROLE pgops_nobody; SET ROLE pgops_nobody"
    try:
        traced = trace("ALTER TABLE orders ADD n int; COMMIT; SELECT 1", database, setup=setup)
        assert [each.failed for each in traced] == ["42501", None]
    finally:
        with database.connect() as conn:
            conn.execute("DROP ROLE pgops_nobody")


# --- what allows no transaction ---------------------------------------------------------------------------------------


def test_concurrently_is_seen_in_all_its_phases(database):
    sql = "CREATE INDEX CONCURRENTLY i ON orders (state); REINDEX INDEX CONCURRENTLY i; DROP INDEX CONCURRENTLY i"
    traced = trace(sql, database, setup=ORDERS)
    assert [short(traced, which)["orders"] for which in range(3)] == ["SUX scan", "SUX scan", "SUX"]
    assert all(each.alone and each.own_unit for each in traced)
    assert not traced.differing
    assert not any(each.leaves_invalid for each in traced)


def test_an_index_that_fails_is_left_invalid(database):
    setup = ORDERS + "UPDATE orders SET customer_id = 1"
    (traced,) = trace("CREATE UNIQUE INDEX CONCURRENTLY i ON orders (customer_id)", database, setup=setup)
    assert traced.failed == "23505"
    assert traced.leaves_invalid == (Name("i", "public"),)


def test_inside_a_transaction_it_is_refused(database):
    traced = trace("BEGIN; CREATE INDEX CONCURRENTLY i ON orders (state); COMMIT", database, setup=ORDERS)
    assert traced.statements[0].failed == "25001"


def test_a_statement_that_does_not_end_is_cancelled_and_nothing_is_left(database):
    with database.connect() as other:
        other.execute(ORDERS)
        other.execute("BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE")
        with pytest.raises(TraceError, match="was not done in 1 seconds"):
            trace("CREATE INDEX CONCURRENTLY i ON orders (state)", database, deadline_s=1)
        other.execute("COMMIT")
        waited_for_end(other)


def waited_for_end(conn):
    """No session of the trace is left; the last may need a moment."""
    for _ in range(100):
        row = conn.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgops trace'"
            " AND datname = current_database()"
        ).fetchone()
        if row == (0,):
            return
        conn.execute("SELECT pg_sleep(0.02)")
    pytest.fail("a session of the trace is left")


def test_an_interrupt_ends_the_statement_and_all_sessions(any_database, monkeypatch):
    from pgops.migrations.tracing import alone

    def interrupted(_self, _pid):
        raise KeyboardInterrupt

    monkeypatch.setattr(alone._Watch, "_look", interrupted)
    with any_database.connect() as conn:
        conn.execute(ORDERS)
        with pytest.raises(KeyboardInterrupt):
            trace("CREATE INDEX CONCURRENTLY i ON orders (state)", any_database)
        waited_for_end(conn)
    assert not [each for each in threading.enumerate() if each.name.startswith("pgops-trace")]


# --- compared with lint -----------------------------------------------------------------------------------------------


def test_differences_are_named(database):
    setup = "CREATE TABLE p (id int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
    setup += "INSERT INTO p VALUES (1)"
    sql = "CREATE INDEX ON p (id)"
    assert not trace(sql, database, setup=setup).differing
    with database.connect() as conn:
        conn.execute("DROP TABLE p")
    (traced,) = trace(sql, database, setup=setup, with_catalogue=False).differing
    assert [(each.what, each.relation, each.seen) for each in traced.differences] == [
        ("rewrite or scan", Name("p", "public"), "S"),
        ("not claimed", Name("p1", "public"), "S scan"),
    ]
    assert str(traced.differences[1]) == "public.p1: claimed nothing, seen S scan"


def test_what_can_not_be_seen_without_rows_is_no_difference(database):
    setup = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE child (t_id int)"
    traced = trace("ALTER TABLE child ADD FOREIGN KEY (t_id) REFERENCES t", database, setup=setup)
    assert short(traced) == {"child": "SRX scan", "t": "SRX"}
    assert traced.statements[0].agrees


# --- a copy of a schema -----------------------------------------------------------------------------------------------

SHOP = """
CREATE SCHEMA "Shop";
CREATE TABLE "Shop"."Orders %" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text NOT NULL);
CREATE TABLE "Shop".lines (order_id int REFERENCES "Shop"."Orders %", at date) PARTITION BY RANGE (at);
CREATE TABLE "Shop".lines_1 PARTITION OF "Shop".lines FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE VIEW "Shop".open AS SELECT id FROM "Shop"."Orders %" WHERE state = 'open';
COMMENT ON TABLE "Shop".lines IS E'a line\\n\\\\restrict x\\n\\\\.\\n';
INSERT INTO "Shop"."Orders %" (state) VALUES ('open');
"""


@pytest.fixture
def shop(server):
    with fresh_database(server) as database, database.connect() as conn:
        conn.execute(SHOP)
        yield database


def test_a_schema_is_copied_without_its_rows(shop, server):
    sql = 'ALTER TABLE "Shop"."Orders %" ALTER state TYPE varchar(20); COMMIT; DROP TABLE "Shop".lines'
    with shop.connect() as live:
        for source in (shop.conninfo(), live):
            traced = trace(sql, server, clone_of=source)
            assert traced.statements[0].failed == "0A000"  # the view uses the column
            assert short(traced, 1) == {"lines": "AX", "lines_1": "AX", "Orders %": "AX"}
            assert not traced.differing
    with shop.connect() as conn:
        assert conn.execute('SELECT count(*) FROM "Shop"."Orders %"').fetchone() == (1,)


def test_policies_bring_their_roles_and_user_mappings_stay_behind(any_server):
    with fresh_database(any_server) as database, database.connect() as conn:
        conn.execute(ORDERS)
        conn.execute('CREATE ROLE "pgops reader"')
        conn.execute('ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON orders TO "pgops reader"')
        conn.execute(
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
            "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'hunter2')"
        )
        traced = trace("SELECT 1 / count(*) FROM pg_user_mapping", any_server, clone_of=conn)
        assert traced.statements[0].failed == "22012"
        conn.execute('DROP POLICY p ON orders; DROP ROLE "pgops reader"')


def test_what_can_not_be_copied_is_an_error(any_server):
    with pytest.raises(psycopg.OperationalError):
        trace("SELECT 1", any_server, clone_of=any_server.conninfo("no such database"))
    with pytest.raises(ConninfoError) as refused:
        trace("SELECT 1", any_server, clone_of="postgresql://ann:hunter2@[host")
    assert "hunter2" not in str(refused.value)
    with any_server.connect() as conn, pytest.raises(TraceError, match="could not be made"):
        _carry_out(conn, "CREATE EXTENSION no_such_extension;")


# --- plain data -------------------------------------------------------------------------------------------------------


def test_a_trace_is_plain_data(database):
    traced = trace("ALTER TABLE orders ADD CHECK (id > 0)", database, setup=ORDERS)
    assert isinstance(traced, Trace)
    assert pickle.loads(pickle.dumps(traced)) == traced
    shape = json.loads(traced.to_json())
    assert shape["schema"] == "pgops.trace/1"
    (statement,) = shape["statements"]
    assert statement["touches"][0]["lock"] == "ACCESS EXCLUSIVE"
    assert statement["touches"][0]["scan"] is True
    text = traced.to_text()
    assert "ACCESS EXCLUSIVE" in text
    assert "reads and writes" in text


def test_an_error_of_the_setup_is_the_callers(any_database):
    with pytest.raises(psycopg.errors.UndefinedTable):
        trace("SELECT 1", any_database, setup="DROP TABLE nothing")
    with pytest.raises(TraceError, match="setup"):
        trace("SELECT 1", any_database, setup="SELEC 1")
