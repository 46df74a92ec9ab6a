"""`pgops migrations lint, plan, apply, backfill`: SQL on its way to a database, as a person and CI send it."""

from __future__ import annotations

import json

import pytest

SQL = "CREATE INDEX orders_day ON orders (day);\n"


@pytest.fixture
def database(any_database):
    with any_database.connect(autocommit=True) as conn:
        conn.execute("CREATE TABLE orders (id bigint PRIMARY KEY, day date, amount int, cents int)")
        conn.execute("INSERT INTO orders SELECT g, now(), g FROM generate_series(1, 500) AS g; ANALYZE orders")
        yield any_database


@pytest.fixture
def program(pgops_nowhere):
    (pgops_nowhere.cwd / "change.sql").write_text(SQL)
    return pgops_nowhere


def test_lint_finds_and_says_so_by_its_exit_code(program):
    ended = program("migrations", "lint", "change.sql")
    assert ended.code == 1
    assert "index-not-concurrent" in ended.out
    assert "CREATE INDEX CONCURRENTLY orders_day" in ended.out
    assert program("migrations", "lint", "change.sql", "--fail-on", "critical").code == 0


def test_lint_for_other_programs(program):
    found = program("migrations", "lint", "change.sql", "--json").json
    assert found["schema"] == "pgops.lint/1"
    assert "index-not-concurrent" in [each["rule"] for each in found["findings"]]
    sarif = program("migrations", "lint", "change.sql", "--format", "sarif").json
    assert sarif["version"] == "2.1.0"
    github = program("migrations", "lint", "change.sql", "--format", "github").out
    assert "::warning file=change.sql,line=1," in github


def test_lint_asks_the_database_where_it_is_told_to(program, database):
    url = ("--url", database.conninfo())
    assert "index-not-concurrent" in program("migrations", "lint", "change.sql").out
    assert "index-not-concurrent" not in program("migrations", "lint", "--live", "change.sql", *url).out  # it is small


def test_lint_of_what_waits(program):
    assert program("migrations", "record", "CREATE TABLE t (c char(3))", "-m", "t").code == 0
    ended = program("migrations", "lint")
    assert "prerelease.sql" in ended.out
    assert "char-type" in ended.out


def test_lint_where_there_is_nothing_to_look_at(program):
    ended = program("migrations", "lint", "missing.sql")
    assert ended.code == 3
    assert "neither a file nor a folder" in ended.err


def test_trace_carries_it_out_elsewhere(program, database):
    """On a copy of the schema, on a throwaway server: the database itself stays as it is."""
    ended = program("migrations", "trace", "change.sql", "--live", "--json", "--url", database.conninfo())
    assert ended.code == 0, ended.err
    (statement,) = ended.json["statements"]
    assert statement["failed"] is None
    with database.connect(autocommit=True) as conn:
        assert conn.execute("SELECT to_regclass('orders_day')").fetchone() == (None,)


def test_plan_changes_nothing(program, database):
    ended = program("migrations", "plan", "change.sql", "--url", database.conninfo())
    assert ended.code == 0
    assert "SHARE" in ended.out
    assert "DROP INDEX orders_day" in ended.out
    facts = program("migrations", "plan", "change.sql", "--json", "--url", database.conninfo()).json
    assert facts["schema"] == "pgops.plan/1"
    assert facts["units"][-1]["statements"][0]["holds"][0]["blocks"] == "writes"
    with database.connect(autocommit=True) as conn:
        assert conn.execute("SELECT to_regclass('orders_day'), to_regnamespace('pgops')").fetchone() == (None, None)


def test_apply_needs_consent_and_is_done_once(program, database):
    url = ("--url", database.conninfo())
    ended = program("migrations", "apply", "change.sql", *url)
    assert ended.code == 3
    assert "DB_CONFIRM=YES" in ended.err
    ended = program("migrations", "apply", "change.sql", "--json", *url, DB_CONFIRM="YES")
    assert (ended.code, ended.json["outcome"]) == (0, "applied"), ended.err
    assert ended.json["approval"]["note"] == "DB_CONFIRM=YES"
    assert "Nothing is left to do" in program("migrations", "apply", "change.sql", *url).out
    with database.connect(autocommit=True) as conn:
        assert conn.execute("SELECT state FROM pgops.ledger").fetchall() == [("done",)]


def test_a_statement_that_fails_is_named_with_its_line(program, database):
    (program.cwd / "change.sql").write_text("SELECT 1;\n\nINSERT INTO orders VALUES (1);\n")
    ended = program("migrations", "apply", "change.sql", "--url", database.conninfo(), DB_CONFIRM="YES")
    assert ended.code == 3
    assert "change.sql:3: duplicate key value" in ended.err


def test_backfill(program, database):
    how = ("--set", "cents = amount * 100", "--where", "cents IS NULL", "--batch", "100", "--url", database.conninfo())
    assert program("migrations", "backfill", "orders", *how).code == 3
    ended = program("migrations", "backfill", "orders", *how, "--json", DB_CONFIRM="YES")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["details"]["rows"] == 500
