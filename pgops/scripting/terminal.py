"""psql itself, on the database that is meant: in the terminal, or with a file up to its first error.

The connection is made first as `pgops.connect` makes it, so that psql goes where that got to, no less encrypted. No
secret is in its arguments, which everybody on the machine can read.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psycopg

from pgops.db.settings import escape
from pgops.errors import ClientProgramError, SourceError
from pgops.programs.child_connection import ChildConnection
from pgops.programs.client_program import PSQL, ClientProgram
from pgops.programs.finding import find_program
from pgops.programs.running import started

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Unpack

    from pgops.config.resolution import Resolution
    from pgops.db.fallback import Fallback
    from pgops.db.planning import Wanted
    from pgops.secret import Secret

APPLICATION = "pgops psql"
_WORDS_SHOWN = 20
_ENDED_BY_SIGNAL = 128


def psql(
    source: str | Resolution | psycopg.Connection[Any] | None = None,
    *,
    url: str | Secret | None = None,
    file: str | os.PathLike[str] | None = None,
    arguments: Sequence[str] = (),
    bin_path: str | os.PathLike[str] | None = None,
    settings: Mapping[str, str] | None = None,
    stdout: IO[bytes] | None = None,
    on_message: Callable[[str], object] | None = None,
    on_fallback: Callable[[Fallback], object] | None = None,
    **wanted: Unpack[Wanted],
) -> int:
    """Run psql on the database that is meant, and give its exit code.

    `source` is a profile's name, a `Resolution`, or a connection, beside which psql gets one of its own; `url` and
    `wanted` are those of `pgops.connect`. Without `file` it has the terminal: ~/.psqlrc is read, Ctrl-C reaches psql
    alone, and all of its commands work; it may write. With `file` it stops at the first error (`-X -v ON_ERROR_STOP=1
    -f`), its answers go to `stdout`, by default our own, and `on_message` hears each line of its stderr. `arguments`
    are psql's own; `settings` are of the session (`{"statement_timeout": "5s"}`). `bin_path` is the folder of psql, by
    default the config's, PATH, and the usual ones: of those that fit the server and connection the nearest version.

    Raises as `pgops.connect` does, `NoClientProgramError`, `SourceError` without that file, and `ClientProgramError`
    with psql's words, file and line where the file failed.
    """
    if file is not None and not Path(file).exists():
        raise SourceError(f"{file} is not there.")
    child, folder, options = _child(source, url=url, on_fallback=on_fallback, wanted=wanted, settings=settings)
    del url
    program = find_program(
        PSQL, server=child.server_major, target=child.target, folder=Path(bin_path) if bin_path is not None else folder
    )
    more = {"PGOPTIONS": options} if options else {}
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()  # what we have said stands before what psql says
    if file is None:
        return _in_the_terminal(program, child, arguments, more)
    arguments = (*arguments, *_FILE, str(file))
    return _with_file(program, child, arguments, more, stdout=stdout, on_message=on_message)


_FILE = ("-X", "-v", "ON_ERROR_STOP=1", "-f")


def _child(
    source: str | Resolution | psycopg.Connection[Any] | None,
    *,
    url: str | Secret | None,
    on_fallback: Callable[[Fallback], object] | None,
    wanted: Wanted,
    settings: Mapping[str, str] | None,
) -> tuple[ChildConnection, Path | None, str]:
    """How psql connects, the folder of programs that the config names, and the options its session starts with."""
    ours = " ".join(f"-c {name}={escape(value)}" for name, value in (settings or {}).items())
    if isinstance(source, psycopg.Connection):
        return ChildConnection.like(source, application=APPLICATION), None, ours
    from pgops.config.resolution import resolve  # noqa: PLC0415  reads TOML, which a connection needs not
    from pgops.db.connecting import connect  # noqa: PLC0415

    resolution = source
    if url is not None or resolution is None or isinstance(resolution, str):
        named = resolution if isinstance(resolution, str) else None
        resolution = resolve(named, url=url, config=wanted.get("config"), env=wanted.get("env"), cwd=wanted.get("cwd"))
    del url
    asked: Wanted = {"application_name": APPLICATION, **wanted}  # type: ignore[typeddict-item, unused-ignore]
    with connect(resolution, read_only=False, on_fallback=on_fallback, **asked) as conn:
        application = conn.info.get_parameters().get("application_name", APPLICATION)
        child = ChildConnection.like(conn, application=application)
        takes_options = "options" in conn.info.get_parameters()
    # Its own options say what the database's owner wants of a session (a search path, a role). A pooler that took
    # none from us would refuse psql for them.
    theirs = resolution.target.params.get("options", "") if takes_options else ""
    folder = resolution.config.pg_bin_path if resolution.config is not None else None
    return child, folder, f"{theirs} {ours if takes_options else ''}".strip()


def _in_the_terminal(
    program: ClientProgram, child: ChildConnection, arguments: Sequence[str], more: Mapping[str, str]
) -> int:
    with child.environment(**more) as environment, _ctrl_c_is_psqls():
        environment.pop("PGCLIENTENCODING", None)  # the terminal's encoding, not ours
        argv = [str(program.path), *arguments, f"--dbname={child.argument}"]
        try:
            running = subprocess.Popen(argv, env=environment)  # noqa: S603  a client program that was found
        except OSError as error:
            raise ClientProgramError(f"{program} can't be run: {error.strerror}.") from None
        try:
            status = running.wait()
        finally:
            if running.poll() is None:
                running.terminate()
                running.wait()
    return status if status >= 0 else _ENDED_BY_SIGNAL - status


@contextmanager
def _ctrl_c_is_psqls() -> Iterator[None]:
    """Within the block Ctrl-C means nothing to us: it reaches psql, which is in the terminal's foreground as we are.

    Not by ignoring the signal, which a child would inherit: psql's pager has to have its own.
    """
    if threading.current_thread() is not threading.main_thread():  # then the signal is another thread's matter
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)


def _with_file(
    program: ClientProgram,
    child: ChildConnection,
    arguments: Sequence[str],
    more: Mapping[str, str],
    *,
    stdout: IO[bytes] | None,
    on_message: Callable[[str], object] | None,
) -> int:
    with started(program, arguments, child, stdout=stdout, on_line=on_message, variables=more) as at_work:
        at_work.process.wait()
    if at_work.problem is not None:
        said = [each for each in at_work.messages if each.strip()]
        words = "\n".join(said[-_WORDS_SHOWN:]) or "it said nothing"
        raise ClientProgramError(f"{program.name} {at_work.problem}: {words}")
    return 0
