"""A report: in which order it tells, what it gives by name, and what it compares."""

from __future__ import annotations

import json
import pickle

import attrs
import pytest

from pgops import CheckResult, Finding, Outcome, Report, Severity, Suppression, Target, Unseen
from pgops.checks.api import Past
from pgops.checks.suppress import Suppressed
from pgops.errors import UnknownCheckError
from tests.checks.reporting import MIXED, NOW, found, names, report, result

# --- looking ----------------------------------------------------------------------------------------------------------


def test_findings_come_worst_first_and_otherwise_in_order():
    assert names(MIXED.findings) == ["a2", "c2", "c1", "a1"]
    assert MIXED.worst is Severity.CRITICAL
    assert report(result()).worst is None


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("info", "a2 c2 c1 a1"), (Severity.WARNING, "a2 c2 c1"), ("CRITICAL", "a2 c2"), (Severity.CRITICAL, "a2 c2")],
)
def test_at_least(severity, expected):
    assert names(MIXED.at_least(severity)) == expected.split()


def test_what_was_not_answered():
    assert [each.check for each in MIXED.skipped] == ["other.d"]
    assert [each.check for each in MIXED.failed] == ["other.e"]
    assert [each.check for each in MIXED if each.outcome.answered] == ["made.a", "made.b", "other.c", "single.f"]


def test_by_name():
    assert MIXED["made.a"] is MIXED["first"] is MIXED.results[0]
    assert [each.check for each in MIXED.of("both")] == ["made.a", "made.b"]
    assert [each.check for each in MIXED.of("other")] == ["other.c", "other.d", "other.e"]
    assert [each.check for each in MIXED.of("made.a")] == ["made.a"]
    assert ("made.a" in MIXED, "both" in MIXED, "made" in MIXED, 5 in MIXED) == (True, True, False, False)
    assert (len(MIXED), next(iter(MIXED))) == (6, MIXED.results[0])


UNKNOWN = {
    "both": r"several checks: made\.a, made\.b\. report\.of\('both'\)",
    "made": r"is a topic: made\.a, made\.b\. report\.of\('made'\)",
    "single": r"is a topic: single\.f",
    "made.aa": r"Did you mean 'made\.a'",
    "frist": "Did you mean 'first'",
    "quite else": "Was it selected",
}


@pytest.mark.parametrize(("name", "says"), UNKNOWN.items())
def test_what_is_not_one_result_is_a_key_error(name, says):
    with pytest.raises(KeyError, match=says) as raised:
        MIXED[name]
    assert isinstance(raised.value, UnknownCheckError)
    assert name == "quite else" or MIXED.of("made.a")


def test_records_are_flat_and_complete():
    finding = Finding(Severity.INFO, Target("column", "s", "T", "c"), "m", "SELECT 1;", 0.5, {"x": 1}, check="made.a")
    assert report(result("made.a", finding)).to_records() == [
        {
            "check": "made.a",
            "severity": "info",
            "kind": "column",
            "schema": "s",
            "name": "T",
            "sub": "c",
            "target": 's."T".c',
            "message": "m",
            "fix": "SELECT 1;",
            "confidence": 0.5,
            "fingerprint": finding.fingerprint,
        }
    ]
    assert len(MIXED.to_records()) == 4
    json.dumps(MIXED.to_records())


# --- comparing --------------------------------------------------------------------------------------------------------

RULE = Suppression(check="*", reason="we live with it")


def silenced(name: str) -> CheckResult:
    return result(suppressed=(Suppressed(found(name), RULE),))


A, B = found("a"), found("b")
COMPARED = {
    "nothing then, nothing now": (result(), result(), "", "", "", ""),
    "new": (result(), result("made.a", A), "a", "", "", ""),
    "persisting": (result("made.a", A), result("made.a", A), "", "a", "", ""),
    "persisting, though worse and told otherwise": (
        result("made.a", A),
        result("made.a", attrs.evolve(A, severity=Severity.CRITICAL, message="n")),
        "",
        "a",
        "",
        "",
    ),
    "resolved": (result("made.a", A), result(), "", "", "a", ""),
    "all at once": (result("made.a", A), result("made.a", B), "b", "", "a", ""),
    "a second one of the same": (result("made.a", A), result("made.a", A, attrs.evolve(A, nth=2)), "a", "a", "", ""),
    "skipped now": (result("made.a", A), result(outcome=Outcome.SKIPPED), "", "", "", "a"),
    "failed now": (result("made.a", A), result(outcome=Outcome.FAILED), "", "", "", "a"),
    "not asked now": (result("made.a", A), result("made.b"), "", "", "", "a"),
    "unseen now": (
        result("made.a", A, B),
        result(outcome=Outcome.SKIPPED, unseen=(Unseen(A.target, "hidden"),)),
        "",
        "",
        "",
        "a b",
    ),
    "unseen among others": (
        result("made.a", A, B, found("c")),
        result("made.a", found("c"), unseen=(Unseen(A.target, "hidden"),)),
        "",
        "c",
        "b",
        "a",
    ),
    "suppressed now": (result("made.a", A, B), silenced("a"), "", "", "b", ""),
    "no longer suppressed": (silenced("a"), result("made.a", A), "", "a", "", ""),
    "suppressed then, gone now": (silenced("a"), result(), "", "", "", ""),
    "skipped then, found now": (result(outcome=Outcome.SKIPPED), result("made.a", A), "a", "", "", ""),
    "of another check": (result("made.a", A), result("made.b", A), "a", "", "", "a"),
}


@pytest.mark.parametrize(
    ("then", "now", "new", "persisting", "resolved", "unknown"), COMPARED.values(), ids=COMPARED.keys()
)
def test_compare(then, now, new, persisting, resolved, unknown):  # noqa: PLR0917  a column each
    comparison = report(now).compare(report(then))
    assert names(comparison.new) == new.split()
    assert names(comparison.persisting) == persisting.split()
    assert names(comparison.resolved) == resolved.split()
    assert names(comparison.unknown) == unknown.split()


def test_a_comparison_holds_after_reading_back():
    then, now = report(result("made.a", A, B)), report(result("made.a", B, found("c")))
    reread = Report.from_json(now.to_json()).compare(Report.from_json(then.to_json()))
    assert reread == now.compare(then)
    assert pickle.loads(pickle.dumps(reread)) == reread


def test_a_report_is_the_history_of_a_later_run():
    assert MIXED.past("made.b").own[0].at == NOW
    assert MIXED.past("other.d") == MIXED.past("other.e") == MIXED.past("not.there") == Past()
