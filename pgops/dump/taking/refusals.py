"""What is found out before pg_dump is run, and would spoil the dump: a transaction pooler, a compression it lacks."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

from pgops.db.callers_connection import as_found
from pgops.db.working_session import another, is_pooled, refuse_transaction_pooler
from pgops.errors import NoClientProgramError

if TYPE_CHECKING:
    import psycopg

    from pgops.programs import ClientProgram


def refuse_pooler(conn: psycopg.Connection[Any]) -> None:
    """Raise `PoolerError` where a transaction pooler stands between.

    What pg_dump sets at its beginning would land on sessions of others: they no longer find a table without its schema,
    and the dump is written with their float digits and intervals.
    """
    with as_found(conn):
        if not is_pooled(conn):
            return
    with (
        closing(another(conn, application="pgops dump")) as one,
        closing(another(conn, application="pgops dump")) as other,
    ):
        refuse_transaction_pooler(one, other)


def refuse_compression(program: ClientProgram, compression: str | None) -> None:
    """Raise `NoClientProgramError` where this pg_dump was built without it: it says so before it connects."""
    method = (compression or "none").partition(":")[0]
    if method not in {"zstd", "lz4"}:
        return
    argv = [str(program.path), "--format=custom", f"--compress={compression}", "--dbname=host=/nonexistent/pgops"]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=20, env={"LC_ALL": "C"})  # noqa: S603  that was found
    said = done.stderr.decode(errors="replace")
    if "does not support compression" in said or ("compression" in said and "error" in said):
        words = said.strip().partition("error: ")[2].partition("\n")[0] or said.strip()
        raise NoClientProgramError(
            f"{program} can't compress that way: {words}.", cure="Take gzip, or another pg_dump (bin_path)."
        )
