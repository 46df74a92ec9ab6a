"""[checks] of postgres.toml against the registry: what is right arrives, what is wrong is named by line and key."""

from __future__ import annotations

import datetime as dt
import math

import attrs
import pytest

import pgops
from pgops import CheckSettings, ObjectLimits, Outcome, Registry, Severity, Suppression, Target, by, each_row, limit
from pgops.checks.registry import BrokenPlugin
from pgops.config.surroundings import CONFIG_PLACE
from pgops.errors import BadLimitError, ConfigError, UnknownProfileError
from tests.checks.making import make_check

HEADER = "[configuration]\nschema_version = 1\n"  # two lines


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(10.0, unit="s", doc="A warning from here.")
    most: int = limit(5, unit="rows", doc="So many.")
    strict: bool = limit(False, unit="", doc="Strictly.")
    floor: int | None = limit(None, unit="rows", doc="None is no floor.")


@attrs.frozen(kw_only=True)
class Counted:
    name: str
    n: int


SQL = "SELECT * FROM (VALUES ('apple'), ('pear')) AS v (name)"
JUDGE = each_row(severity=Severity.WARNING, target=lambda row: Target("table", "public", row.name), message="m")
THINGS = make_check("things", SQL, judge=JUDGE, limits=Limits, aliases=["fruit", "several"])
OTHERS = make_check("others", SQL, judge=JUDGE, limits=Limits, aliases=["several"])
LISTING = make_check("listing", SQL, judge=None, limits=Limits)
REGISTRY = Registry.of([THINGS, OTHERS, LISTING])


def load(tmp_path, text: str):
    file = tmp_path / CONFIG_PLACE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEADER + text, encoding="utf-8")
    return pgops.load_config(file, env={})


RIGHT = {
    "nothing": ("", {}),
    "by id, quoted": ('[checks."made.things"]\nwarn_s = 3\n', {"made.things": {"warn_s": 3}}),
    "by id, unquoted": ("[checks.made.things]\nwarn_s = 3.5\n", {"made.things": {"warn_s": 3.5}}),
    "by id, unquoted, inline": ("[checks.made]\nthings = { most = 1 }\n", {"made.things": {"most": 1}}),
    "by id, dotted key": ("[checks]\nmade.things.most = 1\n", {"made.things": {"most": 1}}),
    "by alias": ("[checks.fruit]\nstrict = true\nfloor = 7\n", {"fruit": {"strict": True, "floor": 7}}),
    "an alias of several": ("[checks.several]\nmost = 1\n", {"several": {"most": 1}}),
    "two spellings for two limits": (
        '[checks."made.things"]\nmost = 1\n[checks.fruit]\nwarn_s = inf\n',
        {"made.things": {"most": 1}, "fruit": {"warn_s": math.inf}},
    ),
    "an empty table": ("[checks.made.things]\n", {"made.things": {}}),
    "empty [checks]": ("[checks]\n", {}),
}


@pytest.mark.parametrize(("text", "limits"), RIGHT.values(), ids=RIGHT)
def test_limits(tmp_path, text, limits):
    assert load(tmp_path, text).check_settings(registry=REGISTRY) == CheckSettings(limits=limits)


WHOLE = """
[checks]
folder = "db/checks"
[checks.fruit]
most = 9
[[checks.for]]
check = "fruit"
target = "public.a*"
limits = { most = 1, warn_s = 2 }
[[checks.for]]
check = "made.things"
target = "public.pear"
limits = {}
[[checks.suppress]]
check = "made.*"
target = "public.legacy_*"
reason = "goes away"
until = 2099-12-31
[[checks.suppress]]
check = "made"
reason = "we know"
"""


def test_everything_arrives(tmp_path):
    config = load(tmp_path, WHOLE)
    assert config.check_settings(registry=REGISTRY) == CheckSettings(
        limits={"fruit": {"most": 9}},
        for_objects=(
            ObjectLimits(check="fruit", target="public.a*", limits={"most": 1, "warn_s": 2}),
            ObjectLimits(check="made.things", target="public.pear", limits={}),
        ),
        suppress=(
            Suppression(check="made.*", target="public.legacy_*", reason="goes away", until=dt.date(2099, 12, 31)),
            Suppression(check="made", reason="we know"),
        ),
        folder=config.root / "db/checks",
    )


RULE = '[[checks.for]]\ncheck = "fruit"\ntarget = "x"\n'
QUIET = '[[checks.suppress]]\ncheck = "fruit"\n'

