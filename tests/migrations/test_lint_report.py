"""What lint makes of its findings: exceptions beside the SQL, JSON, SARIF, GitHub's annotations, text; and plugins."""

from __future__ import annotations

import json
import logging
import re
import types

import attrs
import pytest

import pgops
from pgops.errors import BadRuleError, UnknownRuleError
from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Once, Rule
from pgops.migrations.lint.linter import lint_scripts, lint_sql
from pgops.migrations.lint.registry import all_rules, get_rule, own_rules, with_plugins, without_doubles
from pgops.sql.grammar import read_script
from pgops.sql.statements import CreateTable, Select

CHAR = "CREATE TABLE a (b char(2));"
RULES = ["char-type"]


def rules_of(sql, rules=RULES, **more):
    return [(each.rule, each.line) for each in lint_sql(sql, rules=rules, **more)]


# --- exceptions -------------------------------------------------------------------------------------------------------

IGNORED = {
    "on the line before": f"-- pgops: ignore char-type as the standard has it\n{CHAR}",
    "two lines before": f"-- pgops: ignore char-type as the standard has it\n-- more\n\n{CHAR}",
    "behind": f"{CHAR} -- pgops: ignore char-type as the standard has it",
    "inside": "CREATE TABLE a (\n  -- pgops: ignore char-type as the standard has it\n  b char(2)\n);",
    "inside, behind the column": "CREATE TABLE a (\n  b char(2) -- pgops: ignore char-type as the standard has it\n);",
    "without blanks": f"--pgops:ignore char-type why\n{CHAR}",
    "by another tool's name": f"-- pgops: ignore ban-char-field as the standard has it\n{CHAR}",
    "with carriage returns": f"-- pgops: ignore char-type why\r\n{CHAR}\r\n",
    "one of several for it": "-- pgops: ignore char-type why\nCREATE TABLE a (b char(2), c char(3));",
}


@pytest.mark.parametrize("name", IGNORED)
def test_an_exception_with_a_reason_is_heeded(name):
    assert rules_of(IGNORED[name]) == []


HEEDED_NOT = {
    "no reason": (f"-- pgops: ignore char-type\n{CHAR}", "gives no reason"),
    "no rule": (f"-- pgops: ignore\n{CHAR}", "names no rule"),
    "no such rule": (f"-- pgops: ignore char-typ why\n{CHAR}", "not there, char-typ. Did you mean 'char-type'?"),
}


@pytest.mark.parametrize("name", HEEDED_NOT)
def test_an_exception_that_is_wrong_is_a_finding_and_not_heeded(name):
    sql, says = HEEDED_NOT[name]
    report = lint_sql(sql, rules=RULES, file="a.sql")
    found = {each.rule: each for each in report}
    assert found.keys() == {"char-type", "unused-ignore"}
    assert says in found["unused-ignore"].message
    assert {each.file for each in report} == {"a.sql"}


UNUSED = {
    "nothing there": "-- pgops: ignore char-type why\nCREATE TABLE a (b text);",
    "about the statement before": f"{CHAR}\n-- pgops: ignore char-type why\nSELECT 1;",
    "about the one before the last": f"-- pgops: ignore char-type why\nSELECT 1;\n{CHAR}",
    "at the end": f"{CHAR}\n-- pgops: ignore char-type why",
    "another rule": f"-- pgops: ignore money-type why\n{CHAR}",
}


@pytest.mark.parametrize("name", UNUSED)
def test_an_exception_that_excepts_nothing_is_a_finding(name):
    found = [each.rule for each in lint_sql(UNUSED[name], rules=["char-type", "money-type"])]
    assert found.count("unused-ignore") == 1
    assert found.count("char-type") == ("char(2)" in UNUSED[name])


