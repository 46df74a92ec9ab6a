"""DROP CONSTRAINT of a foreign key locks the table that it references too, against everybody.

Triggers of the key stand on both tables, and to remove them both get ACCESS EXCLUSIVE. The drop is quick; but while it
holds one table and waits for a long query on the other, both stand still, and two such statements in different order
deadlock (manual, section 13.3.1). A short lock_timeout gives up and lets the others through; then try again.

It takes a catalogue, or the ADD CONSTRAINT in the same script, to know what a constraint is. Nothing to say where SET
lock_timeout stands before it, or where `apply` of pgops sets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._timeouts import SHORT, in_force
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import DropConstraint, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
"""
BAD = "ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;"
GOOD = """
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;
"""


def look(step: Step) -> Iterator[Hit]:
    if in_force(step, "lock_timeout") is not None:
        return
    for alter, action in actions(step, DropConstraint):
        other = _referenced(step, alter.table, action.name)
        if other is None or same(other, alter.table) or step.known.is_new(other) or step.known.is_new(alter.table):
            continue
        yield Hit(
            message=f"This is a foreign key: {other} is locked against reads and writes too.",
            fix=SHORT.format(ended(step.statement.text)),
            touch=next((each for each in step.effect.touches if same(each.relation, other)), None),
        )


def _referenced(step: Step, table: Name, constraint: str) -> Name | None:
    live = step.known.table(table)
    found = live.constraints.get(constraint) if live is not None else None
    if found is not None:
        return found.references
    return next((each.references for each in step.known.added_to(table) if each.name == constraint), None)


RULE = Rule(
    id="drop-foreign-key-locks-both",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    needs_catalogue=True,
    sets_own_limits=True,
    covers_small=True,
    statements=(DropConstraint,),
)
