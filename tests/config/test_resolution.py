"""Which connection is used: every rule of the order, as working directory x environment x file x call."""

from __future__ import annotations

import attrs
import pytest

from pgops.config.model import Config
from pgops.config.resolution import Source, resolve
from pgops.config.surroundings import MONOREPO_FOLDERS, subproject
from pgops.errors import (
    ConfigNotFoundError,
    ConninfoError,
    IncompleteProfileError,
    PgopsError,
    ResolutionError,
    UnknownProfileError,
)
from tests.config.conftest import VERSION_1

URL = "postgresql://ann@one-off/shop"


def profiles(**projects: str | None) -> str:
    """A file with these profiles, each of its own project or none."""
    text = ""
    for name, project in projects.items():
        text += f'[database.{name}]\nhost = "{name}.example"\ndatabase = "shop"\nuser = "ann"\n'
        text += f'project = "{project}"\n' if project is not None else ""
    return text


PLAIN = profiles(prod=None, local=None, staging=None)
BY_PROJECT = profiles(local="elsewhere", shop="shop", bill="billing", free=None)
CROWDED = profiles(a="billing", b="billing", c=None, d=None)


@attrs.frozen(kw_only=True)
class Case:
    """What is there, and what is expected: the chosen profile's name (None: the URL) and the rule."""

    file: str | None = PLAIN
    place: str = "."
    env: dict[str, str] = attrs.field(factory=dict)
    call: dict[str, str] = attrs.field(factory=dict)
    chosen: str | None
    source: Source


