"""Without lock_timeout a statement waits for its lock as long as it takes, and everybody else waits behind it.

A lock that is asked for and not yet had stands in the queue, and later requests that conflict with it queue up behind:
an ALTER TABLE that waits for one long SELECT blocks every plain SELECT that comes after it, though nothing holds a
strong lock yet. A short lock_timeout gives up (55P03) and lets the others through; then the whole transaction is tried
again, after a while (manual, section 20.11 "lock_timeout", section 13.3.1 "Table-Level Locks").

Small tables are no exception, since what is waited for is a reader, not the work. A false alarm where whoever carries
the SQL out sets the timeout itself, as `apply` of pgops does; in its workspaces this is not looked for. A script gets
one finding, at its first such statement. CONCURRENTLY is left out: a short timeout leaves an invalid index behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.locks import LockMode
from pgops.migrations.lint.api import Hit, Kind, Once, Rule, exists_already
from pgops.sql.statements import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = "ALTER TABLE orders ADD COLUMN note text;"
GOOD = """
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;
"""


def look(step: Step) -> Iterator[Hit]:
    if step.effect.waits_for_snapshots or is_set(step, "lock_timeout"):
        return
    statement = step.statement
    if isinstance(statement.meaning, Lock) and statement.meaning.nowait:
        return
    for touch in step.effect.touches:
        if touch.lock >= LockMode.SHARE and exists_already(step, touch.relation):
            limit = "SET LOCAL lock_timeout = '2s';\n{};" if step.in_transaction else _AROUND
            yield Hit(
                message=f"While this waits for {touch.lock} on {touch.relation}, whoever comes later waits behind it; "
                "no lock_timeout ends that.",
                fix=limit.format(statement.text),
                touch=touch,
            )
            return


_AROUND = "SET lock_timeout = '2s';\nCOMMIT;\n{};\nRESET lock_timeout;"


def is_set(step: Step, *names: str) -> bool:
    """Whether one of the timeouts has been set before; 0 turns it off."""
    given = (step.settings.get(f"{scope}{name}") for name in names for scope in ("local ", ""))
    return any(value not in (None, "0") for value in given)


RULE = Rule(
    id="missing-lock-timeout",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    sets_own_limits=True,
    covers_small=True,
    once=Once.SCRIPT,
    aliases=("require-timeout-settings", "require-lock-timeout", "E9"),
)
