"""Throwaway PostgreSQL servers and databases: made in a second or two, removed with everything they wrote.

Demos, tests, and every trial that must not touch a database of yours run on one: does this migration apply, does this
dump restore, is the answer of that check right on version 14?

    from pgops.scratch import embedded_binaries, fresh_database, start_server

    with start_server(embedded_binaries()) as server, fresh_database(server) as database:
        with database.connect() as conn:
            conn.execute("SELECT version()")

`binaries` finds the server programs, `account` chooses who runs them, `programs` runs them, `postmaster` keeps one
server running and ends it, `server` is the whole story, `database` makes databases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.scratch.binaries import Binaries, embedded_binaries, find_binaries
    from pgops.scratch.database import ScratchDatabase, fresh_database
    from pgops.scratch.server import ScratchServer, restart_server, start_server, stop_server

_HOME = {
    "Binaries": "binaries",
    "embedded_binaries": "binaries",
    "find_binaries": "binaries",
    "ScratchDatabase": "database",
    "fresh_database": "database",
    "ScratchServer": "server",
    "restart_server": "server",
    "start_server": "server",
    "stop_server": "server",
}

__all__ = [  # noqa: RUF022  in the order in which they are used
    "find_binaries",
    "embedded_binaries",
    "Binaries",
    "start_server",
    "stop_server",
    "restart_server",
    "ScratchServer",
    "fresh_database",
    "ScratchDatabase",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
