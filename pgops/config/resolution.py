"""Which database is meant, and why.

The order: a URL that the call names, a profile that the call names, DB_URL, DB_PROFILE; then, where some profile has a
`project`, the profile of the current subproject; else `local`, else the only profile. Anything less certain is an error
that lists the profiles: a guess would run against the wrong database.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.config.model import Config, Profile
from pgops.config.password_source import PasswordSource
from pgops.config.reading import read_config
from pgops.config.surroundings import Surroundings, subproject, surroundings
from pgops.config.target import parsed, password_source_of, target_of
from pgops.conninfo import Conninfo
from pgops.errors import ResolutionError, UnknownProfileError, did_you_mean
from pgops.secret import Secret

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping


DEFAULT_PROFILE = "local"
_HARMLESS = re.compile(r"[\w.-]{1,63}")
_HOW_TO_CHOOSE = "Name one in the call (profile=, --profile) or in DB_PROFILE, or give a URL (url=, --url or DB_URL)."


class Source(StrEnum):
    """Which rule decided, in the order in which they are tried."""

    ARGUMENT_URL = "argument url"
    ARGUMENT_PROFILE = "argument profile"
    DB_URL = "DB_URL"
    DB_PROFILE = "DB_PROFILE"
    DB_URL_A = "DB_URL_A"
    DB_URL_B = "DB_URL_B"
    DB_PROFILE_A = "DB_PROFILE_A"
    DB_PROFILE_B = "DB_PROFILE_B"
    PROJECT = "project"
    WITHOUT_PROJECT = "only profile without project"
    LOCAL = "local"
    ONLY_PROFILE = "only profile"


@attrs.frozen(kw_only=True)
class Resolution:
    """The database that was decided on. Printing it shows no secret; `conninfo()` does."""

    profile: Profile | None
    """None when a URL was named, by the call or by DB_URL."""
    source: Source
    because: str
    """Why, in one sentence."""
    target: Conninfo
    """The connection's parameters, its password apart."""
    config_path: Path | None = None
    """The postgres.toml that the profile is from: with `profile.name`, all that a worker needs to resolve it again."""

    config: Config | None = attrs.field(default=None, repr=False, eq=False)
    """What was read from it, for whoever needs more of it: its check settings, say."""
    password_source: PasswordSource | None = None
    """What `pgops.connect` asks for the password: the profile's `password_env` or `password_command`."""

    @property
    def display(self) -> str:
        """The connection for people, masked, without the parameters that only ward off libpq's environment."""
        return self.target.display

    def conninfo(self) -> str:
        """The keyword string for `psycopg.connect`, with the password. Keep it in no variable that lives on.

        Nothing is asked for a password here: one that is in a variable or had from a program is not in it.
        """
        return self.target.reveal()


