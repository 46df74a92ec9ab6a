"""A change of type that is free still reads the table where a CHECK or an index has to follow it.

varchar(20) to varchar(40) or text changes the catalogue only. But a CHECK that names the column is asked again of every
row, and an index is built anew if the column stands in its expression or predicate, if the collation changes, or if a
timestamp becomes a timestamptz: all under ACCESS EXCLUSIVE, while nobody reads or writes (measured on 14 to 18; manual,
ALTER TABLE, "Notes"). Drop the CHECK or index first, and make it again afterwards: NOT VALID, or CONCURRENTLY.

A false alarm where nobody uses the table. It takes a catalogue to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.column_types import indexes_built_anew, type_change
from pgops.migrations.effects.column_uses import has_checks
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted, column_sql
from pgops.sql.statements import AlterType, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, state varchar(10) CONSTRAINT orders_state CHECK (state <> ''));"
BAD = "ALTER TABLE orders ALTER COLUMN state TYPE varchar(20);"
GOOD = """
ALTER TABLE orders DROP CONSTRAINT orders_state;
ALTER TABLE orders ALTER COLUMN state TYPE varchar(20);
ALTER TABLE orders ADD CONSTRAINT orders_state CHECK (state <> '') NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_state;
"""


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, AlterType):
        table = how.alter.table
        change = type_change(table, action, step.known, how.alter)
        live = step.known.column(table, action.column)
        if change.scan and not change.rewrite and live is not None:
            indexes = indexes_built_anew(step.known, table, live, action, how.alter)
            whats = ["its CHECK"] if has_checks(step.known, table, action.column, how.alter) else []
            whats += [f"the index {Name(each)}" for each in indexes]
            yield Hit(
                message=f"The new type of {column_sql(table, action.column)} is free, but {' and '.join(whats)} "
                f"{'have' if len(whats) > 1 else 'has'} to be done anew: all of {table} is read while nobody may read "
                "or write it.",
                touch=how.touch,
            )


RULE = Rule(
    id="alter-type-scans",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    severity=Severity.CRITICAL,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    needs_catalogue=True,
    statements=(AlterType,),
)
