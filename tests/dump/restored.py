"""A dump restored: into a fresh database by pg_restore itself, or as we do it."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pgops.dump.restoring.proposing import propose_restore
from pgops.programs import PG_RESTORE, find_programs
from pgops.scratch import fresh_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from pgops.approval import Record
    from pgops.scratch import ScratchDatabase, ScratchServer


@contextmanager
def restored(path: Path, server: ScratchServer) -> Iterator[ScratchDatabase]:
    program = max(find_programs(PG_RESTORE), key=lambda each: each.major)
    with fresh_database(server) as database:
        argv = [program.path, "--exit-on-error", "--no-owner", f"--dbname={database.conninfo()}", path]
        subprocess.run(argv, check=True, capture_output=True)
        yield database


def restored_by_us(conn: psycopg.Connection, path: Path, **wanted: Any) -> Record:
    """Proposed, approved and done."""
    proposal = propose_restore(conn, path, **wanted)
    return proposal.apply(conn, approval=proposal.approve(by="ann"))
