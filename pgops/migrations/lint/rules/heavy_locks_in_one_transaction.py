"""Locks on several tables in one transaction are all held until the last statement is done.

Every lock is kept till COMMIT. Two tables locked one after the other are blocked for the sum of the time, the first
also while the second is waited for, and a program that uses them in the other order deadlocks with the migration
(40P01; manual, section 13.3.4). With a COMMIT in between each is blocked for its own time only, and a lock that can't
be had costs no other.

A false alarm where both have to change at one moment, as with tables that are swapped. One finding a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Once, Rule
from pgops.migrations.lint.rules._locks import blocking, held_before

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY); CREATE TABLE customers (id bigint PRIMARY KEY);"
BAD = """
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE customers ADD COLUMN note text;
"""
GOOD = """
ALTER TABLE orders ADD COLUMN note text;
COMMIT;
ALTER TABLE customers ADD COLUMN note text;
"""


def look(step: Step) -> Iterator[Hit]:
    taken = list(blocking(step))
    if not taken:
        return
    held = held_before(step)
    more = [each for each in taken if all(each.relation != old.relation for old in held)]
    if held and more:
        names = ", ".join(str(each.relation) for each in held)
        yield Hit(
            message=f"{names} and now {more[0].relation} stay blocked together until the transaction ends; "
            "change them in transactions of their own.",
            touch=more[0],
        )


RULE = Rule(
    id="heavy-locks-in-one-transaction",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    once=Once.TRANSACTION,
)
