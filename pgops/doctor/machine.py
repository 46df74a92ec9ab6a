"""What is on this machine: Python, psycopg and its libpq, extras, the client programs, the backup tools."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from pgops.config.client_programs import HOW_TO_GET_THEM
from pgops.doctor.examination import Sign, State
from pgops.errors import NoClientProgramError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.config.resolution import Resolution
    from pgops.programs.dependencies import Dependencies

BACKUP_TOOLS = ("pgbackrest", "barman", "wal-g")

_PURPOSES = {
    "psql": "`pgops psql`, and a restore of plain SQL, need it.",
    "pg_dump": "`pgops dump` needs it.",
    "pg_restore": "`pgops restore` needs it for any format but plain SQL.",
}
_EXTRAS = {
    "cli": "the command line",
    "embedded": "throwaway servers without PostgreSQL on this machine",
    "migrations": "lint, plan, apply, and whatever reads SQL",
}


def python_signs() -> Iterator[Sign]:
    """Python, psycopg, libpq: this much can be said without any of them."""
    yield Sign(topic="machine", name="Python", state=State.OK, message=platform.python_version())
    try:
        from psycopg import pq  # noqa: PLC0415  importing it is the examination: without libpq it raises
    except ImportError as error:
        yield Sign(
            topic="machine",
            name="psycopg",
            state=State.MISSING,
            message=f"It found no libpq, which speaks to the server: {str(error).partition('.')[0]}.",
            cure="Install PostgreSQL's libpq, or: pip install 'pgops[binary]'",
        )
        return
    number = pq.version()  # 170004 is 17.4
    said = f"{_version('psycopg')}, implementation {pq.__impl__}, libpq {number // 10000}.{number % 10000}"
    yield Sign(topic="machine", name="psycopg", state=State.OK, message=said)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of an unknown version"


def extra_signs(found: Dependencies) -> Iterator[Sign]:
    """The extras, each by the packages that it brings."""
    for extra, purpose in _EXTRAS.items():
        missing = [package for package, brings, there in found.extras if brings == extra and there is None]
        yield Sign(
            topic="machine",
            name=f"extra [{extra}]",
            state=State.MISSING if missing else State.OK,
            message=f"for {purpose}" + (f"; {', '.join(missing)} is not installed" if missing else ""),
            cure=f"pip install 'pgops[{extra}]'" if missing else "",
            matters=False,
        )


def program_signs(found: Dependencies, resolution: Resolution | None, server: int | None) -> Iterator[Sign]:
    """psql, pg_dump and pg_restore, and whether one of each fits the server and what its connection needs.

    Without a server's major version whichever would be run is named.
    """
    from pgops.programs.finding import fitting  # noqa: PLC0415  needs libpq, which may be missing

    target = resolution.target if resolution is not None else None
    for name, purpose in _PURPOSES.items():
        programs, chosen = [each.program for each in found.found(name)], found.chosen(name)
        state, cure = State.OK, ""
        if not programs:
            state, message, cure = State.MISSING, f"There is none. {purpose}", found.install or HOW_TO_GET_THEM
        elif server is None:
            message = f"{chosen.version} ({chosen.path})" if chosen is not None else ", ".join(map(str, programs))
        else:
            try:
                fit = fitting(programs, name=name, server=server, target=target, at_least=name != "psql")
            except NoClientProgramError as error:
                state, message, cure = State.WARNING, error.what, error.cure
            else:
                message = f"{fit.version} ({fit.path}), for the server's {server}"
                if fit.major < server:
                    state, cure = State.WARNING, f"Install {name} {server}: an older one knows newer servers in part."
        yield Sign(topic="machine", name=name, state=state, message=message, cure=cure)


def backup_signs(found: Dependencies) -> Iterator[Sign]:
    """The backup tools that are here: whose repositories can be looked at from this machine."""
    there = {name: path for name, path in found.tools if name in BACKUP_TOOLS and path is not None}
    for tool, path in there.items():
        message = f"{path}; `pgops check backup --backups {tool}:NAME` looks at what it has"
        yield Sign(topic="backups", name=tool, state=State.OK, message=message)
    if not there:
        yield Sign(
            topic="backups",
            name="backup tools",
            state=State.MISSING,
            matters=False,
            message=f"None of {', '.join(BACKUP_TOOLS)} is here, so backups can't be judged from this machine.",
            cure="Run `pgops check backup --backups TOOL:NAME` where the repository is.",
        )
