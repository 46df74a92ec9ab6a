"""DROP COLUMN breaks every program that still names the column, and its values are gone.

Old and new versions of a program run side by side while they are rolled out; the old one still reads and writes the
column (42703), and so may a library that has remembered the table's columns. Stop using it first, let that version run
everywhere, and drop it in a later release. The drop itself is quick, under ACCESS EXCLUSIVE: it only hides the column
(manual, ALTER TABLE, "Notes"), but no statement brings the values back.

A false alarm where no program names the column any more: say so in an ignore comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.migrations.lint.rules._actions import acted, column_sql
from pgops.sql.statements import DropColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, note text NOT NULL);"
BAD = "ALTER TABLE orders DROP COLUMN note;"
GOOD = "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;"


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, DropColumn):
        table = how.alter.table
        facts = step.known.table(table)
        is_absent = action.if_exists and facts is not None and action.column not in facts.columns
        if exists_already(step, table) and not is_absent:
            yield Hit(
                message=f"Programs that still name {column_sql(table, action.column)} fail, and its values are lost.",
                touch=how.touch,
                target=table.target("column", action.column),
            )


RULE = Rule(
    id="drop-column-breaks",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("ban-drop-column", "remove_column"),
    statements=(DropColumn,),
)