# text, line in the file, key, words
WRONG = {
    "no such check": ('[checks."made.thinks"]\nmost = 1', 3, 'checks."made.thinks"', ["'made.things'"]),
    "no such check, unquoted": ("[checks.made.thinks]\nmost = 1", 3, "checks.made.thinks", ["'made.things'"]),
    "no such topic": ("[checks.mode.things]\nmost = 1", 3, "checks.mode.things", ["'made.things'"]),
    "no such alias": ("[checks.friut]\nmost = 1", 3, "checks.friut", ["'fruit'"]),
    "a text for a table": ('[checks]\nfruit = "x"', 4, "checks.fruit", ["is a text", "table of limits"]),
    "a limit of a topic": ("[checks.made]\nmost = 1", 4, "checks.made.most", ["topic", "made.things"]),
    "no such limit": ("[checks.fruit]\n\nmots = 1", 5, "checks.fruit.mots", ["'most'"]),
    "no such limit, unquoted": ("[checks.made.things]\nmots = 1", 4, "checks.made.things.mots", ["'most'"]),
    "wrong type": ('[checks.fruit]\nmost = "1"', 4, "checks.fruit.most", ["str", "int"]),
    "true for a number": ("[checks.fruit]\nmost = true", 4, "checks.fruit.most", ["int"]),
    "a fraction for a whole number": ("[checks.fruit]\nmost = 1.5", 4, "checks.fruit.most", ["int"]),
    "no number": ("[checks.fruit]\nwarn_s = nan", 4, "checks.fruit.warn_s", ["nan"]),
    "one limit twice": (
        '[checks."made.things"]\nmost = 1\n[checks.fruit]\nmost = 2',
        *(6, "checks.fruit.most", ['checks."made.things"']),
    ),
    "a listing's limit is one": ("[checks.made.listing]\nx = 2", 4, "checks.made.listing.x", ["no limit 'x'"]),
    # for
    "for, single brackets": ("[checks.for]\ncheck = 'fruit'", 3, "checks.for", ["[[checks.for]]"]),
    "for, of texts": ("[checks]\nfor = ['fruit']", 4, "checks.for[0]", ["[[checks.for]]"]),
    "for, no such key": (RULE + "limit = {}", 6, "checks.for[0].limit", ["'limits'"]),
    "for, no limits": (RULE, 3, "checks.for[0]", ["has no limits"]),
    "for, no such check": (
        RULE.replace("fruit", "friut") + "limits = {}",
        *(4, "checks.for[0].check", ["'friut'", "'fruit'"]),
    ),
    "for, a topic": (RULE.replace("fruit", "made") + "limits = {}", 4, "checks.for[0].check", ["topic"]),
    "for, a number for a target": (
        RULE.replace('"x"', "5") + "limits = {}",
        *(5, "checks.for[0].target", ["is a number"]),
    ),
    "for, no such limit": (RULE + "limits = { mots = 1 }", 6, "checks.for[0].limits.mots", ["'most'"]),
    "for, wrong type": (RULE + "[checks.for.limits]\nmost = 'x'", 7, "checks.for[0].limits.most", ["int"]),
    "for, the second": (RULE + "limits = {}\n" + RULE + "limits = 1", 10, "checks.for[1].limits", ["is a number"]),
    "for, a check without objects": (
        RULE.replace("fruit", "made.listing") + "limits = {}",
        *(4, "checks.for[0].check", ["does not tell its objects apart"]),
    ),
    # suppress
    "suppress, no reason": (QUIET, 3, "checks.suppress[0]", ["has no reason"]),
    "suppress, an empty reason": (QUIET + "reason = ' '", 5, "checks.suppress[0].reason", ["not an empty one"]),
    "suppress, no such check": (
        QUIET.replace("fruit", "friut") + "reason = 'x'",
        *(4, "checks.suppress[0].check", ["'fruit'"]),
    ),
    "suppress, a glob of nothing": (
        QUIET.replace("fruit", "mode.*") + "reason = 'x'",
        *(4, "checks.suppress[0].check", ["'mode.*'"]),
    ),
    "suppress, no such key": (QUIET + "reason = 'x'\nuntill = 1", 6, "checks.suppress[0].untill", ["'until'"]),
    "suppress, a text for a date": (
        QUIET + "reason = 'x'\nuntil = '2027-01-31'",
        *(6, "checks.suppress[0].until", ["a text", "without quotes"]),
    ),
    "suppress, a time for a date": (
        QUIET + "reason = 'x'\nuntil = 2027-01-31T10:00:00Z",
        *(6, "checks.suppress[0].until", ["must be a date"]),
    ),
    # folder
    "folder, a number": ("[checks]\nfolder = 5", 4, "checks.folder", ["is a number"]),
    "folder, outside": ("[checks]\nfolder = '../x'", 4, "checks.folder", ["leads out of the project root"]),
    "folder, elsewhere": ("[checks]\nfolder = '/etc'", 4, "checks.folder", ["leads out of the project root"]),
    "folder, by a link": ("[checks]\nfolder = 'db/away'", 4, "checks.folder", ["leads out of the project root"]),
}


