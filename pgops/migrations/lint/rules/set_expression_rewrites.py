"""SET EXPRESSION of a STORED generated column writes the whole table anew.

Every row gets its new value at once, under ACCESS EXCLUSIVE: the table and its indexes are written anew, and nobody
reads or writes meanwhile. Of a VIRTUAL column (18) only the catalogue changes (manual, ALTER TABLE, SET EXPRESSION,
since 17). Instead: a new column beside the old one, filled by a trigger and in batches, and then renamed.

Without a catalogue it is not known whether the column is VIRTUAL; before 18 it can't be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted, column_sql
from pgops.sql.statements import SetExpression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY, net numeric, gross numeric GENERATED ALWAYS AS (net * 1.16) STORED);
"""
BAD = "ALTER TABLE orders ALTER COLUMN gross SET EXPRESSION AS (net * 1.19);"
GOOD = "ALTER TABLE orders ADD COLUMN new_gross numeric;"


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, SetExpression):
        table = how.alter.table
        if not how.touch.rewrite:
            continue
        may_be_virtual = step.known.server >= 18 and step.known.column(table, action.column) is None
        unless = ", unless the column is VIRTUAL" if may_be_virtual else ""
        yield Hit(
            message=f"Every row of {table} is written anew for {column_sql(table, action.column)}, and nobody can read "
            f"or write it meanwhile{unless}.",
            touch=how.touch,
            severity=Severity.WARNING if may_be_virtual else None,
        )


RULE = Rule(
    id="set-expression-rewrites",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    since=17,
    aliases=("ban-alter-generated-expression",),
    statements=(SetExpression,),
)
