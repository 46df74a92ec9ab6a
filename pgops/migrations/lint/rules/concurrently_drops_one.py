"""DROP INDEX CONCURRENTLY takes one index, and no CASCADE.

Several at once are refused with error 0A000, and so is CASCADE, which a foreign key on a unique index would need
(manual, DROP INDEX, "CONCURRENTLY"). Drop one after the other; each is a transaction of its own anyway.

There is no false alarm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import Drop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY, day date, amount numeric);
CREATE INDEX orders_day ON orders (day);
CREATE INDEX orders_amount ON orders (amount);
"""
BAD = "DROP INDEX CONCURRENTLY orders_day, orders_amount;"
GOOD = """
DROP INDEX CONCURRENTLY orders_day;
DROP INDEX CONCURRENTLY orders_amount;
"""


def look(step: Step) -> Iterator[Hit]:
    drop = step.statement.meaning
    if not isinstance(drop, Drop) or not drop.concurrently:
        return
    exists = "IF EXISTS " if drop.if_exists else ""
    fix = "\n".join(f"DROP INDEX CONCURRENTLY {exists}{each};" for each in drop.names)
    if len(drop.names) > 1:
        yield Hit(message="PostgreSQL drops one index at a time CONCURRENTLY, and refuses several (0A000).", fix=fix)
    elif drop.cascade:
        yield Hit(message="PostgreSQL refuses DROP INDEX CONCURRENTLY with CASCADE (0A000).", fix=fix)


RULE = Rule(
    id="concurrently-drops-one",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    fails_on=(14, 15, 16, 17, 18),
    covers_small=True,
    statements=(Drop,),
)
