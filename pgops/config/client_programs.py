"""Where psql, pg_dump and pg_restore are, for a postgres.toml that doesn't say.

Debian, Red Hat and Homebrew keep them off the PATH, one folder a version. Nothing is run to find out: a folder holds
psql, or it doesn't.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pgops.config.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgops.config.model import Config
    from pgops.config.surroundings import Surroundings

INSTALLED = (
    ("Debian", "usr/lib/postgresql/*/bin"),
    ("Red Hat", "usr/pgsql-*/bin"),
    ("Homebrew", "opt/homebrew/opt/postgresql@*/bin"),
    ("Homebrew", "usr/local/opt/postgresql@*/bin"),
    ("Homebrew", "home/linuxbrew/.linuxbrew/opt/postgresql@*/bin"),
    ("Homebrew", "opt/homebrew/opt/libpq/bin"),  # the clients alone, which Homebrew doesn't link
    ("Homebrew", "usr/local/opt/libpq/bin"),
    ("Postgres.app", "Applications/Postgres.app/Contents/Versions/*/bin"),
)
"""A name for people, and a pattern below the root folder: of the first that has any, the newest version is taken."""

HOW_TO_GET_THEM = (
    "Install PostgreSQL's client programs (postgresql-client, or libpq from Homebrew), or name the folder that holds "
    "psql as [configuration].pg_bin_path."
)


def pg_bin_path(config: Config, *, env: Mapping[str, str] | None = None) -> Path | None:
    """The folder of psql and pg_dump: as the config says, else looked up, else None. Nothing is written.

    The order: PATH, the newest version in a folder of Debian, Red Hat, Homebrew or Postgres.app, Program Files. `env`
    stands in for the process's own environment.
    """
    return config.pg_bin_path if config.pg_bin_path is not None else find_bin_path(surroundings(env))


def find_bin_path(around: Surroundings, *, root: Path = Path("/")) -> Path | None:
    """The folder of psql on this machine, whatever a config says."""
    return next((folder for _, folder in bin_folders(around, root=root) if holds_psql(folder)), None)


def holds_psql(folder: Path) -> bool:
    """Whether `folder` has a psql that may be run."""
    programs = (folder / name for name in ("psql", "psql.exe"))
    return any(os.path.isfile(program) and os.access(program, os.X_OK) for program in programs)  # noqa: PTH113  False where it may not be searched


def bin_folders(around: Surroundings, *, root: Path = Path("/")) -> Iterator[tuple[str, Path]]:
    """Every folder that may hold the programs, and how one comes upon it, the likeliest first."""
    for folder in around.search_path:
        yield "PATH", folder
    for source, pattern in INSTALLED:
        for folder in sorted(root.glob(pattern), key=_version, reverse=True):
            yield source, folder
    if around.program_files is not None:
        for folder in sorted((around.program_files / "PostgreSQL").glob("*/bin"), key=_version, reverse=True):
            yield "Program Files", folder


def _version(folder: Path) -> tuple[int, ...]:
    """The last number in the path, part by part: 9.6 is older than 10.

    >>> _version(Path("/usr/lib/postgresql/9.6/bin")) < _version(Path("/usr/lib/postgresql/10/bin"))
    True
    """
    found = re.findall(r"\d+(?:\.\d+)*", folder.parent.name)
    return tuple(int(part) for part in found[-1].split(".")) if found else ()
