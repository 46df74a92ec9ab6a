"""ADD COLUMN IF NOT EXISTS locks the table even when the column is there and nothing changes.

ACCESS EXCLUSIVE is asked for before anybody looks whether the column exists: a migration that is carried out a second
time for safety stops all reads and writes once more, and waits behind every long query with everything else waiting
behind it. A ledger of what has been applied, or a look at pg_attribute beforehand, costs nothing (manual, ALTER TABLE;
measured on 14 to 18). And the column that exists may be of another type: nobody compares.

With a catalogue it is only said where the column is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted, column_sql
from pgops.sql.statements import AddColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
BAD = "ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;"
GOOD = "ALTER TABLE orders ADD COLUMN remark text;"


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, AddColumn):
        table = how.alter.table
        if not action.if_not_exists:
            continue
        live = step.known.column(table, action.column.name)
        name = column_sql(table, action.column.name)
        if live is not None:
            yield Hit(
                message=f"{name} is there already, as {live.type}: nothing changes, and {table} is locked all the "
                "same.",
                touch=how.touch,
            )
        elif step.known.facts is None:
            yield Hit(
                message=f"{table} is locked even if {name} is there already and nothing changes: look first.",
                touch=how.touch,
            )


RULE = Rule(
    id="add-column-if-not-exists",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    statements=(AddColumn,),
)
