"""ALTER COLUMN TYPE writes the whole table anew, but for a few changes that are free.

int to bigint, a shorter varchar, another scale of a numeric, USING with a real expression: the table and its indexes
are written anew under ACCESS EXCLUSIVE, and nobody reads or writes meanwhile. Instead: a new column of the new type, a
trigger that keeps it equal, the old rows in batches, then both swapped by renaming in one short transaction.

Free, and not found where the catalogue says so: varchar longer or without a limit, varchar to text, text to varchar
without a limit, numeric with more digits at the same scale or without limits, cidr to inet, more digits of a time,
a longer varbit, timestamp to timestamptz where the session's time zone is UTC (manual, ALTER TABLE, "Notes"; measured
on 14 to 18). Without a catalogue the old type is not known, and any change may rewrite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.column_types import type_change
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted, column_sql
from pgops.sql.statements import AlterType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, amount int);"
BAD = "ALTER TABLE orders ALTER COLUMN amount TYPE bigint;"
GOOD = "ALTER TABLE orders ADD COLUMN new_amount bigint;"


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, AlterType):
        table = how.alter.table
        change = type_change(table, action, step.known, how.alter)
        if not change.rewrite:
            continue
        live = step.known.column(table, action.column)
        old = f"from {live.type} " if live is not None else ""
        certain = f"{column_sql(table, action.column)} {old}to {action.type}: every row of {table} is written anew, and"
        yield Hit(
            message=f"{certain} nobody can read or write it meanwhile. Take a new column, fill it, and swap."
            if change.certain
            else f"{certain} nobody can read or write it meanwhile, unless the change is free: varchar longer or to "
            "text, numeric with more digits at the same scale.",
            touch=how.touch,
            severity=None if change.certain else Severity.WARNING,
        )


RULE = Rule(
    id="alter-type-rewrites",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    aliases=("changing-column-type", "change_column", "E5"),
    statements=(AlterType,),
)
