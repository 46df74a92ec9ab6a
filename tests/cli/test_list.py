"""`pgops list`: the whole catalogue, without a server."""

from __future__ import annotations

import attrs
import pytest

import pgops
from tests.cli.conftest import plugin_source


def test_names(pgops_nowhere):
    ended = pgops_nowhere("list", "--names")
    assert ended.out.splitlines() == [check.id for check in pgops.list_checks()]
    assert ended.code == 0


def test_json_says_all_that_a_check_declares(pgops_nowhere):
    listed = {each["id"]: each for each in pgops_nowhere("list", "--json").json["checks"]}
    known = list(pgops.default_registry())
    assert list(listed) == [entry.check.id for entry in known]
    for entry in known:
        check = entry.check
        each = listed[check.id]
        assert each["aliases"] == list(check.aliases)
        assert (each["title"], each["doc"], each["scope"]) == (check.title, check.doc, check.scope.value)
        assert each["kind"] == ("check" if check.judge else "listing")
        assert each["since"] == min((query.since for query in check.queries), default=None)
        assert each["requires"]["role"] == check.requires.role
        assert each["requires"]["extension"] == check.requires.extension
        defaults = {limit["name"]: limit["default"] for limit in each["limits"]}
        assert defaults == {field.name: field.default for field in attrs.fields(check.limits)}
        assert all(limit["unit"] and limit["doc"] and limit["type"] for limit in each["limits"])
        assert each["origin"] == entry.origin


def test_text_is_readable(pgops_nowhere):
    ended = pgops_nowhere("list", "missing_fk_indexes", "pg_stat_statements_top")
    words = " ".join(ended.out.split())
    assert "pgops: 2 checks" in words
    assert "indexes.missing_fk_index" in words
    assert "also called missing_fk_indexes" in words
    assert "needs PostgreSQL 14 or later" in words
    assert "min_rows 0 rows" in words
    assert "the extension pg_stat_statements" in words
    assert "a listing: rows and no verdict" in words


@pytest.mark.parametrize("columns", [60, 100, 200])
def test_text_keeps_to_the_width(pgops_nowhere, columns):
    ended = pgops_nowhere("list", COLUMNS=str(columns))
    assert max(map(len, ended.out.splitlines())) == columns


def test_a_plugin_is_listed_with_its_origin(pgops_nowhere):
    pgops_nowhere.install_plugin("acme_checks", plugin_source("acme", "SELECT 'x'::text AS name"))
    assert "plugin acme_checks" in pgops_nowhere("list", "made").out
    assert pgops_nowhere("list", "made", "--json").json["checks"][0]["origin"] == "acme_checks"


def test_a_broken_plugin_is_named_and_the_rest_is_listed(pgops_nowhere):
    pgops_nowhere.install_plugin("half", "raise SystemExit('no \\x1b[2J licence')")
    ended = pgops_nowhere("list", "--json")
    assert ended.code == 0
    assert len(ended.json["checks"]) == len(pgops.list_checks())
    assert [plugin["name"] for plugin in ended.json["broken_plugins"]] == ["half"]
    assert "the plugin half could not take part: SystemExit: no \\x1b[2J licence" in ended.err


def test_a_reader_who_has_gone_ends_it_quietly(pgops_nowhere):
    with pgops_nowhere.started("list") as running:
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait() == 0
