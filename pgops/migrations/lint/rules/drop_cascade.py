"""DROP ... CASCADE drops what depends on it too, and does not ask.

Views, foreign keys, functions, policies, columns of the dropped type: whatever depends goes along, with a NOTICE that
nobody reads. Views are then missing, and without its foreign key a table takes rows that refer to nothing. Without
CASCADE PostgreSQL refuses (2BP01) and names what is in the way, which can then be dropped or changed by name (manual,
section 5.15 "Dependency Tracking").

A false alarm where the list is known and meant. Nothing is said of what the script itself has made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint CONSTRAINT orders_customer REFERENCES customers);
"""
BAD = "DROP TABLE customers CASCADE;"
GOOD = """
ALTER TABLE orders DROP CONSTRAINT orders_customer;
COMMIT;
DROP TABLE customers;
"""


def look(step: Step) -> Iterator[Hit]:
    match step.statement.meaning:
        case s.Drop(cascade=True) as drop:
            names = [name for name in drop.names if drop.tables or exists_already(step, name)]
            dependants = [each for name in names for each in _dependants(step, name)]
            if names:
                yield Hit(message=_message(", ".join(map(str, names)), dependants))
        case s.AlterTable() as alter if exists_already(step, alter.table):
            for action in alter.actions:
                if isinstance(action, s.DropColumn) and action.cascade:
                    column = step.known.column(alter.table, action.column)
                    dependants = list(column.pinned_by) if column is not None else []
                    yield Hit(message=_message(f"the column {s.Name(action.column)}", dependants))
                elif isinstance(action, s.DropConstraint) and action.cascade:
                    yield Hit(message=_message(f"the constraint {s.Name(action.name)}", []))


def _dependants(step: Step, name: s.Name) -> list[str]:
    table = step.known.table(name)
    if table is None:
        return []
    pinned = [each for column in table.columns.values() for each in column.pinned_by]
    return [*pinned, *(f"a foreign key of {each}" for each in table.referenced_by if each != table.name)]


def _message(what: str, dependants: list[str]) -> str:
    named = list(dict.fromkeys(dependants))
    if named:
        return f"Whatever depends on {what} is dropped along with it: {', '.join(named)}, and what depends on these."
    return f"Whatever depends on {what} is dropped along with it, unseen."


RULE = Rule(
    id="drop-cascade",
    doc=__doc__,
    look=look,
    kind=Kind.LOSES,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(s.Drop, s.DropColumn, s.DropConstraint),
)
