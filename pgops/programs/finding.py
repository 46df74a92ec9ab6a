"""Where psql, pg_dump and pg_restore are on this machine, all of them, and which one fits a server and a connection."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pgops.config.client_programs import HOW_TO_GET_THEM, bin_folders
from pgops.config.surroundings import surroundings
from pgops.errors import MissingExtraError, NoClientProgramError, NoServerProgramsError
from pgops.programs.client_program import PSQL, ClientProgram, lacks, version_of
from pgops.scratch import embedded_binaries
from pgops.scratch.binaries import EMBEDDED_FOLDERS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from pgops.conninfo import Conninfo


def find_programs(
    name: str, *, folder: str | os.PathLike[str] | None = None, env: Mapping[str, str] | None = None
) -> tuple[ClientProgram, ...]:
    """Every program of that name that runs here, the likeliest first; none where there is none.

    The order: `folder` (what a postgres.toml says as pg_bin_path), PATH, the folders of Debian, Red Hat, Homebrew and
    Postgres.app, the newest version first, Program Files, the embedded package. Each is asked for its version, some
    five milliseconds, once in a process. `env` stands in for the process's own environment.
    """
    found: dict[Path, ClientProgram] = {}
    for source, place in _places(folder, env):
        path = _program_in(place, name)
        real = path.resolve() if path is not None else None
        if path is None or real is None or real in found:
            continue
        # Debian's /usr/bin/pg_dump is a wrapper that chooses a version by the cluster: its name must stay as it is.
        version = version_of(path)
        if version is not None:
            found[real] = ClientProgram(name=name, path=path, version=version, source=source)
    return tuple(found.values())


def fitting(
    candidates: Sequence[ClientProgram],
    *,
    name: str,
    server: int,
    target: Conninfo | None = None,
    at_least: bool = True,
) -> ClientProgram:
    """The one of `candidates` to use with a server of major version `server`: the lowest that is as new as it.

    A pg_dump that is older than the server refuses to read it, and what a newer one writes an older server may not
    take: so the lowest. `at_least=False` (psql, which speaks to every server) takes the newest where all are older.
    With `target` only programs are taken whose libpq can do what that connection needs: TLS, and every parameter.

    Raises `NoClientProgramError`, with both versions, and what each of those found lacks.
    """
    lacking = {each: lacks(each, target.params) for each in candidates} if target is not None else {}
    able = [each for each in candidates if lacking.get(each) is None]
    new_enough = [each for each in able if each.major >= server]
    if new_enough:
        return min(new_enough, key=lambda each: each.major)
    if able and not at_least:
        return max(able, key=lambda each: each.major)
    if not candidates:
        raise NoClientProgramError(f"There is no {name} on this machine.", cure=HOW_TO_GET_THEM)
    found = "; ".join(f"{each}: {lacking.get(each) or f'older than the server, {server}'}" for each in candidates)
    raise NoClientProgramError(
        f"There is no {name} for a server of PostgreSQL {server} and this connection (found: {found}).",
        cure=f"Install {name} of PostgreSQL {server} or later, or name its folder as [configuration].pg_bin_path.",
    )


def _places(folder: str | os.PathLike[str] | None, env: Mapping[str, str] | None) -> Iterator[tuple[str, Path]]:
    if folder is not None:
        yield "pg_bin_path", Path(folder)
    yield from bin_folders(surroundings(env))
    for major in sorted(EMBEDDED_FOLDERS, reverse=True):
        with suppress(MissingExtraError, NoServerProgramsError):
            yield "embedded", embedded_binaries(major).bindir


def _program_in(folder: Path, name: str) -> Path | None:
    for path in (folder / name, folder / f"{name}.exe"):
        with suppress(OSError):  # a folder that may not be searched
            if path.is_file():
                return path.absolute()
    return None


def find_program(
    name: str,
    *,
    server: int,
    target: Conninfo | None = None,
    folder: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> ClientProgram:
    """The program of that name to use here with a server of major version `server`.

    Raises `NoClientProgramError`, as `fitting` does.
    """
    candidates = find_programs(name, folder=folder, env=env)
    return fitting(candidates, name=name, server=server, target=target, at_least=name != PSQL)
