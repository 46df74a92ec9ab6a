"""Exit codes: 0 clean, 1 findings, 2 usage, 3 no answer; 1 wins over 3."""

from __future__ import annotations

import pytest

from tests.cli.conftest import plugin_source

FINDS = {
    "info": plugin_source("info", "SELECT 'x'::text AS name", severity="INFO"),
    "warning": plugin_source("warning", "SELECT 'x'::text AS name", severity="WARNING"),
    "critical": plugin_source("critical", "SELECT 'x'::text AS name", severity="CRITICAL"),
    "clean": plugin_source("clean", "SELECT 'x'::text AS name WHERE false"),
    "failed": plugin_source("failed", "SELECT (1/0)::text AS name"),
    "skipped": plugin_source("skipped", "SELECT 'x'::text AS name").replace(
        'doc="Made', 'requires=pgops.Requires(extension="no_such_extension"), doc="Made'
    ),
    "broken": "raise RuntimeError('half installed')",
}
CASES = {
    "all clean": (["clean"], [], 0),
    "a finding at the usual bound": (["clean", "warning"], [], 1),
    "a finding below it": (["info"], [], 0),
    "a finding at a lower bound": (["info"], ["--fail-on", "info"], 1),
    "a finding below a higher bound": (["warning"], ["--fail-on", "critical"], 0),
    "a finding at a higher bound": (["critical"], ["--fail-on", "CRITICAL"], 1),
    "a failed check": (["clean", "failed"], [], 3),
    "a failed check and a finding": (["failed", "warning"], [], 1),
    "a failed check and a finding below the bound": (["failed", "info"], [], 3),
    "a skipped check": (["clean", "skipped"], [], 0),
    "a skipped check, strictly": (["clean", "skipped"], ["--strict"], 3),
    "a skipped check and a finding, strictly": (["warning", "skipped"], ["--strict"], 1),
    "a broken plugin": (["clean", "broken"], [], 0),
    "a broken plugin, strictly": (["clean", "broken"], ["--strict"], 3),
}


@pytest.mark.parametrize(("plugins", "args", "code"), CASES.values(), ids=CASES.keys())
def test_the_exit_code_says_how_it_went(pgops_here, plugins, args, code):
    for name in plugins:
        pgops_here.install_plugin(f"plugin_{name}", FINDS[name])
    ended = pgops_here("check", "made", *args)
    assert ended.code == code, ended.out + ended.err
    assert "pgops report" in ended.out
    assert ("plugin_broken could not take part: RuntimeError: half installed" in ended.err) == ("broken" in plugins)


def test_a_server_that_dies_in_mid_run_is_no_good_answer(pgops_here):
    suicide = "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())::text AS name"
    pgops_here.install_plugin("dying", plugin_source("dying", suicide))
    ended = pgops_here("check", "invalid_indexes", "made", "--json")
    assert [result["outcome"] for result in ended.json["results"]] == ["clean", "failed"]
    assert ended.json["results"][1]["reason"].startswith("connection lost")
    assert ended.code == 3


def test_help_documents_the_exit_codes(pgops_nowhere):
    ended = pgops_nowhere("check", "--help")
    assert ended.code == 0
    for line in ("  0    ", "  1    ", "  2    ", "  3    ", "  130  ", "  1 wins over 3."):
        assert line in ended.out
