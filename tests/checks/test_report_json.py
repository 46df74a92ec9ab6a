"""A report comes back equal from JSON and from pickle, and what is no report says so."""

from __future__ import annotations

import json
import math
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pgops
from pgops import Finding, Outcome, Report, Severity, Suppression, Target, Unseen
from pgops.checks.registry import BrokenPlugin
from pgops.checks.report_json import document, field_types, iter_json
from pgops.checks.suppress import Suppressed
from pgops.errors import ReportFormatError
from pgops.findings import as_tuple
from tests.checks.reporting import MIXED, NOW, SERVER, found, report, result
from tests.render.sample import HOSTILE

# --- JSON and back ----------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Everything:
    yes: bool | None = None
    whole: int | None = None
    number: float | None = None
    text: str | None = None
    at: datetime | None = None
    texts: tuple[str, ...] | None = None
    numbers: tuple[int, ...] = attrs.field(default=(), converter=as_tuple)
    shares: tuple[float, ...] = attrs.field(default=(), converter=as_tuple)


@attrs.frozen(kw_only=True)
class Odd:
    """A row as no check may have it: the contract says so, and the JSON of the report survives."""

    amount: Decimal
    parts: dict[str, list[int]]
    either: int | str
    pairs: tuple[int | None, ...]
    later: NotThere  # type: ignore[name-defined]  # noqa: F821


ROWS = {
    "nothing": Everything(),
    "yes": Everything(yes=True, whole=0, number=0.0, text=""),
    "large": Everything(whole=2**63, number=1.7e308),
    "a float that is whole": Everything(number=3.0),
    "nan": Everything(number=math.nan, shares=(math.nan, 1.0)),
    "infinity": Everything(number=math.inf, shares=(-math.inf,)),
    "time": Everything(at=datetime(2026, 1, 1, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
    "tuples": Everything(texts=("a", "", "ü|\n"), numbers=(1, -(2**40)), shares=(0.5, 2.0)),
    "tuples with holes": Everything(texts=("a", None), numbers=(None, 1), shares=(None, 1.5)),
    "empty tuple": Everything(texts=()),
    "odd": Odd(amount=Decimal("1.50"), parts={"a": [1]}, either=5, pairs=(1, None), later={"x"}),
    **{f"text: {name}": Everything(text=text, texts=(text, "x")) for name, text in HOSTILE.items()},
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_read_back_equal(row, indent, tmp_path):
    before = report(result(outcome=Outcome.LISTED, rows=(row, row)))
    text = before.to_json(indent=indent)
    after = Report.from_json(text)
    assert after == before
    assert after.to_json(indent=indent) == text
    (tmp_path / "report.json").write_text(text, encoding="utf-8")
    assert Report.from_json((tmp_path / "report.json").read_bytes()) == before


@pytest.mark.parametrize(
    "change", [{"number": 2.0}, {"text": "b"}, {"text": None}, {"texts": ("a",)}, {"at": NOW}], ids=repr
)
def test_other_rows_are_not_equal(change):
    row = Everything(number=1.0, text="a", texts=("a", "b"))
    assert report(result(rows=(row,))) != report(result(rows=(attrs.evolve(row, **change),)))
    assert report(result(rows=(row,))) != report(result(rows=(row, row)))
    assert report(result(rows=(row,))) == report(result(rows=(attrs.evolve(row),)))


SCALARS = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(sorted(HOSTILE.values())))
WHOLE_ROWS = st.builds(
    Everything,
    yes=st.none() | st.booleans(),
    whole=st.none() | st.integers(),
    number=st.none() | st.floats(),
    text=st.none() | SCALARS,
    at=st.none()
    | st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]),
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001  the zone comes on top
        max_value=datetime(9000, 1, 1),  # noqa: DTZ001
    ),
    texts=st.none() | st.lists(SCALARS, max_size=3).map(tuple),
    numbers=st.lists(st.integers(), max_size=3),
    shares=st.lists(st.floats(), max_size=3),
)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(WHOLE_ROWS, max_size=4).map(tuple), text=SCALARS, confidence=st.none() | st.floats(0, 1))
def test_any_report_reads_back_equal(rows, text, confidence):
    finding = Finding(
        Severity.INFO,
        Target(text, text, text, text, (text,)),
        text,
        text,
        confidence,
        {text: rows[0].number if rows else None},
    )
    before = report(result("made.a", finding, rows=rows, reason=text, limits={text: text}))
    assert Report.from_json(before.to_json()) == before


WHOLE = report(
    result(
        "made.a",
        found("a", fix="SELECT 1;", confidence=0.25, details={"at": NOW, "share": math.nan, "names": ("x",)}),
        found("a", nth=2),
        suppressed=(Suppressed(found("b"), Suppression(check="*", target="x*", reason="r", until=date(2027, 1, 31))),),
        unseen=(Unseen(Target("table", None, "hidden", None, ("x",)), "why", "how"),),
        aliases=("one", "two"),
        seconds=0.25,
        truncated=True,
        limits={"top": math.inf, "names": ("a",), "since": NOW, "none": None},
        rows=(Everything(text="x"),),
    ),
    *MIXED.results[1:],
    interrupted="Ctrl-C",
    broken_plugins=(BrokenPlugin("theirs", "ImportError: no"),),
)
REPORTS = {
    "everything": WHOLE,
    "mixed": MIXED,
    "empty": report(),
    "no server": report(server=None),
    "without extensions": report(server=attrs.evolve(SERVER, extensions={}, roles=frozenset())),
}


