"""The DB_* variables that are limits here, and those of the session, through the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pgops
from pgops.cli.variables import LATER, VARIABLES


@pytest.fixture
def run(pgops_inside, any_database, tmp_path):
    with any_database.connect(autocommit=True) as conn:
        conn.execute("CREATE SCHEMA other; CREATE TABLE other.small (a int); CREATE TABLE big (a text)")
        conn.execute("INSERT INTO big SELECT repeat('x', 100) FROM generate_series(1, 5000); ANALYZE")
    return lambda *args, **env: pgops_inside(tmp_path, *args, DB_URL=any_database.conninfo(), **env)


def tables(ended) -> list[str]:
    return [row["table"] for row in ended.json["results"][0]["rows"]]


def limits(ended) -> dict[str, object]:
    return ended.json["results"][0]["limits"]


SIZES = ("check", "table_sizes", "--json")


def test_table_sizes(run):
    assert tables(run(*SIZES)) == ["big", "small"]
    assert tables(run(*SIZES, DB_TABLE_SIZES_SCHEMA="other")) == ["small"]
    assert tables(run(*SIZES, DB_TABLE_SIZES_MIN_BYTES="100000")) == ["big"]
    assert tables(run(*SIZES, DB_TABLE_SIZES_SCHEMA="", DB_TABLE_SIZES_MIN_BYTES=" ")) == ["big", "small"]


@pytest.mark.parametrize("name", ["table_sizes", "tables.sizes"])
def test_a_limit_of_the_call_wins_by_whichever_name(run, name):
    ended = run(*SIZES, "--limit", f"{name}.schema=public", DB_TABLE_SIZES_SCHEMA="other", DB_TABLE_SIZES_MIN_BYTES="1")
    assert tables(ended) == ["big"]
    assert limits(ended)["min_bytes"] == 1


def test_query_text_of_every_check_that_shows_one(run):
    named = ("activity_overview", "long_running_queries", "locks_overview", "idle_in_transaction", "slow_queries")
    ended = run("check", *named, "--json", DB_QUERY_TEXT_MAX_CHARS="7")
    assert {result["limits"].get("query_chars") for result in ended.json["results"]} == {7}
    assert len(ended.json["results"]) == len(named)


WRONG = {
    "a word": ("DB_QUERY_TEXT_MAX_CHARS", "many"),
    "nothing to show": ("DB_QUERY_TEXT_MAX_CHARS", "0"),
    "too many": ("DB_QUERY_TEXT_MAX_CHARS", "99999999999"),
    "a negative size": ("DB_TABLE_SIZES_MIN_BYTES", "-1"),
    "a size with a unit": ("DB_TABLE_SIZES_MIN_BYTES", "1MB"),
    "digits of another script": ("DB_TABLE_SIZES_MIN_BYTES", "١٢"),
    "a timeout that is none": ("DB_STATEMENT_TIMEOUT_MS", "soon"),
    "a negative timeout": ("DB_LOCK_TIMEOUT_MS", "-5"),
}


@pytest.mark.parametrize(("name", "value"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_a_usage_error_that_names_the_variable(run, name, value):
    ended = run(*SIZES, **{name: value})
    assert (ended.code, ended.json["exit_code"]) == (2, 2)
    assert name in ended.err


def test_the_session_has_the_name_and_the_timeouts(run):
    env = {"DB_APPLICATION_NAME": "nightly", "DB_STATEMENT_TIMEOUT_MS": "7000", "DB_LOCK_TIMEOUT_MS": "1500"}
    signs = {sign["name"]: sign["message"] for sign in run("doctor", "--json", **env).json["signs"]}
    assert "statement_timeout 7s, lock_timeout 1500ms" in signs["timeouts"]
    found = run("sql", "SHOW statement_timeout", "--json", **env).json
    assert found["results"][0]["rows"] == [["7s"]]
    shown = run("config", "test", "--json", **env)
    assert shown.json["connection"]["application_name"] == "nightly"


def test_help_says_which_variables_are_limits(run):
    text = run("check", "--help").out
    limits = [name for name, meaning in VARIABLES.items() if meaning.startswith("The limit")]
    assert len(limits) == 3
    assert all(name in text for name in limits)
    assert all("No effect yet" in meaning for meaning in LATER.values())


def test_every_variable_that_the_code_reads_is_documented():
    """The scanner's names are those of other programs, which it looks for in files."""
    known = {name for names in (*VARIABLES, *LATER) for name in names.split(", ")}
    sources = [file for file in Path(pgops.__file__).parent.rglob("*.py") if file.parent.name != "scanning"]
    read = {name for file in sources for name in re.findall(r'"((?:DB|PGOPS|PROJECT)_[A-Z_]+)"', file.read_text())}
    assert read <= known
    assert {"DB_URL", "DB_CONFIRM", "PGOPS_CONFIG"} <= read, "the pattern finds them"
