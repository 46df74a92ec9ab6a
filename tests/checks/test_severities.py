"""What a caller may say about severities: for all findings of a check, for some, and for single objects."""

from __future__ import annotations

import attrs
import pytest

import pgops
from pgops import CheckSettings, ObjectLimits, Outcome, Severity, Target, each_row, load_config
from pgops.checks.api import NoLimits, limit
from pgops.checks.check_settings import bounds_for
from pgops.errors import BadCheckError, BadLimitError
from tests.checks.making import make_check, trusted

GRADED = make_check(
    "graded",
    "SELECT * FROM (VALUES ('critical'), ('warning'), ('info')) AS v (name)",
    judge=each_row(
        severity=lambda row, _: Severity.parse(row.name),
        target=lambda row: Target("table", "public", row.name),
        message="m",
    ),
    aliases=["grades"],
)


def severities(conn, **given) -> dict[str, str]:
    result = pgops.run_checks(conn, registry=trusted(GRADED), **given).results[0]
    return {finding.target.name: str(finding.severity) for finding in result.findings}


AS_IT_IS = {"critical": "critical", "warning": "warning", "info": "info"}
SAID = {
    "nothing": ({}, AS_IT_IS),
    "one for all": ("info", dict.fromkeys(AS_IT_IS, "info")),
    "in any letter case": ("Info", dict.fromkeys(AS_IT_IS, "info")),
    "a Severity": (Severity.CRITICAL, dict.fromkeys(AS_IT_IS, "critical")),
    "some": ({"critical": "warning"}, AS_IT_IS | {"critical": "warning"}),
    "two change places": (
        {"critical": "info", "info": "critical"},
        AS_IT_IS | {"critical": "info", "info": "critical"},
    ),
}


@pytest.mark.parametrize(("said", "meant"), SAID.values(), ids=SAID)
def test_a_severity_is_weighed_anew(said, meant, any_server):
    given = {"severity": said} if said else {}
    with any_server.connect() as conn:
        assert severities(conn, limits={"grades": given}) == meant
        assert severities(conn, settings=CheckSettings(limits={GRADED.id: given})) == meant


def test_the_call_wins_over_the_settings(any_server):
    settings = CheckSettings(limits={GRADED.id: {"severity": "info"}})
    with any_server.connect() as conn:
        assert set(severities(conn, settings=settings, limits={"grades": {"severity": "warning"}}).values()) == {
            "warning"
        }


def test_an_object_may_have_its_own(any_server):
    rules = (
        ObjectLimits(check=GRADED.id, target="public.*", limits={"severity": "info"}),
        ObjectLimits(check="grades", target="public.critical", limits={"severity": {"critical": "warning"}}),
    )
    with any_server.connect() as conn:
        found = severities(conn, settings=CheckSettings(for_objects=rules))
    assert found == {"critical": "warning", "warning": "info", "info": "info"}


def test_a_report_says_that_severities_were_weighed(any_server):
    with any_server.connect() as conn:
        report = pgops.run_checks(conn, registry=trusted(GRADED), limits={"grades": {"severity": {"info": "critical"}}})
    assert report.results[0].limits == {"severity": {"info": "critical"}}
    assert pgops.Report.from_json(report.to_json()) == report
    assert (report.worst, report.results[0].outcome) == (Severity.CRITICAL, Outcome.FOUND)


@pytest.mark.parametrize("said", ["bad", {"bad": "info"}, {"info": "bad"}, 3])
def test_a_severity_that_is_none_is_refused_before_the_server_is_asked(said):
    with pytest.raises(BadLimitError, match=r"made\.graded.*no severity is called"):
        bounds_for(GRADED, CheckSettings(limits={GRADED.id: {"severity": said}}))


def test_a_listing_has_no_severity():
    with pytest.raises(BadLimitError, match="finds nothing"):
        bounds_for(make_check("listing", judge=None), CheckSettings(limits={"made.listing": {"severity": "info"}}))


def test_a_typing_error_is_told():
    with pytest.raises(BadLimitError) as caught:
        bounds_for(GRADED, CheckSettings(limits={GRADED.id: {"severty": "info"}}))
    assert "severity" in caught.value.cure


def test_no_limit_may_be_called_severity():
    limits = attrs.make_class("Limits", {"severity": limit(1, unit="", doc="d")}, bases=(NoLimits,), frozen=True)
    with pytest.raises(BadCheckError, match="severity is no name"):
        make_check("bad", limits=limits)


def test_postgres_toml_sets_it(tmp_path):
    path = tmp_path / "postgres.toml"
    path.write_text(
        "[configuration]\nschema_version = 1\n[database.local]\nhost = 'h'\ndatabase = 'd'\nuser = 'u'\n"
        "[checks.unused_indexes]\nseverity = 'info'\n"
        "[[checks.for]]\ncheck = 'unused_indexes'\ntarget = 'x.*'\nlimits = { severity = { info = 'critical' } }\n"
    )
    settings = load_config(path).check_settings()
    assert settings.limits["unused_indexes"] == {"severity": "info"}
    assert settings.for_objects[0].limits == {"severity": {"info": "critical"}}


def test_postgres_toml_is_told_its_line(tmp_path):
    path = tmp_path / "postgres.toml"
    path.write_text(
        "[configuration]\nschema_version = 1\n[database.local]\nhost = 'h'\ndatabase = 'd'\nuser = 'u'\n"
        "[checks.unused_indexes]\nseverity = 'loud'\n"
    )
    with pytest.raises(pgops.PgopsError, match=r"postgres\.toml:8: .*no severity is called"):
        load_config(path).check_settings()