BOTH = {"DB_URL": "postgresql://env/env", "DB_PROFILE": "staging"}
CASES = {
    # 0. What the call names always wins: a URL, then a profile.
    "url in the call": Case(call={"url": URL}, env=BOTH, chosen=None, source=Source.ARGUMENT_URL),
    "url in the call needs no file": Case(call={"url": URL}, file=None, chosen=None, source=Source.ARGUMENT_URL),
    "url in the call needs no sound file": Case(call={"url": URL}, file="[", chosen=None, source=Source.ARGUMENT_URL),
    "url beats profile, both in the call": Case(
        call={"url": URL, "profile": "prod"}, chosen=None, source=Source.ARGUMENT_URL
    ),
    "profile in the call": Case(call={"profile": "prod"}, chosen="prod", source=Source.ARGUMENT_PROFILE),
    "profile in the call beats DB_URL and DB_PROFILE": Case(
        call={"profile": "prod"}, env=BOTH, chosen="prod", source=Source.ARGUMENT_PROFILE
    ),
    "profile in the call beats the project": Case(
        call={"profile": "free"}, file=BY_PROJECT, chosen="free", source=Source.ARGUMENT_PROFILE
    ),
    # 1. DB_URL is a one-off.
    "DB_URL beats DB_PROFILE": Case(env={**BOTH, "DB_URL": URL}, chosen=None, source=Source.DB_URL),
    "DB_URL needs no file": Case(env={"DB_URL": URL}, file=None, chosen=None, source=Source.DB_URL),
    "DB_URL needs no sound file": Case(env={"DB_URL": URL}, file="[", chosen=None, source=Source.DB_URL),
    "DB_URL beats the project": Case(env={"DB_URL": URL}, file=BY_PROJECT, chosen=None, source=Source.DB_URL),
    # 2. DB_PROFILE.
    "DB_PROFILE": Case(env={"DB_PROFILE": "staging"}, chosen="staging", source=Source.DB_PROFILE),
    "DB_PROFILE beats the project": Case(
        env={"DB_PROFILE": "free"}, file=BY_PROJECT, chosen="free", source=Source.DB_PROFILE
    ),
    "blank variables are not set": Case(env={"DB_URL": "", "DB_PROFILE": " "}, chosen="local", source=Source.LOCAL),
    # 3. Some profile has a project.
    "project, at the root": Case(file=BY_PROJECT, chosen="shop", source=Source.PROJECT),
    "project, in a folder of a root that is no monorepo": Case(
        file=BY_PROJECT, place="billing/src", chosen="shop", source=Source.PROJECT
    ),
    "project, below services": Case(file=BY_PROJECT, place="services/billing", chosen="bill", source=Source.PROJECT),
    "project, deeper below services": Case(
        file=BY_PROJECT, place="services/billing/src/sql", chosen="bill", source=Source.PROJECT
    ),
    "several of the project here are no matter elsewhere": Case(
        file=CROWDED + profiles(e="shop"), chosen="e", source=Source.PROJECT
    ),
    "no match: the only profile without project": Case(
        file=BY_PROJECT, place="apps/web", chosen="free", source=Source.WITHOUT_PROJECT
    ),
    "no match: local is no default here": Case(
        file=profiles(local="x", other=None), chosen="other", source=Source.WITHOUT_PROJECT
    ),
    "no match: local as the only one without project": Case(
        file=profiles(a="x", local=None), chosen="local", source=Source.WITHOUT_PROJECT
    ),
    "project inherited from [database]": Case(
        file='[database]\nproject = "shop"\n' + profiles(only=None), chosen="only", source=Source.PROJECT
    ),
    # 4. No profile has a project.
    "local": Case(chosen="local", source=Source.LOCAL),
    "local, wherever one stands": Case(place="services/billing", chosen="local", source=Source.LOCAL),
    "local, though it is the only one": Case(file=profiles(local=None), chosen="local", source=Source.LOCAL),
    "the only profile": Case(file=profiles(prod=None), chosen="prod", source=Source.ONLY_PROFILE),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_order(project, case):
    if case.file is not None:
        project.write(case.file)
    found = project.resolve(place=case.place, env=case.env, **case.call)
    assert (found.source, found.profile and found.profile.name) == (case.source, case.chosen)
    assert found.because.endswith(".")
    if case.chosen is None:
        assert found.config_path is None
    else:
        assert found.config_path == project.file
        assert found.target.params["host"] == f"{case.chosen}.example"
        assert repr(case.chosen) in found.because


def test_each_rule_has_a_case():
    pairs = {source for source in Source if source.endswith(("_A", "_B"))}  # test_resolution_pairs.py
    assert {case.source for case in CASES.values()} == set(Source) - pairs


UNDECIDED = {
    "no file": (Case(file=None, chosen=None, source=Source.LOCAL), ConfigNotFoundError, ["postgres.toml", "DB_URL"]),
    "no file, DB_PROFILE": (
        Case(file=None, env={"DB_PROFILE": "local"}, chosen=None, source=Source.DB_PROFILE),
        *(ConfigNotFoundError, ["postgres.toml"]),
    ),
    "no profile at all": (Case(file="", chosen=None, source=Source.LOCAL), ResolutionError, ["no profile", "DB_URL"]),
    "several, none called local": (
        Case(file=profiles(prod=None, dev=None), chosen=None, source=Source.LOCAL),
        *(ResolutionError, ["dev, prod", "DB_PROFILE", "profile="]),
    ),
    "several of this project": (
        Case(file=CROWDED, place="services/billing", chosen=None, source=Source.PROJECT),
        *(ResolutionError, ["a, b", "'billing'", "DB_PROFILE"]),
    ),
    "none of this project, several without": (
        Case(file=CROWDED, chosen=None, source=Source.PROJECT),
        *(ResolutionError, ["c, d", "'shop'", "DB_PROFILE"]),
    ),
    "none of this project, each has another": (
        Case(file=profiles(a="x", local="y"), chosen=None, source=Source.PROJECT),
        *(ResolutionError, ["a (project 'x'), local (project 'y')", "'shop'", "DB_PROFILE"]),
    ),
    "unknown profile in the call": (
        Case(call={"profile": "lokal"}, chosen=None, source=Source.ARGUMENT_PROFILE),
        *(UnknownProfileError, ["'lokal', which the call names", "Did you mean 'local'?", "local, prod, staging"]),
    ),
    "empty profile in the call": (
        Case(call={"profile": ""}, chosen=None, source=Source.ARGUMENT_PROFILE),
        *(UnknownProfileError, ["local, prod, staging"]),
    ),
    "unknown profile in DB_PROFILE": (
        Case(env={"DB_PROFILE": "xyz"}, chosen=None, source=Source.DB_PROFILE),
        *(UnknownProfileError, ["'xyz', which DB_PROFILE names", "local, prod, staging"]),
    ),
    "unknown profile, none there": (
        Case(file="", call={"profile": "x"}, chosen=None, source=Source.ARGUMENT_PROFILE),
        *(UnknownProfileError, ["none at all"]),
    ),
    "empty URL in the call": (
        Case(call={"url": ""}, chosen=None, source=Source.ARGUMENT_URL),
        *(ConninfoError, ["The URL of the call"]),
    ),
    "broken DB_URL": (
        Case(env={"DB_URL": "postgresql://[::1/x"}, chosen=None, source=Source.DB_URL),
        *(ConninfoError, ["DB_URL"]),
    ),
}


@pytest.mark.parametrize(("case", "error", "says"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_can_not_be_decided_is_an_error_that_tells_how(project, case, error, says):
    if case.file is not None:
        project.write(case.file)
    with pytest.raises(PgopsError) as caught:
        project.resolve(place=case.place, env=case.env, **case.call)
    assert type(caught.value) is error
    assert [part for part in says if part not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ("", "no host, no database and no user"),
        ('host = "h"', "no database and no user"),
        ('host = "h"\ndatabase = ""\nuser = "u"', "no database"),
        ('port = 1\npassword = "p"\nuser = "u"', "no host and no database"),
    ],
)
def test_an_incomplete_profile_names_every_missing_field(project, fields, missing):
    project.write(f"[database.local]\n{fields}\n")
    with pytest.raises(IncompleteProfileError, match=f"has {missing}\\. Add .* to \\[database.local\\]") as caught:
        project.resolve()
    assert f"{project.file}:3" in str(caught.value)


def test_an_incomplete_profile_is_no_matter_while_another_is_chosen(project):
    project.write("[database.empty]\n" + profiles(local=None))
    assert project.resolve().profile.name == "local"


# --- the current subproject ------------------------------------------------------------------------------------------

SUBPROJECTS = {
    # (folders there, where one stands): the subproject
    ("", "."): "shop",
    ("", "billing"): "shop",
    ("", "src/deep/down"): "shop",
    ("services", "."): "shop",
    ("services", "services"): "services",
    ("services", "services/billing"): "billing",
    ("services", "services/billing/src"): "billing",
    ("services", "apps2/web"): "apps2",
    ("services", "tools"): "tools",
    ("services", "tools/services/x"): "tools",
    ("apps", "services/billing"): "billing",
    **{(name, f"{name}/x/y"): "x" for name in MONOREPO_FOLDERS},
    **{(name, "lib/x"): "lib" for name in MONOREPO_FOLDERS},
}


@pytest.mark.parametrize(("there", "place"), SUBPROJECTS, ids=lambda part: part or "nothing")
def test_the_current_subproject(project, there, place):
    project.folder(there or ".")
    assert subproject(project.root, project.folder(place)) == SUBPROJECTS[there, place]


def test_a_file_called_apps_makes_no_monorepo(project):
    (project.root / "apps").write_text("")
    assert subproject(project.root, project.folder("lib")) == "shop"


def test_outside_the_root_it_is_the_roots_own_name(project, tmp_path):
    project.folder("apps")
    assert subproject(project.root, tmp_path) == "shop"


def test_links_lead_to_where_they_point(project, tmp_path):
    (tmp_path / "link").symlink_to(project.folder("apps/web"))
    (tmp_path / "root").symlink_to(project.root)
    assert subproject(project.root, tmp_path / "link") == "web"
    assert subproject(tmp_path / "root", project.root / "apps" / "web") == "web"
    assert subproject(tmp_path / "root", project.root) == "root"


# --- the call's other arguments --------------------------------------------------------------------------------------


def test_config_may_be_a_config_a_path_or_be_looked_for(project, tmp_path, monkeypatch):
    file = project.write(PLAIN)
    config = project.load(PLAIN)
    assert isinstance(config, Config)
    elsewhere = {"cwd": tmp_path, "env": {}}
    targets = {
        resolve(config=config, **elsewhere).target,
        resolve(config=file, **elsewhere).target,
        resolve(config=str(file), **elsewhere).target,
        resolve(cwd=tmp_path, env={"PGOPS_CONFIG": str(file)}).target,
        resolve(cwd=tmp_path, env={"DB_PROJECT_ROOT": str(project.root)}).target,
        project.resolve().target,
    }
    assert len(targets) == 1
    monkeypatch.chdir(project.root)
    for name in ("PGOPS_CONFIG", "DB_PROJECT_ROOT", "PROJECT_ROOT", "DB_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DB_PROFILE", "prod")
    assert resolve().source is Source.DB_PROFILE


def test_a_named_config_does_not_silence_db_url(project):
    project.write(PLAIN)
    assert project.resolve(config=project.file, env={"DB_URL": URL}).source is Source.DB_URL


def test_the_root_of_the_environment_decides_the_subproject(project, tmp_path):
    file = tmp_path / "any.toml"
    file.write_text(VERSION_1 + BY_PROJECT)
    place = project.folder("services/billing")
    assert resolve(config=file, cwd=place, env={}).profile.name == "bill"
    assert (
        resolve(config=file, cwd=place, env={"DB_PROJECT_ROOT": str(project.root / "services")}).profile.name == "free"
    )


def test_a_removed_working_directory_is_no_obstacle_to_a_url(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert resolve(url=URL, env={}).display == URL
    with pytest.raises(ConfigNotFoundError):
        resolve(env={})


def test_sources_are_words():
    assert [str(source) for source in Source] == [
        *("argument url", "argument profile", "DB_URL", "DB_PROFILE"),
        *("DB_URL_A", "DB_URL_B", "DB_PROFILE_A", "DB_PROFILE_B"),
        *("project", "only profile without project", "local", "only profile"),
    ]
