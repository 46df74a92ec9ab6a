"""One look at everything that keeps pgops from working well here: `pgops.examine()`.

`examination` is what comes out: signs, each with its state and its cure. `machine` looks at Python, libpq, extras and
client programs, `project` at postgres.toml, plugins and migrations, `database` at the connection and the server,
`skips` foresees which checks will be SKIPPED and what would enable them; `examining` does it all in order, and
`examination_document` writes it for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.doctor.examination import Examination, Sign, State
    from pgops.doctor.examining import examine
    from pgops.doctor.skips import ForeseenSkips, foresee_skips

_HOME = {
    "Examination": "examination",
    "ForeseenSkips": "skips",
    "Sign": "examination",
    "State": "examination",
    "examine": "examining",
    "foresee_skips": "skips",
}

__all__ = ["Examination", "ForeseenSkips", "Sign", "State", "examine", "foresee_skips"]

__getattr__, __dir__ = face(__name__, globals(), _HOME)
