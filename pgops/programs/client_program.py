"""One client program on this machine: which it is, its version, and what of a connection it understands."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.conninfo import Conninfo

if TYPE_CHECKING:
    from collections.abc import Mapping

PSQL, PG_DUMP, PG_RESTORE = "psql", "pg_dump", "pg_restore"

_NOWHERE = "/nonexistent/pgops"
"""A folder for Unix sockets that nobody has: a program that gets as far as looking there understood the rest."""
_TIMEOUT_S = 20


@attrs.frozen(kw_only=True)
class ClientProgram:
    """A psql, pg_dump or pg_restore that runs here.

    >>> ClientProgram(name="psql", path=Path("/usr/bin/psql"), version="16.4", source="PATH").major
    16
    """

    name: str
    path: Path
    version: str
    source: str
    """How it was found: `pg_bin_path`, `PATH`, a distribution's name, or `embedded`."""

    @property
    def major(self) -> int:
        """The major version: 18 of `18.4`, and of `18beta1`."""
        digits = re.match(r"\d+", self.version)
        assert digits is not None, self.version  # noqa: S101  version_of takes nothing else
        return int(digits[0])

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.path})"


@cache
def version_of(path: Path) -> str | None:
    """What the program says with `--version`; None where it does not run, or says something else. Asked once."""
    # "pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"; distributors put names of their own in the parentheses
    match = re.search(r"\) (\d\S*)", _said([str(path), "--version"]))
    return match[1] if match else None


def lacks(program: ClientProgram, params: Mapping[str, str]) -> str | None:
    """What the program's libpq can't do of these connection parameters, in words; None where it can do all.

    It is asked, by a connection to a socket that is not there: a libpq without TLS, or one that does not know a
    keyword, says so before it looks. Nothing is connected to, and no secret is handed over.
    """
    asked = {name: value for name, value in params.items() if name not in _LEADS_ELSEWHERE}
    words = _refusal(_that_connects_first(program), Conninfo({**asked, "host": _NOWHERE, "port": "1"}).reveal())
    unknown = re.search(r"invalid connection option \"(\w+)\"", words)
    if unknown is not None:
        return f"its libpq knows no {unknown[1]}"
    if "SSL support is not compiled in" in words:
        return "it is built without TLS"
    missing = re.search(r"(\w+) support is not compiled in|(\w+) is not supported (?:by|in) this build", words)
    if missing is not None:
        return f"it is built without {missing[1] or missing[2]}"
    wrong = re.search(r"invalid (\w+) value: \"[^\"]*\"", words)  # a keyword it knows, with a value it doesn't
    return f"its libpq takes no such {wrong[1]}" if wrong is not None else None


def _that_connects_first(program: ClientProgram) -> Path:
    """pg_restore reads its archive before it connects; the pg_dump of its folder has the same libpq."""
    beside = program.path.with_name(program.path.name.replace(PG_RESTORE, PG_DUMP))
    return beside if beside.is_file() else program.path


_LEADS_ELSEWHERE = frozenset({"host", "hostaddr", "port", "service", "servicefile", "passfile", "options"})


@cache
def _refusal(path: Path, conninfo: str) -> str:
    return _said([str(path), f"--dbname={conninfo}", "--no-password"])


def _said(argv: list[str]) -> str:
    environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    try:
        done = subprocess.run(  # noqa: S603  a client program that was found
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_S,
            env=environment,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout + done.stderr).decode(errors="replace")
