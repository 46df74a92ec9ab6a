"""Read-only scripts: what they answer, what is refused, and that nothing is changed by either."""

from __future__ import annotations

import datetime as dt
import json
import pickle

import psycopg
import pytest
from psycopg.rows import dict_row

import pgops
from pgops.errors import SqlRefusedError, StatementFailedError
from pgops.query_plan.safety import Verdict
from pgops.scripting import run_sql
from tests.db.poolers import start_pgbouncer
from tests.scripting.conftest import state

pytestmark = pytest.mark.xdist_group("scripting")  # one database for the module

# --- what is answered -------------------------------------------------------------------------------------------------

DEEP = "[" * 3000 + "]" * 3000
ANSWERS = {
    "a query": ("SELECT 1 AS a, 'x%s' AS b", [(1, "x%s")], "SELECT 1"),
    "nothing": ("SELECT 1 WHERE false", [], "SELECT 0"),
    "VALUES": ("VALUES (1), (2)", [(1,), (2,)], "SELECT 2"),
    "TABLE": ("TABLE notes", [(1, "one"), (2, "two")], "SELECT 2"),
    "WITH": ("WITH a AS (SELECT 1) SELECT * FROM a", [(1,)], "SELECT 1"),
    "SHOW": ("SHOW transaction_read_only", [("on",)], "SHOW"),
    "a literal that looks like more": ("SELECT $$; DROP TABLE notes$$", [("; DROP TABLE notes",)], "SELECT 1"),
    "hostile names": ('SELECT "x y%" FROM "Odd ""schema"" %s"."a.b%(c)s"', [(7,)], "SELECT 1"),
    "a type of this database": ("SELECT 'good'::mood", [("good",)], "SELECT 1"),
    "what Python has no room for": (
        "SELECT 'infinity'::date, '0044-03-15 BC'::date, '-infinity'::timestamptz, time '24:00'",
        [("infinity", "0044-03-15 BC", "-infinity", "24:00:00")],
        "SELECT 1",
    ),
    "intervals": (
        "SELECT '1 year 2 mons'::interval, '1 day -00:00:00.5'::interval, ARRAY['1 mon'::interval, '0', 'infinity']",
        [("1 year 2 mons", dt.timedelta(hours=24, seconds=-0.5), ["1 mon", dt.timedelta(0), "infinity"])],
        "SELECT 1",
    ),
    "times in another style": (
        "SET intervalstyle = iso_8601; SET datestyle = german; SELECT interval '1 day', timestamptz '2026-01-02 UTC'",
        [("P1D", "02.01.2026 00:00:00 UTC")],
        "SELECT 1",
    ),
    "JSON": (
        """SELECT '{"a": [1]}'::json, '"[[{"'::jsonb, repeat('9', 5000)::jsonb::text = repeat('9', 5000)""",
        [({"a": [1]}, "[[{", True)],
        "SELECT 1",
    ),
    "JSON that Python has no room for": (
        f"SELECT repeat('9', 5000)::json, ARRAY['{DEEP}'::jsonb]",
        [("9" * 5000, [DEEP])],
        "SELECT 1",
    ),
    "SQL in bytes": ("SELECT 'é'".encode(), [("é",)], "SELECT 1"),
    "bytes": (r"SELECT '\x00ff'::bytea", [(b"\x00\xff",)], "SELECT 1"),
    "no columns": ("SELECT", [()], "SELECT 1"),
    "columns of one name": ("SELECT 1 AS a, 2 AS a", [(1, 2)], "SELECT 1"),
    "a server's own view": ("SELECT count(*) > 0 FROM pg_stat_activity", [(True,)], "SELECT 1"),
}


