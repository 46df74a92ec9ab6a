"""Where a project's migrations are, and why there.

The order: what the call names, the profile's `migrations_path`, `[migrations].path`, DB_MIGRATIONS_PATH in the
environment, a line `DB_MIGRATIONS_PATH=...` in AGENTS.md at the project root, and `db/migrations`. A relative path
starts at the root.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.config.model import Config, Profile
from pgops.config.reading import read_config
from pgops.config.resolution import named
from pgops.config.surroundings import project_root, surroundings
from pgops.errors import ConfigError, ConfigNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "DB_MIGRATIONS_PATH"
DEFAULT = "db/migrations"
NOTES = "AGENTS.md"

_MOST_BYTES = 1_000_000
# As people write it there: in a list, in backticks, exported, after = or :, with or without quotes.
_LINE = re.compile(
    rf"""^[ \t>]*(?:[-*+][ \t]+)?(?:export[ \t]+)?[`*]*{VARIABLE}[`*]*[ \t]*[=:][ \t]*
         (?: "(?P<double>[^"\n]*)" | '(?P<single>[^'\n]*)' | `(?P<ticked>[^`\n]*)` | (?P<bare>[^\n`]*?) )
         `*[ \t]*(?:[ \t]\#.*)?$""",
    re.MULTILINE | re.VERBOSE,
)


@attrs.frozen
class MigrationsPath:
    """The folder, absolute, whether it is there or not; and why it is that one."""

    path: Path
    because: str
    root: Path
    """The root of the project, which a relative path starts at."""

    def __fspath__(self) -> str:
        return str(self.path)


def migrations_path(
    config: Config | str | os.PathLike[str] | None = None,
    profile: Profile | str | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> MigrationsPath:
    """Where the migrations are. `profile` is one of the config's, or its name; without one, none is asked.

    `config` is a `Config`, or the path of one; by default it is looked for as `load_config` does, and done without
    where there is none. `path` is the caller's own word, before all others; `root` is the project's root folder, by
    default what `load_config` finds. No folder is made or looked into.

    >>> migrations_path(env={"DB_MIGRATIONS_PATH": "/srv/shop/sql", "PROJECT_ROOT": "/nowhere"}).path
    PosixPath('/srv/shop/sql')

    Raises `ConfigError` for a text that can't be a path, and as `load_config` does; `UnknownProfileError` for a name
    that no profile has.
    """
    around = surroundings(env, cwd)
    del env
    if root is not None:
        around = attrs.evolve(around, named_root=("root=", (around.cwd / Path(root).expanduser()).absolute()))
    known: Config | None
    try:
        known = config if isinstance(config, Config) else read_config(around, config)
    except ConfigNotFoundError:
        if config is not None or around.config is not None or profile is not None:  # it was named, or is needed
            raise
        known = None
    folder = known.root if known is not None else project_root(around).folder
    if path is not None:
        return _below(folder, os.fspath(path), "The call names it.")
    if isinstance(profile, str) and known is not None:
        profile = named(profile, known, "the call")
    if isinstance(profile, Profile) and profile.migrations_path is not None:
        return _below(folder, str(profile.migrations_path), f"Profile {profile.name!r} has it as its migrations_path.")
    if known is not None and known.migrations_path is not None:
        return _below(folder, str(known.migrations_path), f"{known.path} has it as [migrations].path.")
    if around.migrations_path is not None:
        return _below(folder, around.migrations_path, f"{VARIABLE} is set in the environment.")
    line, noted = _noted(folder / NOTES)
    if noted is not None:
        return _below(folder, noted, f"{folder / NOTES}:{line} sets {VARIABLE}.")
    return _below(folder, DEFAULT, "Nothing else was said, and this is the default.")


def _below(root: Path, said: str, because: str) -> MigrationsPath:
    # An environment may hold half characters (surrogates): a path of bytes that are no UTF-8 is a path nonetheless.
    if "\0" in said or "\n" in said or "://" in said:
        raise ConfigError(f"This can't be the path of a folder: {because}", cure="Write the folder's path.")
    folder = os.path.expanduser(said)  # noqa: PTH111  Path.expanduser raises where there is no such user
    return MigrationsPath(Path(os.path.normpath(root / folder)), because, root)


def _noted(file: Path) -> tuple[int, str | None]:
    """The first line of AGENTS.md that sets the variable to something: its number and the path."""
    try:
        if not file.is_file():  # a pipe would be waited for
            return 0, None
        with file.open("rb") as notes:
            text = notes.read(_MOST_BYTES).decode("utf-8", "replace").replace("\r\n", "\n").removeprefix("\ufeff")
    except OSError:  # what may not be read says nothing
        return 0, None
    for found in _LINE.finditer(text):
        said = next((each for each in found.groups() if each is not None), "").strip()
        if said and "$" not in said and not said.startswith(("<", "{")):  # a placeholder or shell is no path
            return text.count("\n", 0, found.start()) + 1, said
    return 0, None
