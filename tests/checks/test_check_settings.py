"""What a caller may set: suppressions, and limits for all objects or for some."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

import pgops
from pgops import (
    CheckSettings,
    ObjectLimits,
    Outcome,
    Severity,
    Suppression,
    Target,
    by,
    each_row,
    limit,
)
from pgops.checks.api import Loosest
from pgops.checks.check_settings import bounds_for
from pgops.checks.suppress import BadSuppressionError
from pgops.errors import BadLimitError
from tests.checks.making import make_check, trusted

# --- suppressions -----------------------------------------------------------------------------------------------------

THINGS = make_check(
    "things",
    "SELECT * FROM (VALUES ('apple'), ('Apple'), ('a*b')) AS v (name)",
    judge=each_row(severity=Severity.WARNING, target=lambda row: Target("table", "public", row.name), message="m"),
    aliases=["fruit", "all_fruit"],
)
TODAY = dt.datetime.now(dt.UTC).date()
ALL = ["public.apple", 'public."Apple"', 'public."a*b"']
COVERED = {
    "by id": ({"check": "made.things"}, ALL),
    "by alias": ({"check": "fruit"}, ALL),
    "by topic": ({"check": "made"}, ALL),
    "by glob": ({"check": "made.*"}, ALL),
    "by everything": ({"check": "*"}, ALL),
    "one target": ({"check": "fruit", "target": "public.apple"}, ["public.apple"]),
    "in capitals": ({"check": "fruit", "target": "public.APPLE"}, []),
    "quoted as it is shown": ({"check": "fruit", "target": 'public."Apple"'}, ['public."Apple"']),
    "a glob of targets": ({"check": "fruit", "target": "public.a*"}, ["public.apple"]),
    "a star that is meant": ({"check": "fruit", "target": 'public."a[*]b"'}, ['public."a*b"']),
    "another check": ({"check": "made.other"}, []),
    "in other letter case": ({"check": "MADE.THINGS"}, []),
    "until tomorrow": ({"check": "fruit", "until": TODAY + dt.timedelta(days=1)}, ALL),
    "until today": (
        {"check": "fruit", "until": TODAY + dt.timedelta(days=int(dt.datetime.now(dt.UTC).hour == 23))},
        ALL,
    ),
    "expired": ({"check": "fruit", "until": TODAY - dt.timedelta(days=1)}, []),
}


@pytest.mark.parametrize(("rule", "left_out"), COVERED.values(), ids=COVERED.keys())
def test_suppression(rule, left_out, any_server):
    rule = {"reason": "we live with it", **rule}
    with any_server.connect() as conn:
        as_mapping = pgops.run_checks(conn, registry=trusted(THINGS), suppress=[rule]).results[0]
        as_setting = pgops.run_checks(
            conn, registry=trusted(THINGS), settings=CheckSettings(suppress=(Suppression(**rule),))
        ).results[0]
    for result in (as_mapping, as_setting):
        assert [each.finding.target.sql for each in result.suppressed] == left_out
        assert {each.by.reason for each in result.suppressed} <= {"we live with it"}
        assert [finding.target.sql for finding in result.findings] == [name for name in ALL if name not in left_out]
        assert result.outcome is (Outcome.CLEAN if left_out == ALL else Outcome.FOUND)
        assert len(result.rows) == 3


def test_the_first_rule_that_fits_is_named(any_server):
    rules = [{"check": "fruit", "target": "*.apple", "reason": "first"}, {"check": "fruit", "reason": "second"}]
    with any_server.connect() as conn:
        result = pgops.run_checks(conn, registry=trusted(THINGS), suppress=rules).results[0]
    assert [each.by.reason for each in result.suppressed] == ["first", "second", "second"]
    assert [each.finding.fingerprint for each in result.suppressed] == list(
        dict.fromkeys(each.finding.fingerprint for each in result.suppressed)
    )


BAD_RULES = {
    "no reason": {"check": "a.b"},
    "an empty reason": {"check": "a.b", "reason": " "},
    "a reason that is no text": {"check": "a.b", "reason": 5},
    "no check": {"reason": "x"},
    "a check that is no text": {"check": 5, "reason": "x"},
    "an empty check": {"check": "", "reason": "x"},
    "a target that is no text": {"check": "a.b", "target": None, "reason": "x"},
    "a date as text": {"check": "a.b", "reason": "x", "until": "2027-01-31"},
    "a time": {"check": "a.b", "reason": "x", "until": dt.datetime(2027, 1, 31, tzinfo=dt.UTC)},
    "an unknown key": {"check": "a.b", "reason": "x", "table": "y"},
    "no mapping": "a.b",
    "nothing": None,
}


@pytest.mark.parametrize("rule", BAD_RULES.values(), ids=BAD_RULES.keys())
def test_a_bad_suppression_is_an_error(rule):
    with pytest.raises(BadSuppressionError):
        pgops.run_checks(object(), registry=trusted(THINGS), suppress=[rule])


# --- limits -----------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Limits:
    min_size: int = limit(10, unit="rows", doc="Leave out smaller ones.")
    top: int = limit(5, unit="rows", doc="How many.", loosest=Loosest.HIGHEST)
    share: float = limit(0.5, unit="", doc="A share.")
    name: str = limit("", unit="", doc="A name.")
    on: bool = limit(False, unit="", doc="A switch.")
    maybe: int | None = limit(None, unit="rows", doc="May be none.")


@attrs.frozen(kw_only=True)
class Sized:
    name: str
    size: int


SIZED = make_check(
    "sized",
    "SELECT v.name, v.size::bigint AS size FROM (VALUES ('a', 1), ('b', 20), ('Big', 300)) AS v (name, size)"
    " WHERE v.size >= %(min_size)s",
    row=Sized,
    limits=Limits,
    judge=each_row(
        severity=by("size", warning="min_size"),
        target=lambda row: Target("table", "public", row.name),
        message="{size} reaches {min_size}.",
    ),
    aliases=["sizes", "all_sizes"],
)
WITHOUT_TARGET = make_check("vague", judge=lambda rows, seen: [], limits=Limits)


def ran(conn, **more):
    return pgops.run_checks(conn, registry=trusted(SIZED, WITHOUT_TARGET), **more)["made.sized"]


def rule(target="public.b", **limits):
    return ObjectLimits(check="sizes", target=target, limits=limits)


LIMITED = {
    "as declared": ({}, ["b", "Big"], ["b", "Big"]),
    "by id": ({"limits": {"made.sized": {"min_size": 100}}}, ["Big"], ["Big"]),
    "by alias": ({"limits": {"sizes": {"min_size": 100}}}, ["Big"], ["Big"]),
    "from the settings": ({"settings": CheckSettings(limits={"sizes": {"min_size": 100}})}, ["Big"], ["Big"]),
    "the call wins": (
        {"settings": CheckSettings(limits={"sizes": {"min_size": 100}}), "limits": {"made.sized": {"min_size": 1}}},
        ["a", "b", "Big"],
        ["a", "b", "Big"],
    ),
    "the call wins, whatever the names": (
        {
            "settings": CheckSettings(limits={"sizes": {"min_size": 5}, "all_sizes": {"min_size": 1000}}),
            "limits": {"sizes": {"min_size": 1}},
        },
        ["a", "b", "Big"],
        ["a", "b", "Big"],
    ),
    "stricter for one object": (
        {"settings": CheckSettings(for_objects=(rule(min_size=100),))},
        ["b", "Big"],
        ["Big"],
    ),
    "looser for one object, and SQL gives it": (
        {"settings": CheckSettings(for_objects=(rule("public.a", min_size=1),))},
        ["a", "b", "Big"],
        ["a", "b", "Big"],
    ),
    "looser for one object only": (
        {
            "limits": {"sizes": {"min_size": 1000}},
            "settings": CheckSettings(for_objects=(rule("public.a", min_size=1),)),
        },
        ["a", "b", "Big"],
        ["a"],
    ),
    "objects by glob, case-sensitive": (
        {"settings": CheckSettings(for_objects=(rule("public.b*", min_size=1000),))},
        ["b", "Big"],
        ["Big"],
    ),
    "objects by their quoted name": (
        {"settings": CheckSettings(for_objects=(rule('public."Big"', min_size=1000),))},
        ["b", "Big"],
        ["b"],
    ),
    "the last rule wins": (
        {"settings": CheckSettings(for_objects=(rule("*", min_size=1), rule("public.a", min_size=1000)))},
        ["a", "b", "Big"],
        ["b", "Big"],
    ),
}


@pytest.mark.parametrize(("settings", "rows", "found"), LIMITED.values(), ids=LIMITED.keys())
def test_limits(settings, rows, found, any_server):
    with any_server.connect() as conn:
        result = ran(conn, **settings)
    assert [row.name for row in result.rows] == rows, result.reason
    assert [finding.target.name for finding in result.findings] == found


def test_messages_show_the_limit_that_was_used(any_server):
    with any_server.connect() as conn:
        result = ran(conn, settings=CheckSettings(for_objects=(rule("public.a", min_size=1),)))
    assert [finding.message for finding in result.findings] == ["1 reaches 1.", "20 reaches 10.", "300 reaches 10."]
    assert result.limits["min_size"] == 10


@pytest.mark.parametrize(("name", "values", "loosest"), [("min_size", (20, 5), 5), ("top", (3, 50), 50)])
def test_sql_gets_the_loosest(name, values, loosest):
    rules = tuple(rule(f"public.{value}", **{name: value}) for value in values)
    assert bounds_for(SIZED, CheckSettings(for_objects=rules)).parameters[name] == loosest
    assert bounds_for(SIZED, CheckSettings(limits={"sizes": {name: 7}})).parameters[name] == 7


WRONG_LIMITS = {
    "a typing error": ({"limits": {"sizes": {"min_siz": 1}}}, "no limit 'min_siz'.*Did you mean 'min_size'"),
    "quite another name": ({"limits": {"sizes": {"qqq": 1}}}, "It has min_size, top"),
    "a check that has none": ({"limits": {"made.none": {"qqq": 1}}, "select": "made.none"}, "none at all"),
    "an unknown check": ({"limits": {"made.size": {}}}, r"'made\.size'.*Did you mean 'made\.sized'"),
    "a topic": ({"limits": {"made": {"min_size": 1}}}, "'made', and that is a topic"),
    "a topic in the settings": ({"settings": CheckSettings(limits={"made": {"min_size": 1}})}, "that is a topic"),
    "a glob": ({"limits": {"made.*": {"min_size": 1}}}, r"'made\.\*'"),
    "an object of a topic": (
        {"settings": CheckSettings(for_objects=(ObjectLimits(check="made", target="*", limits={}),))},
        "topic",
    ),
    "a wrong name for an object": (
        {"settings": CheckSettings(for_objects=(rule(min_siz=1),))},
        "Did you mean 'min_size'",
    ),
    "a wrong type for an object": ({"settings": CheckSettings(for_objects=(rule(min_size="1"),))}, "has to be int"),
    "objects that it does not tell apart": (
        {"settings": CheckSettings(for_objects=(ObjectLimits(check="made.vague", target="*", limits={}),))},
        "does not tell its objects apart",
    ),
    "text for a number": ({"limits": {"sizes": {"min_size": "1"}}}, "'1' \\(str\\), and it has to be int"),
    "a fraction for an int": ({"limits": {"sizes": {"min_size": 1.5}}}, "has to be int"),
    "a switch for a number": ({"limits": {"sizes": {"min_size": True}}}, "has to be int"),
    "a switch for a fraction": ({"limits": {"sizes": {"share": True}}}, "has to be float"),
    "a number for a switch": ({"limits": {"sizes": {"on": 1}}}, "has to be bool"),
    "nothing": ({"limits": {"sizes": {"min_size": None}}}, "has to be int"),
    "text for what may be none": ({"limits": {"sizes": {"maybe": "1"}}}, r"has to be int \| None"),
    "no names at all": ({"limits": {"sizes": 5}}, "'sizes' are 5"),
    "no names for an object": (
        {"settings": CheckSettings(for_objects=(ObjectLimits(check="sizes", target="*", limits=5),))},
        "are 5",
    ),
}


@pytest.mark.parametrize(("more", "says"), WRONG_LIMITS.values(), ids=WRONG_LIMITS.keys())
def test_wrong_limits_name_the_nearest_right_one(more, says):
    with pytest.raises(BadLimitError, match=f"(?s){says}"):
        pgops.run_checks(object(), registry=trusted(SIZED, WITHOUT_TARGET, make_check("none")), **more)


@pytest.mark.parametrize(
    "values", [{"share": 1}, {"maybe": None}, {"maybe": 3}, {"on": True}, {"name": "x"}, {}], ids=repr
)
def test_right_limits(values):
    limits = bounds_for(SIZED, CheckSettings(), {"all_sizes": values}).limits
    assert attrs.asdict(limits) == attrs.asdict(Limits()) | values


def test_a_stranger_has_limits_by_its_own_names(any_server):
    stranger = attrs.evolve(SIZED, id="made.stranger", aliases=("strange",))
    with any_server.connect() as conn:
        for selection in ([stranger], (stranger,), iter([stranger]), stranger):
            report = pgops.run_checks(conn, selection, registry=trusted(SIZED), limits={"strange": {"min_size": 100}})
            assert [row.name for row in report["made.stranger"].rows] == ["Big"]