def test_nobody_can_say_whether_an_exception_is_needed_where_its_rule_was_not_looked_for():
    sql = "-- pgops: ignore missing-lock-timeout a reason\nALTER TABLE a ADD COLUMN b text;"
    assert rules_of(sql) == []
    assert "unused-ignore" not in [each.rule for each in lint_sql(sql, sets_timeouts=True)]
    assert "missing-lock-timeout" not in [each.rule for each in lint_sql(sql)]
    assert "unused-ignore" in [each.rule for each in lint_sql("-- pgops: ignore missing-lock-timeout why\nSELECT 1;")]


def test_what_looks_like_an_exception_in_a_string_is_none():
    assert rules_of("SELECT '-- pgops: ignore char-type why';\n" + CHAR) == [("char-type", 2)]
    assert rules_of("DO $$ -- pgops: ignore char-type why\nBEGIN END $$;") == []


def test_what_could_not_be_read_can_be_excepted():
    assert rules_of("-- pgops: ignore unparsed psql runs this file\n\\set on_error_stop 1\n" + CHAR) == [
        ("char-type", 3)
    ]
    assert rules_of("SELEC 1; -- pgops: ignore unparsed a new grammar") == []
    assert rules_of("-- pgops: ignore unparsed a new grammar\n\nSELEC 1;") == []
    assert rules_of("-- pgops: ignore unparsed why\nSELECT 1;") == [("unused-ignore", 1)]


# --- the report -------------------------------------------------------------------------------------------------------

HOSTILE = "\x1b[2J::error::%0A\u202eä"
SQL = f"""-- one
CREATE TABLE "a{HOSTILE}" (
    b char(2)
);
DELETE FROM orders;
SELEC 1;
ALTER TABLE orders ADD CONSTRAINT c CHECK (d > 0);
"""
CHOSEN = [
    attrs.evolve(get_rule("char-type"), severity=Severity.WARNING),
    attrs.evolve(get_rule("change-without-where"), severity=Severity.CRITICAL),
    attrs.evolve(get_rule("check-not-valid-first"), severity=Severity.INFO),
]


@pytest.fixture(scope="module")
def report():
    return lint_sql(SQL, rules=CHOSEN, server=16, file="migrations/100% a,b:c ä.sql")


def test_the_report_tells_what_and_where(report):
    assert [(each.rule, each.line, each.column, each.last_line, str(each.severity)) for each in report] == [
        ("char-type", 2, 1, 4, "warning"),
        ("change-without-where", 5, 1, 5, "critical"),
        ("unparsed", 6, 1, 6, "warning"),
        ("check-not-valid-first", 7, 1, 7, "info"),
    ]
    assert (len(report), bool(report), report.worst, report.server) == (4, True, Severity.CRITICAL, 16)
    assert [each.rule for each in report.at_least(Severity.CRITICAL)] == ["change-without-where"]
    check = report.findings[-1]
    assert (check.lock, check.blocks, check.scan, check.rewrite) == (
        "ACCESS EXCLUSIVE",
        "reads and writes",
        True,
        False,
    )
    assert str(check.target) == "orders"


def test_nothing_found_is_false():
    report = lint_sql("SELECT 1;")
    assert (len(report), bool(report), report.worst) == (0, False, None)
    assert "Nothing was found." in report.to_text()
    assert report.to_github() == ""
    assert json.loads(report.to_sarif())["runs"][0]["results"] == []


def test_json(report):
    shape = json.loads(report.to_json())
    assert (shape["schema"], shape["server"], shape["statements"]) == ("pgops.lint/1", 16, 3)
    assert shape["files"] == ["migrations/100% a,b:c ä.sql"]
    first = shape["findings"][0]
    assert (first["rule"], first["severity"], first["kind"]) == ("char-type", "warning", "style")
    assert HOSTILE in first["statement"]
    assert [each.keys() for each in shape["findings"]] == [first.keys()] * 4


def test_several_files_know_what_the_first_has_made():
    first = read_script("CREATE TABLE a (b int);", file="1.sql")
    second = read_script("CREATE INDEX ON a (b); CREATE INDEX ON c (d);", file="2.sql")
    report = lint_scripts([first, second], rules=["index-not-concurrent"])
    assert [(each.file, str(each.target)) for each in report] == [("2.sql", "c")]
    assert report.files == ("1.sql", "2.sql")


# SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json): the parts that are written here, with what is required of each.


def test_sarif_has_the_shape_that_the_standard_asks_for(report):
    log = json.loads(report.to_sarif())
    assert log.keys() == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    assert run.keys() == {"tool", "columnKind", "results"}
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    driver = run["tool"]["driver"]
    assert driver.keys() == {"name", "version", "rules"}
    assert (driver["name"], driver["version"]) == ("pgops", pgops.__version__)
    ids = [each["id"] for each in driver["rules"]]
    assert len(set(ids)) == len(ids) == 4
    for rule in driver["rules"]:
        assert rule.keys() <= {"id", "shortDescription", "fullDescription", "defaultConfiguration", "helpUri", "help"}
        assert rule["shortDescription"]["text"]
        assert rule.get("defaultConfiguration", {"level": "none"})["level"] in {"none", "note", "warning", "error"}
    for result, finding in zip(run["results"], report, strict=True):
        assert result.keys() <= {"ruleId", "ruleIndex", "level", "message", "locations", "properties"}
        assert ids[result["ruleIndex"]] == result["ruleId"] == finding.rule
        assert result["level"] in {"note", "warning", "error"}
        assert result["message"]["text"].startswith(finding.message)
        ((kind, place),) = result["locations"][0].items()
        assert kind == "physicalLocation"
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"(?:[\w\-.~!$&'()*+,;=@/]|%[0-9A-F]{2})+", uri, re.ASCII)  # RFC 3986, a relative path
        assert uri == "migrations/100%25%20a%2Cb%3Ac%20%C3%A4.sql"
        region = place["region"]
        assert region.keys() == {"startLine", "startColumn", "endLine"}
        assert all(type(number) is int for number in region.values())
        assert 1 <= region["startLine"] <= region["endLine"]
        assert region["startColumn"] >= 1
    assert [each["level"] for each in run["results"]] == ["warning", "error", "warning", "note"]


def test_sarif_without_a_file_has_no_place():
    (result,) = json.loads(lint_sql(CHAR, rules=RULES).to_sarif())["runs"][0]["results"]
    assert "locations" not in result


def test_github_gets_one_line_a_finding_whatever_the_text():
    report = lint_sql(SQL + 'DELETE FROM "x\r\n::error file=y::z%";', rules=CHOSEN, file="a,b:c\n::warning::%.sql")
    lines = report.to_github().split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(report) == 5
    command = re.compile(r"::(error|warning|notice) file=([^,:]*),line=(\d+),endLine=(\d+),title=([^,:]*)::(.+)")
    for line, finding in zip(lines, report, strict=True):
        _, file, first, last, title, message = command.fullmatch(line).groups()
        assert unescaped(file.replace("%3A", ":").replace("%2C", ",")) == "a,b:c\n::warning::%.sql"
        assert (int(first), int(last), title) == (finding.line, finding.last_line, finding.rule)
        assert unescaped(message).startswith(finding.message)
        assert "\r" not in line


def unescaped(text):
    return text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


def test_text_shows_no_control_character(report):
    text = report.to_text(width=90)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "char-type" in text
    assert "NOT VALID" in text
    assert all(len(line) <= 90 for line in text.splitlines())
    assert "\x1b[" in report.to_text(color=True)


# --- rules ------------------------------------------------------------------------------------------------------------

DOC = "Selecting is forbidden.\n\nWhy that is, when it is not, and\nwhere to read more."


def rule(look, name="no-select", **more):
    return Rule(id=name, doc=DOC, look=look, kind=Kind.STYLE, bad="SELECT 1;", good="VALUES (1);", **more)


def always(step):
    yield Hit(message="There.")


def test_a_rule_sees_the_statements_that_it_names():
    seen = []
    look = rule(lambda step: seen.append(step.statement.text) or (), statements=(Select,))
    lint_sql(f"SELECT 1; {CHAR} SELECT 2;", rules=[look])
    assert seen == ["SELECT 1", "SELECT 2"]


