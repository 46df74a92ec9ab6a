"""A dump restored into a fresh database by pg_restore itself."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgops.programs import PG_RESTORE, find_programs
from pgops.scratch import fresh_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pgops.scratch import ScratchDatabase, ScratchServer


@contextmanager
def restored(path: Path, server: ScratchServer) -> Iterator[ScratchDatabase]:
    program = max(find_programs(PG_RESTORE), key=lambda each: each.major)
    with fresh_database(server) as database:
        argv = [program.path, "--exit-on-error", "--no-owner", f"--dbname={database.conninfo()}", path]
        subprocess.run(argv, check=True, capture_output=True)
        yield database
