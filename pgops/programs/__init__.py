"""PostgreSQL's client programs: which there are, which fits a server, and how one is run without showing a secret.

`client_program` is one of them, `finding` looks for all and chooses, `child_connection` is how one connects as a
connection of ours did, `running` runs it, `dependencies` says what is missing and how to install it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.programs.child_connection import ChildConnection
    from pgops.programs.client_program import PG_DUMP, PG_RESTORE, PSQL, ClientProgram
    from pgops.programs.dependencies import Dependencies, check_deps
    from pgops.programs.finding import find_program, find_programs
    from pgops.programs.running import Running, started

_HOME = {
    "PG_DUMP": "client_program",
    "PG_RESTORE": "client_program",
    "PSQL": "client_program",
    "ChildConnection": "child_connection",
    "ClientProgram": "client_program",
    "Dependencies": "dependencies",
    "Running": "running",
    "check_deps": "dependencies",
    "find_program": "finding",
    "find_programs": "finding",
    "started": "running",
}

__all__ = [  # noqa: RUF022  in the order in which they are used
    "PSQL",
    "PG_DUMP",
    "PG_RESTORE",
    "ClientProgram",
    "find_program",
    "find_programs",
    "ChildConnection",
    "Running",
    "started",
    "check_deps",
    "Dependencies",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
