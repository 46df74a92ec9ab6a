"""SQL that is run on purpose: read-only scripts, proposals for everything else, and psql itself.

`sources` reads the text, `reading` says what only reads, `running` runs that; `kinds` says what anything else is,
`proposing` and `applying` carry it out with consent, `saving` hands what was done to the migrations; `terminal` is
psql. `sessions`, `asking` and `failures` are shared: a session of our own, one statement, and how it fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.scripting.proposing import SqlProposal, propose_sql
    from pgops.scripting.results import ResultColumn, SqlRun, StatementResult
    from pgops.scripting.running import run_sql
    from pgops.scripting.saving import save_to
    from pgops.scripting.terminal import psql

_HOME = {
    "ResultColumn": "results",
    "SqlProposal": "proposing",
    "SqlRun": "results",
    "StatementResult": "results",
    "propose_sql": "proposing",
    "psql": "terminal",
    "run_sql": "running",
    "save_to": "saving",
}

__all__ = [  # noqa: RUF022  in the order in which they are used
    "run_sql",
    "SqlRun",
    "StatementResult",
    "ResultColumn",
    "propose_sql",
    "SqlProposal",
    "save_to",
    "psql",
]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
