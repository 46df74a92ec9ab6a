"""`pgops check`: what it prints where, and what its options do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pgops import Outcome, Report
from tests.cli.conftest import plant_duplicate_index, plugin_source


def test_text_goes_to_stdout_and_the_choice_to_stderr(pgops_here, any_database):
    plant_duplicate_index(any_database)
    ended = pgops_here("check", "indexes")
    assert "pgops report" in ended.out
    assert 'DROP INDEX CONCURRENTLY public."t two"' in ended.out or "DROP INDEX" in ended.out
    assert ended.err.startswith("Checking postgresql://postgres@/")
    assert any_database.name in ended.err
    assert "DB_URL is set" in ended.err


def test_a_profile_says_why_it_was_chosen(pgops_nowhere, any_database):
    server = any_database.server
    pgops_nowhere.write_config(
        f"""
        [configuration]
        schema_version = 1
        [database]
        host = "{server.host}"
        port = {server.port}
        user = "postgres"
        [database.local]
        database = "postgres"
        [database.other]
        database = "{any_database.name}"
        """
    )
    ended = pgops_nowhere("check", "made_of_nothing", "--profile", "other")
    assert ended.code == 2
    ended = pgops_nowhere("check", "invalid_indexes", "--profile", "other", "--json")
    assert "The call named profile 'other'." in ended.err
    assert (ended.code, ended.json["server"]["database"]) == (0, any_database.name)
    assert "'local' is the default" in pgops_nowhere("check", "invalid_indexes").err


def test_json_is_all_there_is_on_stdout_and_reads_back(pgops_here, any_database):
    plant_duplicate_index(any_database, "Käse ✓")
    pgops_here.install_plugin(
        "chatty", "print('hello from a plugin')\n" + plugin_source("chatty", "SELECT 'x'::text AS name")
    )
    ended = pgops_here("check", "indexes", "chatty", "made", "--json", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert ended.code == 2, "chatty is the plugin's name, and no selector"
    ended = pgops_here("check", "indexes", "made", "--json", LC_ALL="C", PYTHONIOENCODING="ascii")
    report = Report.from_json(ended.out)
    assert {finding.target.name for finding in report["duplicate_indexes"].findings} == {"Käse ✓ two"}
    assert [finding.message for finding in report["made.chatty"].findings] == ["x!"]
    assert "hello from a plugin" in ended.err
    assert ended.code == 1


def test_markdown_and_html(pgops_here, any_database):
    plant_duplicate_index(any_database)
    ended = pgops_here("check", "indexes", "--markdown", "--html", "page.html")
    assert ended.out.startswith("# pgops report")
    page = (pgops_here.cwd / "page.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "t two" in page


def test_selectors_leave_out(pgops_here):
    ended = pgops_here("check", "indexes", "!duplicate_indexes", "!unused_*", "--json")
    checks = {result["check"] for result in ended.json["results"]}
    assert "indexes.invalid_index" in checks
    assert not {"indexes.duplicate_index", "indexes.unused_index"} & checks


def test_a_limit_reaches_the_check_by_id_and_by_alias(pgops_here):
    for name in ("long_running_queries", "activity.long_running_query"):
        ended = pgops_here("check", "long_running_queries", "--limit", f"{name}.warn_s=7", "--json")
        assert Report.from_json(ended.out)["long_running_queries"].limits["warn_s"] == 7


def test_comparing_with_an_earlier_report(pgops_here, any_database):
    plant_duplicate_index(any_database, "old")
    plant_duplicate_index(any_database, "gone")
    before = pgops_here.cwd / "before.json"
    before.write_text(pgops_here("check", "indexes", "--json").out, encoding="utf-8")
    with any_database.connect() as conn:
        conn.execute("DROP TABLE gone")
    plant_duplicate_index(any_database, "new")
    text = pgops_here("check", "duplicate_indexes", "--compare", "before.json")
    assert "1 new   1 persisting   1 resolved   0 unknown" in text.out
    since = text.out.partition("Since the report of")[2]
    assert 'public."new two"' in since
    assert "old two" not in since
    compared = pgops_here("check", "duplicate_indexes", "--compare", "before.json", "--json")
    report, earlier = Report.from_json(compared.out), Report.from_json(before.read_bytes())
    comparison = report.compare(earlier)
    kinds = ("new", "persisting", "resolved", "unknown")
    fingerprints = {kind: [finding.fingerprint for finding in getattr(comparison, kind)] for kind in kinds}
    assert compared.json["comparison"] == fingerprints | {"forecasts": []}
    assert [finding.target.name for finding in comparison.new] == ["new two"]


def test_a_number_that_grows_is_told_when_it_reaches_its_limit(pgops_here, any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE SEQUENCE tickets MAXVALUE 1000")
        conn.execute("SELECT setval('tickets', 500)")
        before = pgops_here.cwd / "before.json"
        before.write_text(pgops_here("check", "sequence_exhaustion", "--json").out, encoding="utf-8")
        conn.execute("SELECT setval('tickets', 600)")
    compared = pgops_here("check", "sequence_exhaustion", "--compare", "before.json")
    assert "public.tickets" in compared.out.partition("reaches its limit in")[2]
    as_json = pgops_here("check", "sequence_exhaustion", "--compare", "before.json", "--json").json
    (forecast,) = as_json["comparison"]["forecasts"]
    assert (forecast["sql"], forecast["value"], forecast["limit"]) == ("public.tickets", 600, 1000)


def test_what_was_not_looked_at_again_is_unknown(pgops_here, any_database):
    plant_duplicate_index(any_database)
    before = pgops_here.cwd / "before.json"
    before.write_text(pgops_here("check", "duplicate_indexes", "--json").out, encoding="utf-8")
    ended = pgops_here("check", "invalid_indexes", "--compare", str(before))
    assert "0 resolved   1 unknown" in ended.out
    assert ended.code == 0


def test_a_report_of_another_database_is_said(pgops_here):
    body = pgops_here("check", "invalid_indexes", "--json").json
    body["server"]["database"] = "elsewhere"
    (pgops_here.cwd / "other.json").write_text(json.dumps(body), encoding="utf-8")
    assert "of the database elsewhere" in pgops_here("check", "invalid_indexes", "--compare", "other.json").out


def test_a_deadline_gives_the_partial_report(pgops_here):
    pgops_here.install_plugin("slow", plugin_source("slow", "SELECT pg_catalog.pg_sleep(60)::text AS name"))
    ended = pgops_here("check", "invalid_indexes", "made", "--deadline", "2", "--json")
    report = Report.from_json(ended.out)
    assert report["invalid_indexes"].outcome is Outcome.CLEAN
    assert report["made.slow"].outcome is Outcome.FAILED
    assert "deadline of 2 s" in report["made.slow"].reason
    assert ended.code == 3


def test_a_statement_timeout_ends_one_check(pgops_here):
    pgops_here.install_plugin("slow", plugin_source("slow", "SELECT pg_catalog.pg_sleep(60)::text AS name"))
    ended = pgops_here("check", "made", "--statement-timeout", "0.3")
    assert "stopped by the statement timeout of 0.3 s" in " ".join(ended.out.split())
    assert ended.code == 3


def test_nothing_can_be_written_by_a_check(pgops_here, any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE counted (n int)")
        conn.execute(
            "CREATE FUNCTION public.count() RETURNS text LANGUAGE sql AS"
            " $$ INSERT INTO public.counted VALUES (1); SELECT 'x'::text $$"
        )
    pgops_here.install_plugin("writing", plugin_source("writing", "SELECT public.count() AS name"))
    ended = pgops_here("check", "made", "--json")
    assert ended.json["results"][0]["sqlstate"] == "25006"
    assert ended.code == 3


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]], ids=["text", "json", "markdown"])
def test_a_reader_who_has_gone_ends_it_quietly(pgops_here, any_database, form):
    plant_duplicate_index(any_database)
    with pgops_here.started("check", "indexes", *form) as running:
        running.stdout.close()
        err = running.stderr.read().decode()
        assert running.wait() == 1, "the findings are what they are"
    assert err.count("\n") == 1
    assert err.startswith("Checking ")


def test_a_full_disk_is_an_error_of_one_line(pgops_here):
    with Path("/dev/full").open("wb") as full, pgops_here.started("check", "invalid_indexes", stdout=full) as running:
        err = running.stderr.read().decode()
        assert running.wait() == 3
    assert err.splitlines()[1:] == ["pgops: The output could not be written: No space left on device."]


def test_closed_streams_change_nothing(pgops_here):
    script = 'exec "$0" -m pgops check invalid_indexes >&- 2>&-'
    ran = subprocess.run(
        ["sh", "-c", script, sys.executable], cwd=pgops_here.cwd, env=pgops_here.environment(), check=False
    )
    assert ran.returncode == 0
