"""Declarations: what contradicts itself is refused, templates write what can be read or run, queries fit the server."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from types import SimpleNamespace

import attrs
import pytest

from pgops import Check, Finding, Probe, Query, Requires, Server, Severity, Target, by, each_row, limit
from pgops.db.server import Extension, Lack
from pgops.errors import BadCheckError
from tests.checks.making import NOTHING, make_check
from tests.test_findings import HOSTILE_NAMES


@attrs.frozen(kw_only=True)
class Row:
    schema: str | None = "public"
    table: str = "orders"
    columns: tuple[str, ...] = ()
    pid: int = 42
    waited_s: float | None = 0.0
    total_bytes: int = 0
    dead_rows: int = 0
    used_pct: float = 0.0
    at: datetime | None = None
    on: bool = True


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(60.0, unit="s", doc="Warn.")
    crit_s: float = limit(600.0, unit="s", doc="Alarm.")


def target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


def judge(**more):
    return each_row(**{"severity": Severity.WARNING, "target": target, "message": "m", **more})


def declared(**more):
    return make_check("x", **{"row": Row, "limits": Limits, "judge": judge(), **more})


# --- contradictions ---------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Undecided:
    warn_s: float


def named(id_):
    return Check(id=id_, doc="A title.", row=Row, queries=[Query(since=14, sql=NOTHING)])


CONTRADICTIONS = {
    "an id without a topic": (lambda: named("orders"), "topic.slug"),
    "an id with two dots": (lambda: named("a.b.c"), "topic.slug"),
    "an id in capitals": (lambda: named("A.b"), "topic.slug"),
    "an id with a dash": (lambda: named("a.b-c"), "topic.slug"),
    "an id with a line break": (lambda: named("a.b\n"), "topic.slug"),
    "an alias in capitals": (lambda: declared(aliases=["ok", "Not_ok"]), "'Not_ok'"),
    "an alias like an id": (lambda: declared(aliases=["a.b"]), "'a.b'"),
    "an alias twice": (lambda: declared(aliases=["ab", "ab"]), "twice"),
    "no documentation": (lambda: Check(id="a.b", doc=None, row=Row, queries=[Query(since=14, sql=NOTHING)]), "title"),
    "blank documentation": (
        lambda: Check(id="a.b", doc=" \n ", row=Row, queries=[Query(since=14, sql=NOTHING)]),
        "title",
    ),
    "a row that is no attrs class": (lambda: declared(row=dict, judge=None), "attrs"),
    "limits that are no attrs class": (lambda: declared(limits=dict), "attrs"),
    "a limit without a default": (lambda: declared(limits=Undecided), "'warn_s' has no default"),
    "neither query nor probe": (lambda: declared(queries=[]), "either queries or a probe"),
    "query and probe": (lambda: declared(probe=Probe(facility="f", read=list)), "either queries or a probe"),
    "two queries for one version": (
        lambda: declared(queries=[Query(since=14, sql="a"), Query(since=14, sql="b")]),
        "same version",
    ),
    "a question for each row, and nowhere to put the answer": (
        lambda: declared(queries=[Query(since=14, sql="a", for_each_row="b")]),
        "no answer and sqlstate",
    ),
    "a message about what is not there": (
        lambda: declared(judge=judge(message="{tabel} is slow")),
        "'tabel'.*Did you mean 'table'",
    ),
    "a fix about what is not there": (
        lambda: declared(judge=judge(fix="DROP {tabel}")),
        "'tabel'.*Did you mean 'table'",
    ),
    "a message with an attribute": (lambda: declared(judge=judge(message="{table.name}")), "only plain fields"),
    "a message with a position": (lambda: declared(judge=judge(message="{0}")), "only plain fields"),
    "a message with nothing": (lambda: declared(judge=judge(message="{}")), "only plain fields"),
    "a message with a format": (lambda: declared(judge=judge(message="{pid:>10}")), "only plain fields"),
    "a message with a repr": (lambda: declared(judge=judge(message="{table!r}")), "only plain fields"),
    "an unclosed brace": (lambda: declared(judge=judge(message="{table")), "can't be read"),
    "a lonely brace": (lambda: declared(judge=judge(message="table}")), "can't be read"),
    "a severity by what is not there": (
        lambda: declared(judge=judge(severity=by("waited", warning="warn_s"))),
        "'waited'.*'waited_s'",
    ),
    "a severity by no such limit": (
        lambda: declared(judge=judge(severity=by("waited_s", warning="warn"))),
        "'warn'.*'warn_s'",
    ),
    "a severity by no limit": (lambda: declared(judge=judge(severity=by("waited_s"))), "nothing would ever be found"),
    "details of what is not there": (lambda: declared(judge=judge(details=["tables"])), "'tables'.*'table'"),
}


@pytest.mark.parametrize(("declare", "says"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_contradiction_is_refused(declare, says):
    with pytest.raises(BadCheckError, match=f"(?s){says}"):
        declare()


def test_the_error_names_the_check():
    with pytest.raises(BadCheckError, match=r"The check 'made\.x' is declared wrongly: "):
        declared(queries=[])


@pytest.mark.parametrize("field", ["aliases", "queries"])
def test_a_text_where_several_belong_is_refused(field):
    with pytest.raises(TypeError, match="several"):
        declared(**{field: "orders"})


def test_what_is_right_is_taken():
    check = declared(
        judge=judge(
            severity=by("waited_s", warning="warn_s", critical="crit_s"),
            message="{target} {{literally}} {table} waits {waited_s}, more than {warn_s}: 100 % %s",
            fix="SELECT {pid}, {table!l};",
            details=["pid"],
        )
    )
    assert (check.topic, check.title, check.aliases) == ("made", "Made for a test", ())


# --- judging row by row -----------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def judged(each: each_row, *rows: Row, limits: Limits | None = None) -> list[Finding]:
    limits = limits or Limits()
    return list(each(rows, SimpleNamespace(limits_for=lambda _: limits, limits=limits, now=NOW, check="made.x")))


RISING = by("waited_s", info="warn_s", critical="crit_s")
STEPS = {
    "below": (RISING, 59.99, None),
    "at the limit": (RISING, 60, Severity.INFO),
    "between": (RISING, 599, Severity.INFO),
    "at the worst": (RISING, 600.0, Severity.CRITICAL),
    "infinite": (RISING, math.inf, Severity.CRITICAL),
    "unknown": (RISING, None, None),
    "not a number": (RISING, math.nan, None),
    "falling, above": (by("waited_s", warning="crit_s", critical="warn_s", falling=True), 601, None),
    "falling, at the limit": (by("waited_s", warning="crit_s", critical="warn_s", falling=True), 600, Severity.WARNING),
    "falling, at the worst": (by("waited_s", warning="crit_s", critical="warn_s", falling=True), 60, Severity.CRITICAL),
    "falling, nothing left": (by("waited_s", warning="crit_s", critical="warn_s", falling=True), 0, Severity.CRITICAL),
    "falling, unknown": (by("waited_s", warning="crit_s", falling=True), None, None),
}


@pytest.mark.parametrize(("severity", "value", "expected"), STEPS.values(), ids=STEPS.keys())
def test_severity_by_a_column(severity, value, expected):
    findings = judged(judge(severity=severity), Row(waited_s=value))
    assert [finding.severity for finding in findings] == ([expected] if expected else [])


MESSAGES = {
    "duration": ("waited {waited_s}", Row(waited_s=5025), "waited 1 h 24 min"),
    "size": ("{total_bytes}", Row(total_bytes=1_503_238_554), "1.4 GiB"),
    "percent": ("{used_pct}", Row(used_pct=93.4), "93.4 %"),
    "count": ("{dead_rows}", Row(dead_rows=1234567), "1,234,567"),
    "a number that counts nothing": ("{pid}", Row(pid=1234567), "1234567"),
    "a limit": ("more than {warn_s}", Row(), "more than 1 min"),
    "target": ("{target}", Row(schema="a b", table="user"), '"a b"."user"'),
    "hostile text stays as it is": ("<{table}>", Row(table="{pid} %s <script>\n"), "<{pid} %s <script>\n>"),
    "braces and percents": ("{{{pid}}} 100 % %d %%", Row(pid=1), "{1} 100 % %d %%"),
    "a function": (lambda row, limits: f"{row.pid} {limits.warn_s}", Row(), "42 60.0"),
}


@pytest.mark.parametrize(("message", "row", "expected"), MESSAGES.values(), ids=MESSAGES.keys())
def test_messages(message, row, expected):
    (finding,) = judged(judge(message=message), row)
    assert finding.message == expected


FIXES = {
    "identifier": ("DROP TABLE {schema}.{table};", Row(schema="S", table="user"), 'DROP TABLE "S"."user";'),
    "target": ("DROP TABLE {target};", Row(table="a.b"), 'DROP TABLE public."a.b";'),
    "literal": ("SELECT {table!l};", Row(table="it's"), "SELECT 'it''s';"),
    "number": ("SELECT pg_cancel_backend({pid});", Row(pid=1234567), "SELECT pg_cancel_backend(1234567);"),
    "limit": ("SET x = {warn_s};", Row(), "SET x = 60.0;"),
    "several columns": (
        "CREATE INDEX ON t ({columns});",
        Row(columns=("a", "b c", "user")),
        'CREATE INDEX ON t (a, "b c", "user");',
    ),
    "several literals": ("SELECT ARRAY[{columns!l}];", Row(columns=("a", "it's")), "SELECT ARRAY['a', 'it''s'];"),
    "nothing": ("SELECT {schema};", Row(schema=None), "SELECT NULL;"),
    "yes": ("SELECT {on};", Row(), "SELECT true;"),
    "time": ("SELECT {at}::timestamptz;", Row(at=NOW), "SELECT '2026-11-22T00:00:00+00:00'::timestamptz;"),
    "infinity": ("SELECT {waited_s}::float8;", Row(waited_s=math.inf), "SELECT 'inf'::float8;"),
    "a function that has none": (lambda row, limits: None, Row(), None),
    "none": (None, Row(), None),
}


@pytest.mark.parametrize(("fix", "row", "expected"), FIXES.values(), ids=FIXES.keys())
def test_fixes(fix, row, expected):
    (finding,) = judged(judge(fix=fix), row)
    assert finding.fix == expected


def test_fixes_run_whatever_the_names_are(any_database):
    each = judge(
        fix="CREATE SCHEMA {schema};\nCREATE TABLE {target} ({table} text);\n"
        "INSERT INTO {schema}.{table} VALUES ({table!l});"
    )
    with any_database.connect() as conn:
        for strings in ("on", "off"):
            for label, name in HOSTILE_NAMES.items():
                name = "x" if name == "ctid" else name  # noqa: PLW2901  the one name that no column can have
                row = Row(schema=f"{strings}{name[:20]}", table=name)
                (finding,) = judged(each, row)
                conn.execute(f"SET standard_conforming_strings = {strings}".encode())
                conn.execute((finding.fix or "").encode())
                stored = conn.execute(f"SELECT * FROM {finding.target}".encode()).fetchall()
                assert stored == [(name,)], label
                conn.execute(f"DROP SCHEMA {Target('schema', None, row.schema)} CASCADE".encode())


def test_confidence_and_details():
    (finding,) = judged(
        judge(confidence=lambda row: 0.5, details=["pid", "columns", "at"]), Row(columns=("a",), at=NOW)
    )
    assert finding.confidence == 0.5
    assert finding.details == {"pid": 42, "columns": ["a"], "at": "2026-11-22T00:00:00+00:00"}


def test_no_rows_no_findings():
    assert judged(judge()) == []


# --- queries ----------------------------------------------------------------------------------------------------------


def server(major: int, *, superuser: bool = False, roles=(), **extensions: str) -> Server:
    return Server(
        version=major * 10000 + 3,
        database="shop",
        user="bare one",
        now=NOW,
        in_recovery=False,
        is_superuser=superuser,
        encoding="UTF8",
        roles=frozenset(roles),
        extensions={
            name: Extension(name=name, version=version, schema="public") for name, version in extensions.items()
        },
    )


BY_VERSION = [Query(since=16, sql="16"), Query(since=14, sql="14"), Query(since=18, sql="18")]
BY_EXTENSION = [
    Query(since=14, extension=("pgss", "1.8"), sql="1.8"),
    Query(since=14, extension=("pgss", "1.10"), sql="1.10"),
    Query(since=17, extension=("pgss", "1.11"), sql="17, 1.11"),
]
MIXED = [Query(since=14, sql="without"), Query(since=14, extension=("pgss", "1.9"), sql="with")]
CHOICES = {
    "oldest": (BY_VERSION, server(14), "14"),
    "one in between": (BY_VERSION, server(17), "16"),
    "newest": (BY_VERSION, server(18), "18"),
    "newer than all": (BY_VERSION, server(25), "18"),
    "older than all": (BY_VERSION, server(13), Lack("it needs PostgreSQL 14 or later, and this is 13", "")),
    "extension of old": (BY_EXTENSION, server(14, pgss="1.8"), "1.8"),
    "1.9 is older than 1.10": (BY_EXTENSION, server(14, pgss="1.9"), "1.8"),
    "extension of new": (BY_EXTENSION, server(14, pgss="1.12"), "1.10"),
    "new server, old extension": (BY_EXTENSION, server(18, pgss="1.8"), "1.8"),
    "new server, new extension": (BY_EXTENSION, server(18, pgss="1.11"), "17, 1.11"),
    "extension too old": (
        BY_EXTENSION,
        server(18, pgss="1.7"),
        Lack("extension pgss is 1.7, and 1.8 is needed", "ALTER EXTENSION pgss UPDATE;"),
    ),
    "no extension": (
        BY_EXTENSION,
        server(18),
        Lack("extension pgss is not installed in database shop", "CREATE EXTENSION pgss;"),
    ),
    "with or without, with": (MIXED, server(18, pgss="1.9"), "with"),
    "with or without, too old": (MIXED, server(18, pgss="1.8"), "without"),
    "with or without, without": (MIXED, server(18), "without"),
}


@pytest.mark.parametrize(("queries", "on", "expected"), CHOICES.values(), ids=CHOICES.keys())
def test_the_newest_query_that_fits(queries, on, expected):
    for order in (queries, queries[::-1]):
        chosen = declared(queries=order).query_for(on)
        assert (chosen.sql if isinstance(chosen, Query) else chosen) == expected


REQUIREMENTS = {
    "nothing": (Requires(), server(14), None),
    "role held": (Requires(role="pg_monitor"), server(14, roles=["pg_monitor"]), None),
    "superuser": (Requires(role="pg_monitor"), server(14, superuser=True), None),
    "role missing": (
        Requires(role="pg_monitor"),
        server(14),
        Lack("bare one is no member of pg_monitor", 'GRANT pg_monitor TO "bare one";'),
    ),
    "extension there": (Requires(extension="x", extension_version="1.2"), server(14, x="1.10"), None),
    "extension old": (
        Requires(extension="x", extension_version="1.2"),
        server(14, x="1.1"),
        Lack("extension x is 1.1, and 1.2 is needed", "ALTER EXTENSION x UPDATE;"),
    ),
    "extension missing": (
        Requires(extension="x-y"),
        server(14),
        Lack("extension x-y is not installed in database shop", 'CREATE EXTENSION "x-y";'),
    ),
    "role first": (
        Requires(role="pg_monitor", extension="x"),
        server(14),
        Lack("bare one is no member of pg_monitor", 'GRANT pg_monitor TO "bare one";'),
    ),
}


@pytest.mark.parametrize(("requires", "on", "lack"), REQUIREMENTS.values(), ids=REQUIREMENTS.keys())
def test_requirements(requires, on, lack):
    assert requires.unmet(on) == lack
