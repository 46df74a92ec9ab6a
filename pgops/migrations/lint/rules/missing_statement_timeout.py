"""Without statement_timeout a scan or rewrite under a lock that blocks lasts as long as it likes.

A table that is read or written whole may be larger on the production server than anybody thought. While it takes, the
lock is held and programs wait. A statement_timeout ends it (57014) before users notice, and a way that blocks nobody
can be looked for (manual, section 20.11 "statement_timeout").

A false alarm where whoever carries the SQL out sets the timeout itself, as `apply` of pgops does; in its workspaces
this is not looked for. A script gets one finding, at its first such statement. CONCURRENTLY is left out: it blocks
nobody, and a timeout leaves an invalid index behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Once, Rule
from pgops.migrations.lint.rules._locks import blocking
from pgops.migrations.lint.rules.missing_lock_timeout import is_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, amount integer);"
BAD = "ALTER TABLE orders ALTER COLUMN amount TYPE bigint;"
GOOD = """
SET LOCAL statement_timeout = '10s';
ALTER TABLE orders ALTER COLUMN amount TYPE bigint;
"""


def look(step: Step) -> Iterator[Hit]:
    if step.effect.waits_for_snapshots or not step.effect.is_long or is_set(step, *_LIMITS):
        return
    for touch in blocking(step):
        if touch.scan or touch.rewrite:
            work = "written anew" if touch.rewrite else "read whole"
            limit = "SET LOCAL statement_timeout = '10s';\n{};" if step.in_transaction else _AROUND
            yield Hit(
                message=f"{touch.relation} is {work} under {touch.lock}, and no statement_timeout ends that.",
                fix=limit.format(step.statement.text),
                touch=touch,
            )
            return


_LIMITS = ("statement_timeout", "transaction_timeout")
_AROUND = "SET statement_timeout = '10s';\nCOMMIT;\n{};\nRESET statement_timeout;"

RULE = Rule(
    id="missing-statement-timeout",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    sets_own_limits=True,
    once=Once.SCRIPT,
    aliases=("require-statement-timeout",),
)
