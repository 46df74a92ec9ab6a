"""The runner: answers are right over any connection, which is left as it was, and nothing can be written."""

from __future__ import annotations

import time
from datetime import UTC

import psycopg
import pytest
from psycopg.pq import TransactionStatus

import pgops
from pgops import Outcome, run_checks
from tests.checks.making import make_check, trusted, untrusted
from tests.checks.states import (
    ALL_TYPES,
    BROKEN,
    NAME,
    QUIET,
    ROUTES,
    STATES,
    open_transaction,
    outcomes,
    standing,
)


@pytest.mark.parametrize("registry_of", ROUTES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_answers_are_right_and_the_connection_is_left_as_it_was(state, registry_of, any_database):
    with any_database.connect() as conn:
        state(conn)
        before = standing(conn)
        report = run_checks(conn, registry=registry_of(NAME, BROKEN, ALL_TYPES, QUIET))
        assert standing(conn) == before
        assert outcomes(report) == {"name": "found", "broken": "failed", "types": "listed", "quiet": "clean"}
        assert report["made.name"].findings[0].target.name == "Ümläut €"
        (row,) = report["made.types"].rows
        assert (row.text, row.whole, row.number, row.yes, row.names) == ("é%", 7, 0.1, True, ("a", "ß"))
        assert row.at.isoformat() == "2026-11-22T08:00:00.500000+00:00"
        assert row.at.tzinfo == UTC or row.at.utcoffset().total_seconds() == 0
        assert report["made.broken"].sqlstate == "22012"
        if conn.info.transaction_status == TransactionStatus.INTRANS and state is open_transaction:
            conn.execute("INSERT INTO mine VALUES (1)")
            conn.execute("COMMIT")


def test_on_every_version(database):
    with database.connect() as conn:
        report = run_checks(conn, registry=trusted(NAME, BROKEN, ALL_TYPES, QUIET))
        assert report.server.major == database.server.major
        assert outcomes(report) == {"name": "found", "broken": "failed", "types": "listed", "quiet": "clean"}


def test_a_failed_transaction_stays_failed_and_says_so(any_database):
    with any_database.connect() as conn:
        conn.execute("BEGIN")
        with pytest.raises(psycopg.errors.DivisionByZero):
            conn.execute("SELECT 1/0")
        report = run_checks(conn, registry=trusted(NAME, QUIET))
        assert conn.info.transaction_status == TransactionStatus.INERROR
        assert outcomes(report) == {"name": "failed", "quiet": "failed"}
        assert report["made.name"].sqlstate == "25P02"
        assert "Roll it back" in report["made.name"].cure


def test_a_callers_savepoint_of_the_same_name_survives(any_database):
    with any_database.connect() as conn:
        conn.execute("BEGIN")
        conn.execute("CREATE TABLE kept (a int)")
        conn.execute("SAVEPOINT pgops_look")
        conn.execute("INSERT INTO kept VALUES (1)")
        run_checks(conn, registry=trusted(BROKEN, QUIET))
        conn.execute("ROLLBACK TO SAVEPOINT pgops_look")
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_inside_a_transaction_statistics_are_fresh(database):
    """In a transaction statistics stand still after the first look; a second run has to see what happened since."""
    counted = make_check(
        "counted",
        "SELECT s.relname::text AS name FROM pg_catalog.pg_stat_user_tables AS s"
        " WHERE s.relname = 't' AND s.n_tup_ins > 0",
    )
    with database.connect() as conn, database.connect() as other:
        other.execute("CREATE TABLE t (a int)")
        conn.execute("BEGIN")
        conn.execute("SET LOCAL stats_fetch_consistency = snapshot" if database.server.major >= 15 else "SELECT 1")
        assert outcomes(run_checks(conn, registry=trusted(counted))) == {"counted": "clean"}
        other.execute("INSERT INTO t VALUES (1)")
        other.close()  # a session hands in its statistics when it ends
        until = time.monotonic() + 20
        while outcomes(run_checks(conn, registry=trusted(counted))) != {"counted": "found"}:
            assert time.monotonic() < until, "the snapshot was not let go"
            time.sleep(0.1)


def test_a_database_without_encoding(any_server):
    with any_server.connect() as admin:
        admin.execute("DROP DATABASE IF EXISTS bytes_only")
        admin.execute("CREATE DATABASE bytes_only ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        with any_server.connect("bytes_only") as conn:
            conn.execute(b'CREATE TABLE "caf\xe9" (a int)')
            check = make_check(
                "latin", "SELECT relname::text AS name FROM pg_catalog.pg_class WHERE relname LIKE 'caf%%'"
            )
            for registry in (trusted(check), untrusted(check)):
                report = run_checks(conn, registry=registry)
                assert [row.name for row in report["made.latin"].rows] == ["caf\\xe9"], report["made.latin"]
    finally:
        with any_server.connect() as admin:
            admin.execute("DROP DATABASE bytes_only")


def test_pipeline_mode_is_refused(any_database):
    with (
        any_database.connect() as conn,
        conn.pipeline(),
        pytest.raises(pgops.errors.WrongConnectionError, match="pipeline"),
    ):
        run_checks(conn, registry=trusted(NAME))


def test_a_busy_connection_is_refused(any_database):
    with any_database.connect() as conn, conn.cursor().copy("COPY (SELECT 1) TO STDOUT") as copy:
        with pytest.raises(pgops.errors.WrongConnectionError, match="busy"):
            run_checks(conn, registry=trusted(NAME))
        assert list(copy) == [b"1\n"]


async def test_the_wrong_kind_is_an_error_that_names_the_other(any_database):
    with any_database.connect() as conn, pytest.raises(pgops.errors.WrongConnectionError, match=r"run_checks\b"):
        await pgops.run_checks_async(conn, registry=trusted(NAME))
    async with await psycopg.AsyncConnection.connect(any_database.conninfo()) as conn:
        with pytest.raises(pgops.errors.WrongConnectionError, match="run_checks_async"):
            run_checks(conn, registry=trusted(NAME))
    with pytest.raises(pgops.errors.WrongConnectionError, match="connection or pool"):
        run_checks("postgresql://x", registry=trusted(NAME))


def test_a_name_that_was_written_in_another_encoding(any_server):
    """Roles and databases are shared, and their names keep the bytes of the database they were made in."""
    with any_server.connect() as admin:
        admin.execute("DROP DATABASE IF EXISTS old_letters")
        admin.execute("CREATE DATABASE old_letters ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        with any_server.connect("old_letters") as conn:
            conn.execute('CREATE ROLE "jürgen"')
        check = make_check(
            "roles", "SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname LIKE 'j%%rgen'"
        )
        with any_server.connect() as conn:
            report = run_checks(conn, registry=trusted(check))
            assert [row.name for row in report["made.roles"].rows] == ["j\\xfcrgen"], report["made.roles"]
            assert pgops.Report.from_json(report.to_json()) == report
    finally:
        with any_server.connect("old_letters") as conn:
            conn.execute('DROP ROLE "jürgen"')
        with any_server.connect() as admin:
            admin.execute("DROP DATABASE old_letters")


# --- reading only -----------------------------------------------------------------------------------------------------

WRITING = {
    "insert": "WITH x AS (INSERT INTO t VALUES ('x') RETURNING a) SELECT a AS name FROM x",
    "set_config": "SELECT pg_catalog.set_config('transaction_read_only', 'off', true) AS name",
    "sequence": "SELECT pg_catalog.nextval('s')::text AS name",
}


@pytest.mark.parametrize("registry_of", ROUTES)
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("sql", WRITING.values(), ids=WRITING.keys())
def test_no_check_can_write(sql, autocommit, registry_of, any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a text)")
        conn.execute("CREATE SEQUENCE s")
        conn.autocommit = autocommit
        if not autocommit:
            conn.execute("SELECT 1")
        result = run_checks(conn, registry=registry_of(make_check("writing", sql))).results[0]
        assert result.outcome is Outcome.FAILED, result
        assert result.sqlstate in ("25006", "25001", "42P01"), result.reason  # 42P01: not to be found without a schema
        assert conn.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_strangers_check_can_not_end_the_transaction_around_it(any_database):
    escape = make_check("escape", "SELECT 'x'::text AS name; COMMIT; INSERT INTO public.t VALUES ('escaped')")
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a text)")
        result = run_checks(conn, [escape], registry=untrusted(QUIET)).results[0]
        assert (result.outcome, result.sqlstate) == (Outcome.FAILED, "42601")
        assert conn.execute("SELECT count(*) FROM t").fetchone() == (0,)


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["statement_timeout_s", "deadline_s"])
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_times_have_to_be_positive(argument, seconds, any_database):
    with any_database.connect() as conn, pytest.raises(ValueError, match=argument):
        run_checks(conn, registry=trusted(NAME), **{argument: seconds})


def test_progress_is_told_of_every_check(any_database):
    steps = []
    with any_database.connect() as conn:
        run_checks(conn, registry=trusted(NAME, BROKEN, QUIET), on_progress=steps.append)
    assert [(step.done, step.total, step.result.check) for step in steps] == [
        (1, 3, "made.name"),
        (2, 3, "made.broken"),
        (3, 3, "made.quiet"),
    ]


def test_rows_are_kept_up_to_max_rows_and_all_are_judged(any_database):
    many = make_check("many", "SELECT n::text AS name FROM pg_catalog.generate_series(1, 30) AS n", max_rows=10)
    with any_database.connect() as conn:
        result = run_checks(conn, registry=trusted(many)).results[0]
    assert (len(result.rows), result.truncated, len(result.findings)) == (10, True, 30)
