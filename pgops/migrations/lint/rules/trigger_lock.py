"""A trigger is made, switched on or off under a lock that stops writes, and dropped under one that stops reads.

CREATE TRIGGER, ENABLE and DISABLE TRIGGER take SHARE ROW EXCLUSIVE on the table, DROP TRIGGER takes ACCESS EXCLUSIVE
(manual, section 13.3.1). Each is quick once it has the lock; but it waits for long transactions on the table, and
others wait behind it. A short lock_timeout gives up and lets them through; then try again.

Nothing to say where the table is new or small, where SET lock_timeout stands before it, or where `apply` of pgops sets
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.lint.api import Hit, Kind, Rule, in_use
from pgops.migrations.lint.rules._timeouts import SHORT, in_force
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import AlterTable, CreateTrigger, Drop, OtherAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER orders_noted BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION noted();
"""
BAD = "DROP TRIGGER orders_noted ON orders;"
GOOD = """
SET LOCAL lock_timeout = '2s';
DROP TRIGGER orders_noted ON orders;
"""


def look(step: Step) -> Iterator[Hit]:
    if not _is_about_triggers(step) or in_force(step, "lock_timeout") is not None:
        return
    touch = max(in_use(step), key=lambda each: each.lock, default=None)
    if touch is None:
        return
    stops_reads = touch.lock is LockMode.ACCESS_EXCLUSIVE
    yield Hit(
        message=f"{touch.lock} on {touch.relation}: {touch.lock.blocks} wait from the moment this asks for it.",
        fix=SHORT.format(ended(step.statement.text)),
        touch=touch,
        severity=Severity.WARNING if stops_reads else Severity.INFO,
    )


def _is_about_triggers(step: Step) -> bool:
    match step.statement.meaning:
        case CreateTrigger() | Drop(kind="trigger"):
            return True
        case AlterTable(actions=actions):
            return all(isinstance(each, OtherAction) and "Trig" in each.action for each in actions)
        case _:
            return False


RULE = Rule(
    id="trigger-lock",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    sets_own_limits=True,
    statements=(CreateTrigger, Drop, OtherAction),
)
