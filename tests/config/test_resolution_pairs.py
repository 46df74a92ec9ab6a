"""Two databases to compare: every rule of each side's order."""

from __future__ import annotations

import pytest

from pgops.config.pair import resolve_pair
from pgops.config.resolution import Source
from pgops.errors import ConfigNotFoundError, ConninfoError, ResolutionError, UnknownProfileError
from tests.config.test_config_secrets import seen_of
from tests.config.test_resolution import profiles

FILE = profiles(old=None, new=None, local=None)
URL = "postgresql://ann:hunter2@{}/shop"
CALL, NAMED = Source.ARGUMENT_URL, Source.ARGUMENT_PROFILE

CASES = {
    # both sides by the call
    "two names": ({"a": "old", "b": "new"}, {}, ("old", NAMED), ("new", NAMED)),
    "two URLs": (
        {"url_a": URL.format("x"), "url_b": URL.format("y")},
        *({}, ("x", CALL), ("y", CALL)),
    ),
    "a URL beats a name": ({"a": "old", "b": "new", "url_a": URL.format("x")}, {}, ("x", CALL), ("new", NAMED)),
    "a name and a URL": ({"a": "old", "url_b": URL.format("y")}, {}, ("old", NAMED), ("y", CALL)),
    # both sides by the environment
    "two profiles in the environment": (
        *({}, {"DB_PROFILE_A": "old", "DB_PROFILE_B": "new"}),
        *(("old", Source.DB_PROFILE_A), ("new", Source.DB_PROFILE_B)),
    ),
    "two URLs in the environment": (
        *({}, {"DB_URL_A": URL.format("x"), "DB_URL_B": URL.format("y")}),
        *(("x", Source.DB_URL_A), ("y", Source.DB_URL_B)),
    ),
    "DB_URL_A beats DB_PROFILE_A, and on its side only": (
        *({}, {"DB_URL_A": URL.format("x"), "DB_PROFILE_A": "new", "DB_PROFILE_B": "new"}),
        *(("x", Source.DB_URL_A), ("new", Source.DB_PROFILE_B)),
    ),
    "DB_URL_B beats DB_PROFILE_B, and on its side only": (
        *({}, {"DB_URL_B": URL.format("y"), "DB_PROFILE_A": "old", "DB_PROFILE_B": "old"}),
        *(("old", Source.DB_PROFILE_A), ("y", Source.DB_URL_B)),
    ),
    # the call against the environment
    "two names beat all of the environment": (
        *(
            {"a": "old", "b": "new"},
            {"DB_URL_A": URL.format("x"), "DB_URL_B": URL.format("y"), "DB_PROFILE_A": "local"},
        ),
        *(("old", NAMED), ("new", NAMED)),
    ),
    "one name beats the environment of its side": (
        *({"a": "old"}, {"DB_URL_A": URL.format("x"), "DB_URL_B": URL.format("y")}),
        *(("old", NAMED), ("y", Source.DB_URL_B)),
    ),
    "what means one database is no matter": (
        *({"a": "old", "b": "new"}, {"DB_URL": URL.format("z"), "DB_PROFILE": "local"}),
        *(("old", NAMED), ("new", NAMED)),
    ),
    "blank variables are not set": (
        *({}, {"DB_URL_A": " ", "DB_PROFILE_A": "old", "DB_URL_B": "", "DB_PROFILE_B": "new"}),
        *(("old", Source.DB_PROFILE_A), ("new", Source.DB_PROFILE_B)),
    ),
    "the same on both sides is the caller's word": ({"a": "old", "b": "old"}, {}, ("old", NAMED), ("old", NAMED)),
}


@pytest.mark.parametrize(("call", "env", "a", "b"), CASES.values(), ids=CASES)
def test_the_order(project, call, env, a, b):
    project.write(FILE)
    found = resolve_pair(**call, env=env, cwd=project.root)
    for resolution, (name, source), side in zip(found, (a, b), "AB", strict=True):
        assert resolution.source is source
        assert resolution.target.params["host"] in {name, f"{name}.example"}
        assert side in resolution.because.replace("AND", "")
        assert (resolution.profile is None) == (source in {CALL, Source.DB_URL_A, Source.DB_URL_B})
        assert "hunter2" not in f"{resolution!r} {resolution.display}"


def test_each_rule_has_a_case():
    assert {source for *_, a, b in CASES.values() for source in (a[1], b[1])} == {
        *(CALL, NAMED),
        *(source for source in Source if source.endswith(("_A", "_B"))),
    }


MISSING = {
    "both": ({}, {}, ["side A and B", "DB_PROFILE_A or DB_URL_A and DB_PROFILE_B or DB_URL_B"]),
    "B": ({"a": "old"}, {}, ["side B", "DB_PROFILE_B or DB_URL_B"]),
    "A": ({}, {"DB_PROFILE_B": "new"}, ["side A", "DB_PROFILE_A or DB_URL_A"]),
    "DB_URL is none of the two": ({"a": "old"}, {"DB_URL": URL.format("z"), "DB_PROFILE": "new"}, ["side B"]),
}


@pytest.mark.parametrize(("call", "env", "says"), MISSING.values(), ids=MISSING)
def test_a_missing_side_says_what_to_set(project, call, env, says):
    project.write(FILE)
    with pytest.raises(ResolutionError) as caught:
        resolve_pair(**call, env=env, cwd=project.root)
    assert all(each in str(caught.value) for each in says)
    assert "hunter2" not in seen_of(caught.value)


def test_urls_need_no_file(project):
    a, b = resolve_pair(url_a="postgresql://x/a", env={"DB_URL_B": "postgresql://y/b"}, cwd=project.root)
    assert (a.display, b.display) == ("postgresql://x/a", "postgresql://y/b")
    with pytest.raises(ConfigNotFoundError):
        resolve_pair(url_a="postgresql://x/a", b="new", env={}, cwd=project.root)


def test_errors_name_the_side(project):
    project.write(FILE)
    with pytest.raises(UnknownProfileError, match=r"'nwe', which DB_PROFILE_B names. Did you mean 'new'"):
        resolve_pair("old", env={"DB_PROFILE_B": "nwe"}, cwd=project.root)
    with pytest.raises(UnknownProfileError, match="the call for side A"):
        resolve_pair("odl", "new", env={}, cwd=project.root)
    for env, call, says in (
        ({"DB_URL_B": "postgresql://u:hunter2@h:x/d"}, {"a": "old"}, "DB_URL_B can't be used"),
        ({}, {"a": "old", "url_b": "postgresql://u:hunter2@h:x/d"}, "The URL of the call for side B"),
    ):
        with pytest.raises(ConninfoError) as caught:
            resolve_pair(**call, env=env, cwd=project.root)
        assert says in str(caught.value)
        assert "hunter2" not in seen_of(caught.value)