@pytest.mark.parametrize(("sql", "rows", "tag"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_statement_is_answered(conn, sql, rows, tag):
    answer = run_sql(conn, sql).last
    assert list(answer.rows) == rows
    assert (answer.tag, answer.truncated, answer.row_count) == (tag, False, len(answer.rows))


def test_statements_are_numbered_and_placed(conn):
    text = "-- first\nSELECT 1;\n\n/* ; */ SELECT\n  2; SELECT 'a\nb';"
    run = run_sql(conn, text)
    assert [(each.number, each.line, each.sql) for each in run.results] == [
        (1, 2, "SELECT 1"),
        (2, 4, "SELECT\n  2"),
        (3, 5, "SELECT 'a\nb'"),
    ]


def test_columns_are_typed(conn):
    (columns,) = [each.columns for each in run_sql(conn, "SELECT 1 AS a, 'good'::mood, '{}'::int[], now()").results]
    assert [(each.name, each.type) for each in columns] == [
        ("a", "int4"),
        ("mood", "mood"),
        ("int4", "int4[]"),
        ("now", "timestamptz"),
    ]
    assert columns[0].type_oid == 23


def test_what_a_script_sets_ends_with_it(conn):
    run = run_sql(
        conn, "SET search_path = pg_catalog; SET LOCAL enable_seqscan = off; SHOW search_path; RESET work_mem"
    )
    assert run.results[2].rows == (("pg_catalog",),)
    assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_the_role_and_the_search_path_are_the_callers(conn):
    conn.execute("SET search_path = 'Odd \"schema\" %s', public; SET ROLE pg_monitor")
    row = run_sql(conn, "SELECT current_user::text, current_setting('search_path')").last.rows[0]
    assert row == ("pg_monitor", '"Odd ""schema"" %s", public')


def test_more_rows_than_wanted_are_not_waited_for(conn):
    run = run_sql(conn, "SELECT generate_series(1, 20000000), repeat('x', 100); SELECT 2", max_rows=3)
    first, second = run.results
    assert (len(first.rows), first.truncated, first.row_count) == (3, True, None)
    assert second.rows == ((2,),)
    exactly = run_sql(conn, "VALUES (1), (2)", max_rows=2).last
    assert (exactly.truncated, exactly.row_count) == (False, 2)


def test_results_are_heard_as_they_come(conn):
    heard = []
    with pytest.raises(StatementFailedError, match="statement 3 failed"):
        run_sql(conn, "SELECT 1; SELECT 2; SELECT 1/0; SELECT 4", on_result=heard.append)
    assert [each.rows for each in heard] == [((1,),), ((2,),)]


def test_it_is_plain_data(conn):
    run = run_sql(conn, "SELECT 1.5, 'NaN'::float8, '\\x01'::bytea, ARRAY[1], jsonb_build_object('a', 1)")
    kept = run_sql(conn, "SELECT 1.5, ARRAY[1], now(), 'infinity'::date; SHOW work_mem")
    assert pickle.loads(pickle.dumps(kept)) == kept
    found = json.loads(run.to_json())
    assert found["schema"] == "pgops.sql/1"
    assert found["results"][0]["rows"] == [["1.5", "nan", "\\x01", [1], {"a": 1}]]
    local = json.loads(run_sql(conn, "SELECT timestamp '2026-01-02 03:04:05'").to_json())
    assert local["results"][0]["rows"] == [["2026-01-02T03:04:05"]]


def test_for_people(conn):
    from pgops.render.text import to_text

    text = to_text(run_sql(conn, "TABLE notes; SHOW work_mem; SELECT E'\\x1b[31m'").to_document())
    assert "1. TABLE notes" in text
    assert "two" in text
    assert "\x1b" not in text


EXPLAINED = {
    "a query": "EXPLAIN SELECT 1",
    "a query in parentheses": "EXPLAIN ((SELECT 1))",
    "words": "EXPLAIN -- hi\n ANALYZE /* ( */ VERBOSE TABLE notes",
    "options": "EXPLAIN (ANALYZE /* ) SELECT -- */, COSTS 'off') WITH a AS (SELECT 'é)') SELECT * FROM a",
    "a change": "EXPLAIN INSERT INTO notes VALUES (nextval('numbers'))",
    "a change, not carried out": "EXPLAIN (ANALYZE on, COSTS off, ANALYZE 'False') DELETE FROM notes",
    "a change, carried out 0 times": "EXPLAIN (ANALYZE 0) UPDATE notes SET text = ''",
    "rows that would be locked": "EXPLAIN SELECT * FROM notes FOR UPDATE",
}


def test_what_may_be_explained(conn):
    before = state(conn)
    for name, sql in EXPLAINED.items():
        assert run_sql(conn, sql).last.rows, name
    assert state(conn) == before


SET = ("application_name = 'report'", "LOCAL lock_timeout = '1s'", "client_min_messages = error")


def test_settings_that_do_no_harm(conn):
    assert len(run_sql(conn, "; ".join(f"SET {each}" for each in SET)).results) == len(SET)


# --- what is refused --------------------------------------------------------------------------------------------------

REFUSED = {
    "INSERT": "INSERT INTO notes VALUES (3, 'three')",
    "UPDATE": "UPDATE notes SET text = ''",
    "DELETE": "DELETE FROM notes",
    "MERGE": "MERGE INTO notes USING notes AS n ON true WHEN MATCHED THEN DELETE",
    "a change in WITH": "WITH gone AS (DELETE FROM notes RETURNING id) SELECT * FROM gone",
    "TRUNCATE": "TRUNCATE notes",
    "DROP": "DROP TABLE notes",
    "CREATE": "CREATE TABLE more (a int)",
    "a temporary table": "CREATE TEMP TABLE more (a int)",
    "SELECT INTO": "SELECT * INTO more FROM notes",
    "CREATE TABLE AS": "CREATE TABLE more AS TABLE notes",
    "a locking SELECT": "SELECT * FROM notes FOR UPDATE",
    "a nested locking SELECT": "SELECT * FROM (SELECT * FROM notes FOR SHARE) AS n",
    "LOCK": "LOCK TABLE notes",
    "COMMIT first": "COMMIT; DROP TABLE notes",
    "ROLLBACK": "ROLLBACK",
    "a transaction of its own": "BEGIN READ WRITE; DELETE FROM notes; COMMIT",
    "the transaction's mode": "SET TRANSACTION READ WRITE; DELETE FROM notes",
    "the transaction's mode as a setting": "SET transaction_read_only = off",
    "the default mode": "SET default_transaction_read_only = off",
    "the session's mode": "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "set_config": "SELECT set_config('transaction_read_only', 'off', true)",
    "a role": "SET ROLE pg_monitor",
    "who one is": "SET SESSION AUTHORIZATION postgres",
    "the limit of time": "SET statement_timeout = 0",
    "RESET ALL": "RESET ALL",
    "DO": "DO $$BEGIN DELETE FROM notes; END$$",
    "CALL": "CALL commits()",
    "EXPLAIN ANALYZE of a change": "EXPLAIN ANALYZE DELETE FROM notes",
    "EXPLAIN ANALYZE of a change, in options": "EXPLAIN (COSTS off, ANALYZE on) DELETE FROM notes",
    "EXPLAIN ANALYZE that makes a table": "EXPLAIN ANALYZE CREATE TABLE more AS TABLE notes",
    "EXPLAIN ANALYZE of a function": "EXPLAIN ANALYZE SELECT nextval('numbers')",
    "EXPLAIN ANALYZE behind a comment": "EXPLAIN (ANALYZE /* ) SELECT 1 -- */ ) SELECT pg_switch_wal()",
    "EXPLAIN whose last word is ANALYZE": "EXPLAIN (ANALYZE off, ANALYZE) DELETE FROM notes",
    "EXPLAIN of what the planner runs": "EXPLAIN SELECT switches(1)",
    "EXPLAIN of a change for which the planner runs it": "EXPLAIN DELETE FROM notes WHERE text = switches(1)::text",
    "EXPLAIN of EXECUTE": "EXPLAIN EXECUTE something",
    "COPY to a file": "COPY notes TO '/tmp/pgops-never'",
    "COPY to a program": "COPY notes TO PROGRAM 'touch /tmp/pgops-never'",
    "COPY to the client": "COPY notes TO STDOUT",
    "COPY from a file": "COPY notes FROM '/etc/passwd'",
    "VACUUM": "VACUUM notes",
    "ANALYZE": "ANALYZE notes",
    "ALTER SYSTEM": "ALTER SYSTEM SET work_mem = '8MB'",
    "ALTER DATABASE": "ALTER DATABASE postgres SET work_mem = '8MB'",
    "LOAD": "LOAD 'plpgsql'",
    "CHECKPOINT": "CHECKPOINT",
    "LISTEN": "LISTEN a",
    "NOTIFY": "NOTIFY a",
    "PREPARE": "PREPARE p AS DELETE FROM notes",
    "EXECUTE": "EXECUTE p",
    "DECLARE": "DECLARE c CURSOR FOR TABLE notes",
    "DISCARD": "DISCARD ALL",
    "GRANT": "GRANT SELECT ON notes TO PUBLIC",
    "nextval": "SELECT nextval('numbers')",
    "setval": "SELECT setval('numbers', 50)",
    "a session's advisory lock": "SELECT pg_advisory_lock(1)",
    "a lock behind a view": "TABLE hides",
    "ending a session": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
    "a large object": "SELECT lo_create(0)",
    "a slot": "SELECT pg_create_physical_replication_slot('s')",
    "a notice to others": "SELECT pg_notify('a', 'b')",
    "switching the log": "SELECT pg_switch_wal()",
    "reloading": "SELECT pg_reload_conf()",
    "SQL in a text": "SELECT query_to_xml('DELETE FROM notes', true, true, '')",
    "a function that writes": "SELECT writes()",
    "a function that says it does not": "SELECT liar()",
    "an operator that writes": "SELECT 1 <+> 1",
}


@pytest.mark.parametrize("sql", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_more_than_reading_is_refused(conn, sql):
    before = state(conn)
    with pytest.raises(SqlRefusedError, match=r"SQL:\d+:\d+: statement \d is not run: ") as caught:
        run_sql(conn, sql)
    assert "propose_sql" in caught.value.cure
    assert state(conn) == before


def test_a_parameter_that_nobody_gives(conn):
    with pytest.raises(SqlRefusedError, match=r"^SQL:2: nobody gives the value of its parameter: SELECT \$1"):
        run_sql(conn, "SELECT 1;\nSELECT $1")


def test_nothing_runs_where_the_text_shows_a_refusal(conn):
    heard = []
    with pytest.raises(SqlRefusedError, match=r"^SQL:3:2: statement 2 "):
        run_sql(conn, "SELECT 1;\n\n DROP TABLE notes;", on_result=heard.append)
    assert heard == []


def test_the_server_is_a_second_wall(conn, monkeypatch):
    """Were every statement let through, the transaction would still refuse."""
    monkeypatch.setattr("pgops.scripting.reading.why_not_reading", lambda _: None)
    monkeypatch.setattr("pgops.query_plan.safety.judge", lambda *_: Verdict())
    for sql in (
        "DELETE FROM notes",
        "SELECT writes()",
        "SELECT nextval('numbers')",
        "CREATE TABLE more (a int)",
        "SELECT 1; SET TRANSACTION READ WRITE; DELETE FROM notes",
        "SET transaction_read_only = off; DELETE FROM notes",
        "SELECT set_config('transaction_read_only', 'off', true); DELETE FROM notes",
        "CALL commits()",
    ):
        before = state(conn)
        with pytest.raises((SqlRefusedError, StatementFailedError)):
            run_sql(conn, sql)
        assert state(conn) == before, sql


FAILING = {
    "a column": ("SELECT 1;\n-- a comment\nSELECT\n  1,\n  nothing\nFROM notes", "SQL:5:3: statement 2", "42703"),
    "a first line": ("  SELECT nothing", "SQL:1:10: statement 1", "42703"),
    "behind what is wide": ("SELECT 'äöü€😀', nothing", "SQL:1:17: statement 1", "42703"),
    "no position": ("SELECT 1;\n\nSELECT 1 / (id - 1) FROM notes", "SQL:3:1: statement 2", "22012"),
    "behind dollar quotes": ("SELECT $a$;\n;$a$;\nSELECT nothing", "SQL:3:8: statement 2", "42703"),
    "an undefined table": ("SELECT * FROM gone", "SQL:1:15: statement 1", "42P01"),
}


@pytest.mark.parametrize(("sql", "place", "sqlstate"), FAILING.values(), ids=FAILING.keys())
def test_the_first_error_ends_it_and_has_its_place(conn, sql, place, sqlstate):
    with pytest.raises(StatementFailedError) as caught:
        run_sql(conn, sql)
    assert str(caught.value).startswith(place)
    assert sqlstate is None or caught.value.sqlstate == sqlstate


def test_a_statement_that_takes_too_long(conn):
    with pytest.raises(StatementFailedError, match="statement timeout") as caught:
        run_sql(conn, "SELECT pg_sleep(30)", timeout_s=0.05)
    assert "timeout_s" in caught.value.cure


def test_what_is_no_limit(conn):
    for timeout_s in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"timeout_s is .*; it is more than 0 seconds"):
            run_sql(conn, "no SQL", timeout_s=timeout_s)


# --- the caller's connection ------------------------------------------------------------------------------------------


def test_the_callers_connection_is_left_as_it_is(database):
    with database.connect(autocommit=False, row_factory=dict_row) as conn:
        assert run_sql(conn, "SELECT 1").last.rows == ((1,),)
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        conn.execute("INSERT INTO notes VALUES (50, 'open')")
        assert run_sql(conn, "SELECT count(*) FROM notes").last.rows == ((2,),)
        with pytest.raises(SqlRefusedError):
            run_sql(conn, "DELETE FROM notes")
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        assert conn.execute("SELECT count(*) AS n FROM notes").fetchone() == {"n": 3}
        conn.rollback()


def test_a_read_only_session_of_ours_will_do(database):
    with pgops.connect(url=database.conninfo()) as conn:
        assert run_sql(conn, "SELECT current_setting('application_name')").last.rows == (("pgops sql",),)


def test_a_role_whose_defaults_are_in_the_way(conn):
    """Its sessions read the text otherwise, and begin so that nothing is shown as usual."""
    conn.execute("CREATE ROLE pgops_odd LOGIN")
    try:
        for setting in ("standard_conforming_strings = off", "default_transaction_deferrable = on", "lock_timeout = 1"):
            conn.execute(f"ALTER ROLE pgops_odd SET {setting}")
        conn.execute("ALTER ROLE pgops_odd SET default_transaction_isolation = serializable")
        with psycopg.connect(conn.info.dsn, user="pgops_odd", autocommit=True) as odd:
            assert run_sql(odd, r"SELECT 'a\'; SELECT 'b'").results[0].rows == (("a\\",),)
    finally:
        conn.execute("DROP ROLE pgops_odd")


def test_behind_a_transaction_pooler_nothing_of_ours_is_left(database):
    with (
        start_pgbouncer(database.server, default_pool_size="1") as pooler,
        psycopg.connect(pooler.conninfo(database.name), autocommit=True, prepare_threshold=None) as conn,
    ):
        asked = "SELECT setting FROM pg_settings WHERE name = ANY('{statement_timeout,lock_timeout}') ORDER BY name"
        before = conn.execute(asked).fetchall()
        assert run_sql(conn, "SET search_path = pg_catalog; SHOW lock_timeout").last.rows == (("5s",),)
        assert conn.execute(asked).fetchall() == before
        assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_a_database_without_an_encoding(any_server):
    sql = r"""SELECT convert_from('\xff41', 'SQL_ASCII') AS "ö"; SELECT 'ö', generate_series(1, 9)"""
    with any_server.connect() as admin:
        admin.execute("CREATE DATABASE bytes_are_text ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        try:
            with any_server.connect("bytes_are_text") as conn:
                run = run_sql(conn, sql, max_rows=1)
        finally:
            admin.execute("DROP DATABASE bytes_are_text WITH (FORCE)")
    assert [each.rows for each in run.results] == [((r"\xffA",),), (("ö", 1),)]
    assert run.results[0].columns[0].name == "ö"


def test_times_are_as_the_server_says(conn):
    (row,) = run_sql(conn, "SET timezone = 'Asia/Tokyo'; SELECT timestamptz '2026-01-01 00:00+00'").last.rows
    assert row[0] == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