def resolve(
    profile: str | None = None,
    *,
    url: str | Secret | None = None,
    config: Config | str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> Resolution:
    """Decide which database is meant. Nothing is connected to, and no file is read where a URL decides.

    `profile` and `url` are the call's own word and beat the environment; with both, the URL. `config` is a `Config`, or
    the path of one; by default it is looked for as `load_config` does. `env` and `cwd` stand in for the process's own.

    >>> found = resolve(env={"DB_URL": "postgresql://ann:hunter2@db/shop"})
    >>> found.source, found.display
    (<Source.DB_URL: 'DB_URL'>, 'postgresql://ann:********@db/shop')
    >>> found.because
    'DB_URL is set in the environment: a one-off that needs no profile.'

    Raises `ConfigError` and its kin as `load_config` does, `UnknownProfileError` with the nearest name,
    `IncompleteProfileError` naming every missing field, `ConninfoError` for a URL that can't be parsed, and
    `ResolutionError` listing the profiles when several would do, or none.
    """
    given = Secret(url) if isinstance(url, str) else url
    del url  # a traceback that prints locals would show what it holds
    if given is not None:
        del env
        because = "The call named a URL."
        return Resolution(
            profile=None, source=Source.ARGUMENT_URL, because=because, target=parsed(given, "The URL of the call")
        )
    around = surroundings(env, cwd)
    del env
    if profile is None and around.db_url is not None:
        because = "DB_URL is set in the environment: a one-off that needs no profile."
        return Resolution(profile=None, source=Source.DB_URL, because=because, target=parsed(around.db_url, "DB_URL"))
    known = config if isinstance(config, Config) else read_config(around, config)
    chosen, source, because = _chosen(profile, known, around)
    return of_profile(chosen, source, because, known)


def of_profile(profile: Profile, source: Source, because: str, config: Config) -> Resolution:
    """The resolution to a profile, whichever rule chose it."""
    target = target_of(profile, config.path)
    return Resolution(
        profile=profile,
        source=source,
        because=because,
        target=target,
        config_path=config.path,
        config=config,
        password_source=password_source_of(profile, target, config.path),
    )


def _chosen(name: str | None, config: Config, around: Surroundings) -> tuple[Profile, Source, str]:
    if name is not None:
        return named(name, config, "the call"), Source.ARGUMENT_PROFILE, f"The call named profile {name!r}."
    if around.db_profile is not None:
        because = f"DB_PROFILE names {around.db_profile!r}."
        return named(around.db_profile, config, "DB_PROFILE"), Source.DB_PROFILE, because
    profiles = tuple(config.profiles.values())
    if not profiles:
        cure = "Add a [database.local] table (pgops config init), or give a URL (url=, --url or DB_URL)."
        raise ResolutionError(f"{config.path} has no profile.", cure=cure)
    if any(profile.project is not None for profile in profiles):
        return _by_project(profiles, config, subproject(config.root, around.cwd))
    if DEFAULT_PROFILE in config.profiles:
        because = "No profile was named, and 'local' is the default."
        return config.profiles[DEFAULT_PROFILE], Source.LOCAL, because
    if len(profiles) == 1:
        return profiles[0], Source.ONLY_PROFILE, f"No profile was named, and {profiles[0].name!r} is the only one."
    what = f"No profile was named, none is called 'local', and {config.path} has several: {_names(profiles)}."
    raise ResolutionError(what, cure=_HOW_TO_CHOOSE)


def named(name: str, config: Config, by: str) -> Profile:
    """The profile of that name, which `by` gave. Raises `UnknownProfileError` with the nearest."""
    if name in config.profiles:
        return config.profiles[name]
    known = _names(config.profiles.values()) or "none at all"
    if not _HARMLESS.fullmatch(name):  # a URL given as a name, say: its password must not be shown
        cure = f"A name is made of a-z, 0-9 and _; a URL goes into url= or DB_URL. It has {known}."
        raise UnknownProfileError(f"{config.path} has no profile of the name that {by} gives.", cure=cure)
    cure = f"{did_you_mean(name, config.profiles)} It has {known}.".lstrip()
    raise UnknownProfileError(f"{config.path} has no profile {name!r}, which {by} names.", cure=cure)


def _by_project(profiles: tuple[Profile, ...], config: Config, project: str) -> tuple[Profile, Source, str]:
    """Some profile has a `project`: then the place decides, and `local` is no default."""
    matching = [profile for profile in profiles if profile.project == project]
    if len(matching) == 1:
        because = f"No profile was named, and {matching[0].name!r} is the one for the project here, {project!r}."
        return matching[0], Source.PROJECT, because
    if matching:
        what = f"No profile was named, and several are for the project here, {project!r}: {_names(matching)}."
        raise ResolutionError(what, cure=_HOW_TO_CHOOSE)
    free = [profile for profile in profiles if profile.project is None]
    nobody = f"No profile was named, none is for the project here, {project!r}"
    if len(free) == 1:
        because = f"{nobody}, and {free[0].name!r} is the only one without a project."
        return free[0], Source.WITHOUT_PROJECT, because
    if free:
        what = f"{nobody}, and several have no project: {_names(free)}."
    else:
        listed = ", ".join(f"{profile.name} (project {profile.project!r})" for profile in profiles)
        what = f"{nobody}, and each in {config.path} has another: {listed}."
    raise ResolutionError(what, cure=_HOW_TO_CHOOSE)


def _names(profiles: Iterable[Profile]) -> str:
    return ", ".join(sorted(profile.name for profile in profiles))
