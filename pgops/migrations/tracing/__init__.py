"""What a migration really does: each statement carried out on a throwaway database, and the locks read while it holds
them.

    from pgops.migrations.tracing import trace
    from pgops.scratch import embedded_binaries, start_server

    with start_server(embedded_binaries()) as server:
        print(trace("ALTER TABLE orders ADD CHECK (total > 0)", server, clone_of=conn).to_text())

`place` makes or accepts the database and refuses what may be somebody's, `clone` copies a schema into it, `units` cuts
scripts into transactions, `transaction` carries out one of them and `alone` what allows none, `standing` reads what was
there and which locks are held, `comparison` holds what was seen against what lint says, `traced` is the result and
`tracer` the whole story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.lazy import face

if TYPE_CHECKING:
    from pgops.migrations.tracing.traced import Difference, Observed, Trace, TracedStatement
    from pgops.migrations.tracing.tracer import trace

_HOME = {
    "trace": "tracer",
    "Trace": "traced",
    "TracedStatement": "traced",
    "Observed": "traced",
    "Difference": "traced",
}

__all__ = ["trace", "Trace", "TracedStatement", "Observed", "Difference"]  # noqa: RUF022  in the order of their use

__getattr__, __dir__ = face(__name__, globals(), _HOME)
