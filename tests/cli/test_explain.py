"""`pgops explain`: a plan from a statement, a file, or somebody's JSON; consent where it is needed."""

from __future__ import annotations

import json
from functools import partial

import pytest

from pgops.query_plan import read_plan

WHERE = "SELECT * FROM t WHERE a = %s"


@pytest.fixture
def explain(pgops_inside, tmp_path):
    """`pgops explain` where no database is configured."""
    return partial(pgops_inside, tmp_path, "explain")


@pytest.fixture
def explain_here(explain, any_database, tmp_path):
    """The same where DB_URL names a database with a table `t`."""
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a int, b text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 20000) AS g")
    return partial(explain, DB_URL=any_database.conninfo())


def rows(any_database) -> int:
    with any_database.connect() as conn:
        return conn.execute("SELECT count(*) FROM t").fetchone()[0]


def test_a_plan_is_shown_kept_and_compared(explain_here, any_database, tmp_path):
    shown = explain_here(WHERE, "--param", "5")
    assert (shown.code, "Seq Scan on public.t" in shown.out) == (0, True), shown.err
    assert "Explaining on" in shown.err
    (tmp_path / "q.sql").write_text("-- mine\nSELECT * FROM t WHERE a = 5;\n")
    measured = explain_here("-f", "q.sql", "--analyze", "--json", "--html", "plan.html")
    assert measured.code == 0, measured.err
    assert measured.json["schema"] == "pgops.query_plan/1"
    # Whether it took so long that there is advice hangs on the machine: it is the plan's, whatever it is.
    given = [(each["rule"], each["fix"]) for each in measured.json["advice"]]
    assert given == [(each.rule, each.fix) for each in read_plan(measured.out).advice]
    assert read_plan(measured.out).root.total_rows == 1
    assert (tmp_path / "plan.html").read_text().startswith("<!doctype html>")
    (tmp_path / "before.json").write_text(measured.out)
    again = explain_here("--read", "before.json")
    assert (again.code, "Seq Scan on public.t" in again.out) == (0, True)

    with any_database.connect() as conn:
        conn.execute("CREATE INDEX ON t (a); ANALYZE t")
    better = explain_here("-f", "q.sql", "--analyze", "--compare", "before.json", "--json")
    assert (better.code, better.json["verdict"]) == (0, "improved")
    (tmp_path / "after.json").write_text(json.dumps(better.json["after"]))
    worse = explain_here("--read", "before.json", "--compare", "after.json")
    assert (worse.code, "regressed" in worse.out) == (1, True)
    other = explain_here("SELECT 1", "--analyze", "--compare", "before.json")
    assert (other.code, "not comparable" in other.out) == (3, True)


def test_what_may_have_effects_is_run_with_consent_only(explain_here, any_database, tmp_path):
    refused = explain_here("--analyze", "DELETE FROM t")
    assert (refused.code, refused.out) == (3, "")
    assert "DB_CONFIRM=YES" in refused.err
    agreed = explain_here("--analyze", "DELETE FROM t", "--json", DB_CONFIRM="YES")
    assert agreed.code == 0, agreed.err
    assert "DELETE FROM t" in agreed.err, "the proposal is shown"
    assert read_plan(agreed.out).root.children[0].total_rows == 20_000
    assert rows(any_database) == 20_000


def test_advice_is_told_with_what_can_be_run(explain, tmp_path):
    scan = {"Node Type": "Seq Scan", "Schema": "public", "Relation Name": "t", "Filter": "(t.a = 5)"}
    measured = {"Actual Loops": 1, "Actual Rows": 1, "Rows Removed by Filter": 999_999}
    (tmp_path / "plan.json").write_text(json.dumps([{"Plan": scan | measured}]))
    (advice,) = explain("--read", "plan.json", "--json").json["advice"]
    assert (advice["rule"], advice["severity"], advice["node"]) == ("missing_index", "warning", 1)
    assert advice["fix"] in explain("--read", "plan.json").out


def test_mistakes_are_told_before_anything_is_asked(explain, tmp_path):
    (tmp_path / "no.json").write_text("{}")
    for args, code, words in [
        ([], 2, "Name one statement"),
        (["SELECT 1", "-f", "q.sql"], 2, "Name one statement"),
        (["postgresql://ann:hunter2@db/shop"], 2, "A URL is no statement"),
        (["--read", "no.json"], 3, "no query plan"),
        (["--read", "nowhere.json"], 2, "nowhere.json"),
        (["--read", "no.json", "SELECT 1"], 2, "--read"),
        (["SELECT 1", "--index", "CREATE INDEX ON t (a)", "--analyze"], 2, "--index"),
        (["SELECT 1", "--analyze", "--generic"], 2, "generic"),
        (["SELECT 1", "--html", "no/where.html"], 2, "folder"),
        (["SELECT 1"], 3, "postgres.toml"),
    ]:
        ended = explain(*args)
        assert (ended.code, ended.out) == (code, ""), (args, ended)
        assert words in ended.err, args
        assert "hunter2" not in ended.err


def test_a_statement_that_has_no_plan_ends_with_the_servers_words(explain_here, tmp_path):
    for args, words in [
        (["SELEC 1"], "syntax error"),
        (["SELECT 1; SELECT 2"], "more than one statement"),
        (["SELECT * FROM t", "--index", "CREATE INDEX ON t (a)"], "hypopg"),
    ]:
        ended = explain_here(*args)
        assert (ended.code, ended.out) == (3, "")
        assert words in ended.err
