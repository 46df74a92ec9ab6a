"""Which two databases are meant, for comparing them, and why each.

Each side is decided by itself, in this order: a URL that the call names, a profile that the call names, DB_URL_A (or
DB_URL_B), DB_PROFILE_A (or DB_PROFILE_B). A side has no default: DB_URL, DB_PROFILE and `local` mean one database, and
to guess the other would compare the wrong ones.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pgops.config.model import Config
from pgops.config.reading import read_config
from pgops.config.resolution import Resolution, Source, named, of_profile
from pgops.config.surroundings import Surroundings, surroundings
from pgops.config.target import parsed
from pgops.errors import ResolutionError
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


def resolve_pair(
    a: str | None = None,
    b: str | None = None,
    *,
    url_a: str | Secret | None = None,
    url_b: str | Secret | None = None,
    config: Config | str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> tuple[Resolution, Resolution]:
    """Decide which two databases are meant: `a` and `b` are profiles, `url_a` and `url_b` beat them.

    Nothing is connected to, and no file is read where URLs decide. `config`, `env` and `cwd` are as for `resolve`.

    >>> found = resolve_pair(env={"DB_URL_A": "postgresql://db/old", "DB_URL_B": "postgresql://db/new"})
    >>> [side.display for side in found]
    ['postgresql://db/old', 'postgresql://db/new']
    >>> found[0].because
    'DB_URL_A is set in the environment.'

    Raises `ResolutionError` for a side that nothing names, saying what to set, and whatever else `resolve` raises.
    """
    urls = {side: Secret(url) if isinstance(url, str) else url for side, url in (("A", url_a), ("B", url_b))}
    del url_a, url_b  # a traceback that prints locals would show what they hold
    around = surroundings(env, cwd)
    del env
    names = {"A": a, "B": b}
    missing = [side for side in "AB" if urls[side] is None and names[side] is None and not any(around.sides[side])]
    if missing:
        raise _unsaid(missing)
    config = None if config is None else config if isinstance(config, Config) else os.fspath(config)
    found = []
    for side in "AB":
        resolution = _by_url(side, urls[side], names[side], around)
        if resolution is None:
            config = config if isinstance(config, Config) else read_config(around, config)  # once for both
            resolution = _by_name(side, names[side], around, config)
        found.append(resolution)
    return found[0], found[1]


def _by_url(side: str, called: Secret | None, name: str | None, around: Surroundings) -> Resolution | None:
    from_env = around.sides[side][0]
    if called is not None:
        source, target = Source.ARGUMENT_URL, parsed(called, f"The URL of the call for side {side}")
        return Resolution(profile=None, source=source, because=f"The call named a URL for side {side}.", target=target)
    if name is None and from_env is not None:
        variable = f"DB_URL_{side}"
        because, target = f"{variable} is set in the environment.", parsed(from_env, variable)
        return Resolution(profile=None, source=Source(variable), because=because, target=target)
    return None


def _by_name(side: str, called: str | None, around: Surroundings, config: Config) -> Resolution:
    if called is not None:
        profile = named(called, config, f"the call for side {side}")
        because = f"The call named profile {called!r} for side {side}."
        return of_profile(profile, Source.ARGUMENT_PROFILE, because, config)
    variable, name = f"DB_PROFILE_{side}", around.sides[side][1] or ""
    profile = named(name, config, variable)
    return of_profile(profile, Source(variable), f"{variable} names {name!r}.", config)


def _unsaid(missing: list[str]) -> ResolutionError:
    sides = " and ".join(missing)
    variables = " and ".join(f"DB_PROFILE_{side} or DB_URL_{side}" for side in missing)
    what = f"Two databases are to be compared, and nothing names side {sides}."
    return ResolutionError(what, cure=f"Name both profiles in the call, or set {variables}.")