@pytest.mark.parametrize("before", REPORTS.values(), ids=REPORTS.keys())
def test_reports_read_back_equal_and_pickle(before):
    after = Report.from_json(before.to_json())
    assert after == before
    assert Report.from_json(before.to_json(indent=1).encode()) == before
    assert pickle.loads(pickle.dumps(before)) == before
    assert pickle.loads(pickle.dumps(after)) == before
    assert hash(after) == hash(before)
    assert [each.fingerprint for each in after.findings] == [each.fingerprint for each in before.findings]
    assert after.to_json() == before.to_json()
    assert after.to_html() == before.to_html()


def test_the_json_is_for_other_programs_too():
    body = json.loads(WHOLE.to_json())
    assert body["schema"] == "pgops.report/1"
    first = body["results"][0]["findings"][0]
    assert (first["severity"], first["sql"], first["fingerprint"]) == (
        "warning",
        "public.a",
        WHOLE.results[0].findings[0].fingerprint,
    )
    assert body["results"][0]["fields"]["texts"] == "tuple[str]?"
    assert body["started_at"] == "2026-11-22T10:00:00+00:00"


def test_what_the_plugin_would_have_read_becomes_plain_records():
    """Nothing of the class `Everything` is known to the reader but the names and types of its fields."""
    before = report(
        result(rows=tuple(row for row in ROWS.values() if isinstance(row, Everything)), outcome=Outcome.LISTED)
    )
    after = Report.from_json(before.to_json())
    (record, *_) = after.results[0].rows
    assert type(record) is not Everything
    assert field_types(type(record)) == field_types(Everything)
    assert after == before
    again = pickle.loads(pickle.dumps(after))
    assert again == before
    assert type(again.results[0].rows[0]) is type(record)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        record.text = "x"
    assert again.to_text() == before.to_text()


def test_an_installed_check_gets_its_own_rows_back(any_database):
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE t (a int)")
        before = pgops.run_checks(conn, ["table_sizes"])
    after = Report.from_json(before.to_json())
    assert after == before
    assert type(after["table_sizes"].rows[0]) is pgops.get_check("table_sizes").row


def test_a_whole_run_reads_back_equal(database):
    with database.connect() as conn:
        before = pgops.run_checks(conn)
    assert len(before) == sum(not check.opt_in for check in pgops.list_checks())
    assert Report.from_json(before.to_json()) == before
    assert pickle.loads(pickle.dumps(before)) == before
    for text in (before.to_text(), before.to_markdown(), before.to_html(), before._repr_html_()):
        assert text


# --- what is no report ------------------------------------------------------------------------------------------------


def altered(**changes) -> str:
    return json.dumps({**json.loads(WHOLE.to_json()), **changes})


def with_result(**changes) -> str:
    body = json.loads(WHOLE.to_json())
    body["results"][0] |= changes
    return json.dumps(body)


DAMAGED = {
    "nothing": ("", "not JSON"),
    "half of it": (WHOLE.to_json()[:1000], "not JSON"),
    "no text": (b"\xff\xfe\xfa", "not JSON"),
    "too deep": ("[" * 200_000, "not JSON"),
    "another JSON": ("[]", "not a report"),
    "another object": ('{"a": 1}', "not a report"),
    "another schema": ('{"schema": "else/1"}', "'else/1'"),
    "a later schema": (altered(schema="pgops.report/2"), r"pgops\.report/2.*Upgrade"),
    "a schema that is no text": (altered(schema=[1]), "schema"),
    "no results": ('{"schema": "pgops.report/1"}', "damaged"),
    "results that are none": (altered(results=5), "damaged"),
    "a result that is none": (altered(results=[5]), "damaged"),
    "no time": (altered(started_at="yesterday"), "damaged.*yesterday"),
    "a time that is a number": (altered(started_at=5), "damaged"),
    "an unknown outcome": (with_result(outcome="fine"), "damaged.*fine"),
    "an unknown severity": (
        with_result(
            findings=[{"severity": "bad", "target": {"kind": "a", "name": "b", "schema": None}, "message": ""}]
        ),
        "damaged",
    ),
    "rows of other fields": (with_result(rows=[{"x": 1}]), "damaged"),
    "rows that are none": (with_result(rows=5), "damaged"),
    "fields that are none": (with_result(fields=[1]), "damaged"),
    "a value of another type": (with_result(fields={"n": "int"}, rows=[{"n": "x"}]), "damaged"),
    "a server that is none": (altered(server=5), "damaged"),
}


@pytest.mark.parametrize(("text", "says"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_report_says_so(text, says):
    with pytest.raises(ReportFormatError, match=f"(?s){says}"):
        Report.from_json(text)


CODE = ["a=print('run')", "a, b", "a: __import__('os').abort()", "class", "None", "a b", "", "a\n", "1a"]


@pytest.mark.parametrize("name", CODE, ids=repr)
def test_a_field_of_a_strangers_report_never_becomes_code(name, capsys):
    with pytest.raises(ReportFormatError, match="no name of a column"):
        Report.from_json(with_result(fields={name: "int"}, rows=[{name: 1}]))
    assert capsys.readouterr().out == ""


def test_what_a_later_pgops_adds_is_passed_over():
    body = json.loads(WHOLE.to_json())
    body["weather"] = body["results"][0]["weather"] = body["server"]["weather"] = "fine"
    assert Report.from_json(json.dumps(body)) == WHOLE


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_piece_by_piece_it_is_what_json_writes_at_once(indent, tmp_path):
    whole = json.dumps(document(WHOLE), indent=indent, ensure_ascii=False)
    assert "".join(iter_json(WHOLE, indent=indent)) == whole
    assert WHOLE.write_json(tmp_path / "report.json", indent=indent).read_text(encoding="utf-8") == whole
    empty = attrs.evolve(WHOLE, results=())
    assert empty.to_json(indent=indent) == json.dumps(document(empty), indent=indent, ensure_ascii=False)
    assert sum(1 for _ in iter_json(WHOLE)) > len(WHOLE.findings)