@pytest.mark.parametrize(("text", "line", "key", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(tmp_path, text, line, key, says):
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "away").symlink_to("/")
    config = load(tmp_path, text + "\n")
    with pytest.raises(ConfigError) as caught:
        config.check_settings(registry=REGISTRY)
    error = caught.value
    assert (error.path, error.line, error.key) == (str(config.path), line, key)
    assert all(each in str(error) for each in says), str(error)


def test_a_missing_plugin_may_have_the_check(tmp_path):
    registry = Registry(REGISTRY.entries, (BrokenPlugin("shop_checks", "ImportError"),))
    with pytest.raises(ConfigError, match="shop_checks"):
        load(tmp_path, "[checks.shop.orders]\n").check_settings(registry=registry)


def test_the_profile_has_to_be_one(tmp_path):
    config = load(tmp_path, '[database.local]\nhost = "h"\n')
    assert config.check_settings("local", registry=REGISTRY) == CheckSettings()
    with pytest.raises(UnknownProfileError, match="'local'"):
        config.check_settings("lokal", registry=REGISTRY)


def test_without_a_registry_all_installed_checks_are_known(tmp_path):
    settings = load(tmp_path, "[checks.long_running_queries]\nwarn_s = 60\n").check_settings()
    assert settings.limits == {"long_running_queries": {"warn_s": 60}}


def test_they_are_used_by_a_run_and_the_calls_limits_win(tmp_path, any_database):
    judge = each_row(
        severity=by("n", warning="most"), target=lambda row: Target("table", "public", row.name), message="{n}"
    )
    counted = make_check("counted", "SELECT 'a'::text AS name, 7 AS n", row=Counted, judge=judge, limits=Limits)
    registry = Registry.of([counted])
    settings = load(tmp_path, "[checks.made.counted]\nmost = 9\n").check_settings(registry=registry)
    with any_database.connect() as conn:
        ask = {"registry": registry, "settings": settings}
        assert pgops.run_checks(conn, **ask).results[0].outcome is Outcome.CLEAN
        limits = {"made.counted": {"most": 3}}
        assert pgops.run_checks(conn, **ask, limits=limits).results[0].outcome is Outcome.FOUND


# --- limits for checks that do not take part -------------------------------------------------------------------------

UNSELECTED = {
    "wrong name": ({"made.others": {"mots": 1}}, "'most'"),
    "wrong type": ({"made.others": {"most": "x"}}, "int"),
    "no mapping": ({"made.others": 5}, "Write each by its name"),
    "a topic": ({"made": {"most": 1}}, "that is a topic. Name one check of it."),
    "no check": ({"made.otters": {"most": 1}}, "'made.others'"),
}


@pytest.mark.parametrize("by_settings", [False, True])
@pytest.mark.parametrize(("limits", "says"), UNSELECTED.values(), ids=UNSELECTED)
def test_limits_outside_the_selection_have_to_be_right_too(any_server, limits, says, by_settings):
    how = {"settings": CheckSettings(limits=limits)} if by_settings else {"limits": limits}
    with any_server.connect() as conn, pytest.raises(BadLimitError, match=says):
        pgops.run_checks(conn, "made.things", registry=REGISTRY, **how)


def test_limits_for_one_object_outside_the_selection_have_to_be_right_too(any_server):
    rule = ObjectLimits(check="made.others", target="x", limits={"mots": 1})
    settings = CheckSettings(for_objects=(rule,))
    with any_server.connect() as conn, pytest.raises(BadLimitError, match="'most'"):
        pgops.run_checks(conn, "made.things", registry=REGISTRY, settings=settings)
    with any_server.connect() as conn:
        right = CheckSettings(for_objects=(attrs.evolve(rule, limits={"most": 1}),))
        assert pgops.run_checks(conn, "made.things", registry=REGISTRY, settings=right).results
