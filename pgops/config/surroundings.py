"""What the environment and the working directory say: read once, on entry, and handed on as a frozen value.

Only `surroundings()` reads the environment, for configuration and resolution alike. A URL found there is sealed
at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import attrs

from pgops.secret import Secret

CONFIG_PLACE = Path(".skills", "postgres", "postgres.toml")
MONOREPO_FOLDERS = ("apps", "packages", "services", "modules", "projects")


@attrs.frozen(kw_only=True)
class Surroundings:
    """The working directory and pgops' variables; an empty or blank variable counts as unset."""

    cwd: Path
    db_url: Secret | None = None
    db_profile: str | None = None
    config: Path | None = None
    """PGOPS_CONFIG, made absolute."""
    named_root: tuple[str, Path] | None = None
    """DB_PROJECT_ROOT or PROJECT_ROOT, whichever is first set: its name, and the folder made absolute."""
    migrations_path: str | None = attrs.field(default=None, repr=False)
    """DB_MIGRATIONS_PATH."""
    sides: Mapping[str, tuple[Secret | None, str | None]] = attrs.field(factory=dict, repr=False)
    """DB_URL_A and DB_PROFILE_A under `A`, and likewise for `B`: two databases to compare."""
    search_path: tuple[Path, ...] = attrs.field(default=(), repr=False)
    """The absolute folders of PATH: a relative one would let the working directory decide which program is run."""
    program_files: Path | None = attrs.field(default=None, repr=False)
    """Where Windows installs programs."""


@attrs.frozen
class Root:
    """The project's root folder, and how it was found (for messages)."""

    folder: Path
    found: str


def surroundings(env: Mapping[str, str] | None = None, cwd: str | os.PathLike[str] | None = None) -> Surroundings:
    """Read `env` (default: the process's environment) and `cwd` (default: its working directory).

    >>> surroundings({"DB_URL": "postgresql://ann:hunter2@db/shop", "DB_PROFILE": " "}, "/srv/shop")
    Surroundings(cwd=PosixPath('/srv/shop'), db_url=Secret('********'), db_profile=None, config=None, named_root=None)
    """
    variables = os.environ if env is None else env
    here = _working_directory() if cwd is None else _absolute(os.fspath(cwd))

    def said(name: str) -> str | None:
        return variables.get(name, "").strip() or None

    def sealed(name: str) -> Secret | None:
        url = said(name)
        return Secret(url) if url is not None else None

    config = said("PGOPS_CONFIG")
    sides = {side: (sealed(f"DB_URL_{side}"), said(f"DB_PROFILE_{side}")) for side in "AB"}
    roots = ((name, said(name)) for name in ("DB_PROJECT_ROOT", "PROJECT_ROOT"))
    return Surroundings(
        cwd=here,
        db_url=sealed("DB_URL"),
        db_profile=said("DB_PROFILE"),
        config=_absolute(config, here) if config is not None else None,
        migrations_path=said("DB_MIGRATIONS_PATH"),
        sides=MappingProxyType(sides),
        search_path=tuple(Path(each) for each in (said("PATH") or "").split(os.pathsep) if os.path.isabs(each)),  # noqa: PTH117  of a text
        program_files=Path(programs) if (programs := said("ProgramFiles")) is not None else None,
        named_root=next(((name, _absolute(folder, here)) for name, folder in roots if folder is not None), None),
    )


def project_root(around: Surroundings, config: Path | None = None) -> Root:
    """DB_PROJECT_ROOT, PROJECT_ROOT, the folder whose standard place holds `config`, the git top level, the cwd."""
    if around.named_root is not None:
        name, folder = around.named_root
        return Root(folder, name)
    if config is not None and config.parts[-len(CONFIG_PLACE.parts) :] == CONFIG_PLACE.parts:
        return Root(config.parents[len(CONFIG_PLACE.parts) - 1], f"the folder that holds {CONFIG_PLACE}")
    top = git_top_level(around.cwd)
    return Root(top, "the git top level") if top is not None else Root(around.cwd, "the working directory")


def git_top_level(folder: Path) -> Path | None:
    """The nearest folder, from `folder` up, with a `.git` entry (a file in worktrees and submodules)."""
    for candidate in (folder, *folder.parents):
        try:
            if (candidate / ".git").exists():
                return candidate
        except OSError:  # a folder that may not be searched is not known to be a repository
            continue
    return None


def subproject(root: Path, cwd: Path) -> str:
    """The name that a profile's `project` is compared with.

    In a monorepo (a root that holds one of `MONOREPO_FOLDERS`): below one of those the second part of the path from
    the root, elsewhere the first. At the root, outside it and where there is no monorepo: the root's own name. Links
    are followed before the two are compared.
    """
    try:
        inside = Path(os.path.realpath(cwd)).relative_to(os.path.realpath(root)).parts
    except ValueError:
        inside = ()
    if not inside or not any((root / name).is_dir() for name in MONOREPO_FOLDERS):
        return root.name
    first, *further = inside
    return further[0] if further and first in MONOREPO_FOLDERS else first


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # it was removed under us: nothing can be found from it, but a URL needs none
        return Path(os.sep)


def _absolute(path: str, base: Path = Path()) -> Path:
    """Absolute and without `..`, as written otherwise: links stay, for a root is known by the name it was given."""
    return Path(os.path.abspath(base / os.path.expanduser(path)))  # noqa: PTH100, PTH111  resolve() would follow links
