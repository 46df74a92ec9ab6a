"""The definitions of a database as pg_dump writes them, as a text: for whoever compares or clones schemas."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

from pgops.dump.taking.failures import dump_error
from pgops.errors import DumpError
from pgops.programs import PG_DUMP, find_program, started

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from pgops.programs import ChildConnection

TIMEOUT_S = 300.0


def schema_text(
    connection: ChildConnection,
    *,
    options: Sequence[str] = (),
    bin_path: str | os.PathLike[str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """What `pg_dump --schema-only` writes of the database that `connection` leads to, with `options` besides.

    Raises `NoClientProgramError` where no pg_dump fits, `DumpError` where it fails or does not end in time.
    """
    program = find_program(PG_DUMP, server=connection.server_major, target=connection.target, folder=bin_path)
    arguments = ["--schema-only", "--no-password", *options]
    with started(program, arguments, connection, stdout=subprocess.PIPE) as at_work:
        is_late = threading.Event()

        def stop() -> None:
            is_late.set()
            at_work.process.kill()

        timer = threading.Timer(timeout_s, stop)
        timer.start()
        try:
            text = at_work.stdout.read()
            at_work.process.wait()
        finally:
            timer.cancel()
    if is_late.is_set():
        raise DumpError(f"{program} --schema-only did not end in {timeout_s:g} seconds.")
    if at_work.problem is not None:
        raise dump_error(at_work, connection)
    return text.decode("utf-8", "backslashreplace")
