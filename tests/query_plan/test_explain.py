"""`pgops.explain` on real servers: whatever may be asked, on whatever connection, it reads and leaves all as it was."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

import pgops
from pgops.errors import ExplainError, NotApprovedError, WrongConnectionError
from pgops.query_plan import asking
from pgops.query_plan.asking import explain_analyzed

pytestmark = pytest.mark.outer_versions

MAKE = """
CREATE TABLE t (a int PRIMARY KEY, b int, c text);
INSERT INTO t SELECT g, g % 10, 'x' || g FROM generate_series(1, 5000) AS g;
CREATE TABLE log (x int);
CREATE RULE one AS ON INSERT TO log DO ALSO DELETE FROM t WHERE a = -1;
CREATE TABLE silent (x int);
CREATE RULE nothing AS ON INSERT TO silent DO INSTEAD NOTHING;
CREATE SEQUENCE s;
CREATE TABLE "ta ""ble.%s" ("co l" int);
ANALYZE t;
"""


@pytest.fixture
def conn(database):
    with database.connect() as conn:
        conn.autocommit = True
        conn.execute(MAKE)
        yield conn


def is_left_alone(conn) -> bool:
    asked = "SELECT count(*), current_setting('statement_timeout'), current_setting('transaction_read_only') FROM t"
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(asked).fetchone() == (5000, "0", "off")


PLANNED = {
    # statement, params: the root, and a condition in it
    "a SELECT": ("SELECT * FROM t WHERE a = 5", None, "Index Scan using t_pkey on public.t", "(t.a = 5)"),
    "semicolons and comments": ("/* ; */ -- x\n SELECT * FROM t WHERE a = 5 ; ; -- y", None, "Index Scan", "(t.a = 5)"),
    "a text that ends in a quote": ("SELECT * FROM t WHERE c = 'a;'", None, "Seq Scan", "(t.c = 'a;'::text)"),
    "a percent sign without params": ("SELECT * FROM t WHERE c LIKE 'x%s'", None, "Seq Scan", "(t.c ~~ 'x%s'::text)"),
    "a dollar in a text": ("SELECT * FROM t WHERE c = '$1'", None, "Seq Scan", "(t.c = '$1'::text)"),
    "a list of params": ("SELECT * FROM t WHERE a < %s AND c <> '%%'", [3], "Index Scan", "(t.a < "),
    "named params": ("SELECT * FROM t WHERE c = %(c)s", {"c": "x'"}, "Seq Scan", "(t.c = 'x'''::text)"),
    "numbered params": ("SELECT * FROM t WHERE c = $1 AND c <> '%s'", ["x"], "Seq Scan", "(t.c = 'x'::text)"),
    "no params but an empty list": ("SELECT * FROM t WHERE c = '%%'", [], "Seq Scan", "(t.c = '%'::text)"),
    "an INSERT": ("INSERT INTO t VALUES (-1)", None, "Insert on public.t", ""),
    "a DELETE": ("DELETE FROM t", None, "Delete on public.t", ""),
    "CREATE TABLE AS": ("CREATE TABLE u AS SELECT 1", None, "Result", ""),
    "VALUES": ("VALUES (1), (2)", None, "Values Scan", ""),
    "a name of any kind": ('TABLE "ta ""ble.%s"', None, 'Seq Scan on public."ta ""ble.%s"', ""),
}


def test_a_statement_is_planned_and_not_run(conn):
    for name, (statement, params, root, condition) in PLANNED.items():
        plan = pgops.explain(conn, statement, params)
        assert plan.root.name.startswith(root), name
        assert condition in f"{plan.root.index_cond} {plan.root.filter}", name
        assert not plan.is_measured, name
        assert plan.planning_s is not None, name
        assert plan.root.output or plan.root.operation, f"{name}: VERBOSE"
    assert is_left_alone(conn)
    assert conn.execute("SELECT to_regclass('u')").fetchone() == (None,)


REFUSED = {
    "nothing": ("  -- only this\n;", "the text is empty"),
    "two": ("SELECT 1; DROP TABLE t", "more than one statement"),
    "two, the first open": ("SELECT $1::int; DROP TABLE t", "more than one|came with PostgreSQL 16"),
    "EXPLAIN itself": ("/* so */ explain analyze DELETE FROM t", "an EXPLAIN already"),
    "options let in": ("(ANALYZE) DELETE FROM t", "42601"),
    "what has no plan": ("VACUUM t", "EXPLAIN takes SELECT"),
    "no SQL": ("SELEC 1", "syntax error"),
    "an unknown table": ("SELECT * FROM nowhere", "nowhere"),
    "a rule that leaves nothing": ("INSERT INTO silent VALUES (1)", "rules rewrite"),
    "a zero character": ("SELECT '\0'", "zero character"),
    "half a pair": ("SELECT '\ud800'", "no text in utf-8"),
    "bytes that are no text": (b"SELECT '\xff'", "no text in utf-8"),
    "no text at all": (None, "NoneType is no statement"),
    "a value that can't be put in": (sql.SQL("SELECT {}").format(object()), "can't be put together"),
}


def test_what_has_no_plan_is_refused_in_the_servers_words(conn):
    for name, (statement, words) in REFUSED.items():
        with pytest.raises(ExplainError, match=words):
            pgops.explain(conn, statement)
        assert is_left_alone(conn), name


def test_params_that_do_not_fit_are_refused(conn):
    for statement, params, words in (
        ("SELECT %s, %s", [1], "parameters don't fit"),
        ("SELECT %s", [1, 2], "parameters don't fit"),
        ("SELECT $1::int, $2::int", [1], "08P01"),
        ("SELECT %s", [object()], "parameters don't fit"),
        ("SELECT %s", ["\ud800"], "surrogates not allowed"),
        ("SELECT %s", "x", "a str"),
        ("SELECT %s", 5, "a int"),
    ):
        for analyze in (False, True):
            with pytest.raises(ExplainError, match=words):
                pgops.explain(conn, statement, params, analyze=analyze)
    for timeout_s in (0, -1, float("nan"), float("inf")):
        for analyze in (False, True):
            with pytest.raises(ValueError, match="timeout_s is a number of seconds above 0"):
                pgops.explain(conn, "no SQL", timeout_s=timeout_s, analyze=analyze)
    with pytest.raises(ExplainError, match="parameters don't fit"):
        explain_analyzed(conn, "SELECT %s, %s", [1], read_only=True, timeout_s=9)
    assert is_left_alone(conn)


def test_an_open_parameter_gets_the_generic_plan_where_the_server_has_one(conn):
    statement = "SELECT * FROM t WHERE a = $1"
    if conn.info.server_version < 160000:
        with pytest.raises(ExplainError, match="PostgreSQL 16"):
            pgops.explain(conn, statement)
    else:
        assert pgops.explain(conn, statement).root.index_cond == "(t.a = $1)"
        assert pgops.explain(conn, statement, generic=True).root.index_cond == "(t.a = $1)"
    for wrong in ({"generic": True, "analyze": True}, {"generic": True, "params": [1]}):
        with pytest.raises(ExplainError, match="generic"):
            pgops.explain(conn, statement, **wrong)


def test_a_rule_makes_a_second_plan(conn):
    plan = pgops.explain(conn, "INSERT INTO log VALUES (1)")
    assert [each.root.name for each in (plan, *plan.further)] == ["Insert on public.log", "Delete on public.t"]


def test_analyze_measures_what_only_reads(conn):
    plan = pgops.explain(conn, "SELECT b, count(*) FROM t WHERE a > %s GROUP BY b", [10], analyze=True)
    assert plan.is_measured
    assert plan.execution_s > 0
    assert plan.root.total_rows == 10
    assert (plan.serialization_s is not None) == (conn.info.server_version >= 170000)
    assert plan.root.buffers.touched > 0
    assert sum(node.self_buffers.touched for node in plan.nodes()) == plan.root.buffers.touched
    assert sum(node.self_s for node in plan.nodes()) == pytest.approx(plan.root.total_s)
    assert is_left_alone(conn)


def test_there_is_no_advice_where_all_is_well(conn):
    for statement in ("SELECT * FROM t WHERE a = 5", "SELECT b, count(*) FROM t GROUP BY b", "SELECT max(a) FROM t"):
        given = pgops.explain(conn, statement, analyze=True).advice
        assert [each.rule for each in given if each.rule != "long_planning"] == [], (
            statement
        )  # a cold cache may be long
        assert pgops.explain(conn, statement).advice == ()


@pytest.mark.parametrize("statement", ["DELETE FROM t", "SELECT nextval('s')", "SELECT * FROM t FOR UPDATE"])
def test_analyze_does_not_run_unasked_what_may_have_effects(conn, statement):
    with pytest.raises(NotApprovedError, match="propose_analyze"):
        pgops.explain(conn, statement, analyze=True)
    assert is_left_alone(conn)
    assert conn.execute("SELECT last_value, is_called FROM s").fetchone() == (1, False)


def test_the_bare_doing_rolls_back_whatever_was_done(conn):
    plan = explain_analyzed(conn, "DELETE FROM t WHERE a <= %s", [500], read_only=False, timeout_s=30)
    assert plan.root.children[0].total_rows == 500
    assert plan.root.wal.records >= 500
    assert is_left_alone(conn)
    with pytest.raises(ExplainError, match="25006"):
        explain_analyzed(conn, "DELETE FROM t", read_only=True, timeout_s=30)


def test_it_ends_at_its_time_limit(conn):
    with pytest.raises(ExplainError, match=r"limit is 0\.2 s"):
        explain_analyzed(conn, "SELECT pg_sleep(60)", read_only=True, timeout_s=0.2)
    assert is_left_alone(conn)


def test_a_connection_is_left_as_it_was_found(conn):
    conn.row_factory = dict_row
    for factory in (psycopg.Cursor, psycopg.ClientCursor, psycopg.RawCursor):
        conn.cursor_factory = factory
        placeholder = "$1" if factory is psycopg.RawCursor else "%s"
        for analyze in (False, True):
            plan = pgops.explain(conn, f"SELECT * FROM t WHERE a = {placeholder}", [5], analyze=analyze)
            assert plan.root.index == "t_pkey", (factory, analyze)
    conn.cursor_factory = psycopg.Cursor
    conn.autocommit = False
    pgops.explain(conn, "SELECT 1")
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    conn.execute("INSERT INTO t VALUES (0)")
    with pytest.raises(ExplainError):
        pgops.explain(conn, "SELEC")
    assert pgops.explain(conn, sql.SQL("SELECT {}").format(0), analyze=True).is_measured
    assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    conn.execute("INSERT INTO t VALUES (-1)")  # the transaction goes on, and is no read-only one
    with pytest.raises(psycopg.Error):
        conn.execute("SELEC")
    with pytest.raises(WrongConnectionError, match="Roll it back"):
        pgops.explain(conn, "SELECT 1")
    conn.rollback()
    assert is_left_alone(conn)


def test_a_read_only_session_can_be_asked(conn):
    conn.execute("SET default_transaction_read_only = on; SET default_transaction_isolation = serializable")
    conn.execute("SET default_transaction_deferrable = on")
    assert pgops.explain(conn, "SELECT * FROM t WHERE a = 1", analyze=True).root.index == "t_pkey"
    assert pgops.explain(conn, "UPDATE t SET b = 1").root.operation == "Update"


def test_the_tables_that_are_read_whole_are_looked_up(conn):
    conn.execute("SET search_path = nowhere")
    (relation,) = pgops.explain(conn, "SELECT * FROM public.t WHERE c = 'x'").relations
    assert {name: (each.type, each.ordered) for name, each in relation.columns.items()} == {
        "a": ("integer", True),
        "b": ("integer", True),
        "c": ("text", True),
    }
    assert [(each.name, each.columns) for each in relation.indexes] == [("t_pkey", ("a",))]
    assert pgops.explain(conn, "SELECT * FROM public.t WHERE a = 1").relations == ()


def test_a_pipeline_is_refused(conn):
    with conn.pipeline(), pytest.raises(WrongConnectionError, match="pipeline"):
        pgops.explain(conn, "SELECT 1")


def test_an_option_that_a_server_does_not_know_costs_details_and_not_the_plan(conn, monkeypatch):
    known = asking._options

    def with_novelty(version, **wanted):
        return [*known(version, **wanted), "TELEPATHY"]

    monkeypatch.setattr(asking, "_options", with_novelty)
    assert pgops.explain(conn, "SELECT * FROM t WHERE a = 1").root.index == "t_pkey"
    assert explain_analyzed(conn, "SELECT 1", read_only=True, timeout_s=9).is_measured
    with pytest.raises(ExplainError, match="syntax error"):
        pgops.explain(conn, "SELEC")
    assert is_left_alone(conn)


def test_a_session_in_sql_ascii_is_told_what_helps(conn):
    conn.execute("SET client_encoding = 'SQL_ASCII'")
    with pytest.raises(ExplainError) as raised:
        pgops.explain(conn, "SELECT 'ü'")
    assert "SET client_encoding = 'UTF8'" in str(raised.value)


def test_settings_that_the_planner_heeds_are_told(conn):
    conn.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
    plan = pgops.explain(conn, "SELECT * FROM t WHERE a = 1")
    assert plan.settings == {"enable_indexscan": "off", "enable_bitmapscan": "off"}
    assert plan.root.node_type == "Seq Scan"
