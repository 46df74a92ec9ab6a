"""`pgops sql`: reading, writing with consent, and what is saved, as a person types it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pgops.cli.program import run


@pytest.fixture
def program(pgops_here, any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE notes (id int PRIMARY KEY, text text); INSERT INTO notes VALUES (1, 'one')")
    return pgops_here


def count(database) -> int:
    with database.connect() as conn:
        return conn.execute("SELECT count(*) FROM notes").fetchone()[0]


def test_reading(program, any_database):
    ended = program(
        "sql", "TABLE notes; SHOW statement_timeout; SELECT E'\\x1b[31mred'", DB_STATEMENT_TIMEOUT_MS="4321"
    )
    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    assert "one" in ended.out
    assert "4321ms" in ended.out
    assert program("sql", "--csv", "SHOW statement_timeout", DB_STATEMENT_TIMEOUT_MS="0").out.split() == [
        "statement_timeout",
        "0",
    ]
    (program.cwd / "q.sql").write_text("SELECT 1 AS a;\nSELECT nothing")
    ended = program("sql", "-f", "q.sql")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith('pgops: q.sql:2:8: statement 2 failed: column "nothing" does not exist [42703]')
    ended = program("sql", "DELETE FROM notes")
    assert (ended.code, ended.out, count(any_database)) == (3, "", 1)
    assert "SQL:1:1: statement 1 is not run" in ended.err
    assert "--write" in ended.err


def test_for_programs(program):
    found = program("sql", "--json", "--max-rows", "1", "SELECT g, 'x' AS t FROM generate_series(1, 5) AS g").json
    assert found["schema"] == "pgops.sql/1"
    (result,) = found["results"]
    assert (result["rows"], result["truncated"]) == ([[1, "x"]], True)
    assert [each["type"] for each in result["columns"]] == ["int4", "text"]
    csv = program("sql", "--csv", "SELECT 1 AS a, 'x,\"y\"' AS b, NULL AS c, '' AS d; VALUES (ARRAY[1])")
    assert csv.out == 'a,b,c,d\n1,"x,""y""",,""\n\ncolumn1\n[1]\n'


def test_from_stdin(program):
    ran = subprocess.run(
        [sys.executable, "-m", "pgops", "sql", "-", "--csv"],
        cwd=program.cwd,
        env=program.environment(),
        input="SELECT 'é' AS a".encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout.decode()) == (0, "a\né\n")


def test_from_a_stdin_that_is_closed(program, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)  # what Python makes of <&-
    assert run(["sql", "-"]) == 3
    assert capsys.readouterr().err == "pgops: stdin is closed, so nothing can be read from it.\n"


def test_writing_takes_consent(program, any_database):
    ended = program("sql", "--write", "DELETE FROM notes")
    assert (ended.code, ended.out, count(any_database)) == (3, "", 1)
    assert "DELETE without WHERE: every row of notes" in ended.err
    assert "DB_CONFIRM=YES" in ended.err
    ended = program("sql", "--write", "--json", "INSERT INTO notes VALUES (2, 'two') RETURNING id", DB_CONFIRM="YES")
    assert (ended.code, count(any_database)) == (0, 2)
    assert (ended.json["schema"], ended.json["outcome"]) == ("pgops.record/1", "applied")
    assert ended.json["details"]["statements"][0]["returned"] == [[2]]
    ended = program("sql", "--write", "INSERT INTO notes VALUES (3, 'x'), (2, 'again')", DB_CONFIRM="YES")
    assert (ended.code, count(any_database)) == (3, 2)
    assert "Key (id)=(2) already exists" in ended.err


def test_what_was_done_is_saved(program, any_database):
    saving = ("--save-to-migrations", "--summary", "a note")
    ended = program("sql", "--write", "INSERT INTO notes VALUES (2, 'two')", *saving, DB_CONFIRM="YES")
    assert ended.code == 0, ended.err
    assert "Saved in" in ended.out
    assert "INSERT INTO notes VALUES (2, 'two');" in (program.cwd / "db/migrations/prerelease.sql").read_text()
    assert "a note" in (program.cwd / "db/migrations/CHANGELOG.md").read_text()
    ended = program("sql", "--write", "DELETE FROM notes", "--save-to-migrations", "-m", "a\nb", DB_CONFIRM="YES")
    assert (ended.code, count(any_database)) == (2, 2), "it is not carried out where it could not be saved"
    ended = program("sql", "--write", "DELETE FROM notes; ALTER ROLE nobody PASSWORD 'x'", *saving, DB_CONFIRM="YES")
    assert (ended.code, count(any_database)) == (2, 2)
    assert "a password is in SQL:1, and does not belong into a file" in ended.err


WRONG = {
    "nothing": [],
    "two sources": ["SELECT 1", "-f", "x.sql"],
    "two forms": ["SELECT 1", "--json", "--csv"],
    "saving what is read": ["SELECT 1", "--save-to-migrations", "-m", "x"],
    "saving without a word": ["SELECT 1", "--write", "--save-to-migrations"],
    "a transaction for reading": ["SELECT 1", "--no-transaction"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG.keys())
def test_what_is_given_wrongly(arguments, capsys):
    assert run(["sql", *arguments]) == 2
    said = capsys.readouterr()
    assert ("pgops.error/1" in said.out) == ("--json" in arguments)
    assert "Try 'pgops sql --help'" in said.err