def test_once_is_in_a_script_or_in_a_transaction():
    sql = "SELECT 1; SELECT 2; COMMIT; SELECT 3; SELECT 4;"
    for once, found in ((None, 4), (Once.TRANSACTION, 2), (Once.SCRIPT, 1)):
        assert len(lint_sql(sql, rules=[rule(always, once=once)])) == found
    scripts = [read_script(sql), read_script(sql)]
    assert len(lint_scripts(scripts, rules=[rule(always, once=Once.SCRIPT)])) == 2


def test_a_rule_that_breaks_is_a_finding_and_ends_no_other(caplog):
    broken = rule(lambda step: 1 / 0, name="broken", statements=(CreateTable,))
    report = lint_sql(f"SELECT 1; {CHAR}", rules=[broken, "char-type"])
    assert [(each.rule, each.kind) for each in report] == [("broken-rule", Kind.UNKNOWN), ("char-type", Kind.STYLE)]
    assert "broken broke here, so what it looks for is unknown: ZeroDivisionError" in report.findings[0].message
    assert "The lint rule broken broke" in caplog.text


def test_an_unknown_rule_is_named_with_the_nearest():
    with pytest.raises(UnknownRuleError, match="chartype") as raised:
        lint_sql("SELECT 1;", rules=["chartype"])
    assert "char-type" in str(raised.value)
    assert get_rule("ban-char-field").id == "char-type"


@pytest.mark.parametrize("name", ["", "Upper", "two words", "under_score", "dot.ted"])
def test_an_id_is_words_with_hyphens(name):
    with pytest.raises(BadRuleError):
        rule(always, name)


# --- plugins ----------------------------------------------------------------------------------------------------------


class EntryPoint:
    """An installed plugin, as importlib.metadata hands it out."""

    def __init__(self, name, load):
        self.name, self.load = name, load


def plugin(give):
    return types.SimpleNamespace(pgops_lint_rules=pgops.hookimpl(give))


@pytest.fixture
def installed(monkeypatch):
    """What importlib.metadata says is installed."""
    plugins = []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: plugins if group == "pgops" else [])
    return plugins


def fails():
    raise ImportError("no module named x")


def ends():
    raise SystemExit(3)


BROKEN = {
    "does not import": (fails, "ImportError: no module named x"),
    "ends the process": (ends, "SystemExit: 3"),
    "raises": (lambda: plugin(lambda: 1 / 0), "ZeroDivisionError"),
    "gives no rules": (lambda: plugin(lambda: ["char-type"]), "gave str"),
    "gives nothing": (lambda: plugin(lambda: None), "TypeError"),
    "declares wrongly": (lambda: plugin(lambda: [rule(always, "Wrong")]), "BadRuleError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_logged_and_left_out(name, installed, caplog):
    load, says = BROKEN[name]
    installed += [EntryPoint("theirs", load), EntryPoint("well", lambda: plugin(lambda: [rule(always)]))]
    with caplog.at_level(logging.WARNING, "pgops.migrations"):
        rules = with_plugins(own_rules())
    assert [each.id for each in rules] == [*(each.id for each in own_rules()), "no-select"]
    (record,) = caplog.records
    assert record.getMessage().startswith("The lint rules of plugin theirs are left out: ")
    assert says in record.getMessage()


@pytest.mark.parametrize("taken", [{"name": "char-type"}, {"aliases": ("ban-char-field",)}], ids=["id", "alias"])
def test_a_plugin_that_takes_a_name_is_an_error(taken, installed):
    installed.append(EntryPoint("theirs", lambda: plugin(lambda: [rule(always, **taken)])))
    with pytest.raises(BadRuleError, match="Two lint rules are called"):
        with_plugins(own_rules())


def test_our_own_names_mean_one_rule_each():
    assert without_doubles(own_rules()) == own_rules()
    assert set(own_rules()) <= set(all_rules())
