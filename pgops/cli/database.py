"""Connecting for a command: to just what was announced, with a word about every fallback.

The one place where commands connect. DB_AUTO_UPDATE_SSLMODE=1 approves, here and nowhere else, that a profile keeps the
encryption that its server was found to demand.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from pgops.cli.printing import complain, say
from pgops.errors import PgopsError

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow
    from psycopg_pool import ConnectionPool

    from pgops.config.resolution import Resolution
    from pgops.db.fallback import Fallback

logger = logging.getLogger("pgops.cli")

AUTO_UPDATE = "DB_AUTO_UPDATE_SSLMODE"


def connected(resolution: Resolution, **wanted: Any) -> psycopg.Connection[TupleRow]:
    """A connection; `wanted` as `pgops.connect` takes it."""
    from pgops.db.connecting import connect

    _note_client_programs(resolution)
    return connect(resolution, on_fallback=tell, **wanted)


def pooled(
    resolution: Resolution, *, max_size: int, name: str, **wanted: Any
) -> ConnectionPool[psycopg.Connection[TupleRow]]:
    """A pool; `wanted` as `pgops.open_pool` takes it."""
    from pgops.db.pooling import open_pool

    _note_client_programs(resolution)
    return open_pool(resolution, on_fallback=tell, max_size=max_size, name=name, **wanted)


def _note_client_programs(resolution: Resolution) -> None:
    """Where the config does not say where psql is, write down where it was found: the one write nobody approves."""
    from pgops.config.editing import record_pg_bin_path

    if resolution.config is None:
        return
    try:
        record = record_pg_bin_path(config=resolution.config)
    except (PgopsError, OSError) as error:  # a file that can't be written now will be asked for again
        logger.info("pg_bin_path was not written: %s", error)
    else:
        if record is not None:
            say(f"{record.title}.")


def tell(fallback: Fallback) -> None:
    """Say that TLS was needed, and save it where that was agreed to. Saving that fails does not end the command."""
    what = "the server demands encryption, so it was connected with TLS."
    if fallback.profile is None:
        complain(f"warning: {what}", f"Say sslmode={fallback.to_sslmode} in the URL to spare the refused attempt.")
    elif os.environ.get(AUTO_UPDATE, "").strip() != "1":
        cure = f"Say sslmode = true in profile {fallback.profile!r} to spare the refused attempt; {AUTO_UPDATE}=1 does."
        complain(f"warning: {what}", cure)
    else:
        say(f"{what[0].upper()}{what[1:]}")
        _save(fallback)


def _save(fallback: Fallback) -> None:
    try:
        proposal = fallback.proposal()
        say(f"{proposal.title}, as {AUTO_UPDATE}=1 approves:")
        for line in proposal.statements:
            say(f"  {line}")
        proposal.apply(approval=proposal.approve(by=f"{AUTO_UPDATE}=1"))
    except PgopsError as error:
        complain(f"warning: it could not be saved: {str(error).removesuffix(error.cure).rstrip()}", error.cure)
    except OSError as error:
        complain(f"warning: it could not be saved: {error.strerror}.")
