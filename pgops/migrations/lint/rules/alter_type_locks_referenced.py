"""ALTER COLUMN TYPE of a column in a foreign key locks the table on the other side too.

ACCESS EXCLUSIVE is taken on both, so reads and writes stop on both, for an instant where the change is free and for as
long as it takes to write the table anew where it is not. Two tables that are busy are also two chances to wait, and a
deadlock with whoever takes them in the other order (measured on 14 to 18). Drop the foreign key first, and add it again
as NOT VALID afterwards; then each table has its own short lock.

A short lock where the change is free: for information. It takes a catalogue to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule, in_use
from pgops.migrations.lint.rules._actions import acted, column_sql
from pgops.sql.statements import AlterType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE customers (code varchar(10) PRIMARY KEY);
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer varchar(10) CONSTRAINT orders_customer_fkey REFERENCES customers
);
"""
BAD = "ALTER TABLE orders ALTER COLUMN customer TYPE varchar(20);"
GOOD = """
ALTER TABLE orders DROP CONSTRAINT orders_customer_fkey;
COMMIT;
ALTER TABLE orders ALTER COLUMN customer TYPE varchar(20);
COMMIT;
ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES customers NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fkey;
"""


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, AlterType):
        others = [each for each in how.effect.touches if each.role == "other side of a foreign key"]
        used = list(in_use(step, others))
        if used:
            names = ", ".join(str(each.relation) for each in used)
            length = "while the table is written anew" if how.touch.rewrite else "for a moment"
            yield Hit(
                message=f"A foreign key of {column_sql(how.alter.table, action.column)} gets {names} locked too: "
                f"nobody can read or write there {length}.",
                touch=used[0],
                severity=Severity.WARNING if how.touch.rewrite or how.touch.scan else Severity.INFO,
            )


RULE = Rule(
    id="alter-type-locks-referenced",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    needs_catalogue=True,
    statements=(AlterType,),
)
