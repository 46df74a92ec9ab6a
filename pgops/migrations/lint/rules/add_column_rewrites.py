"""ADD COLUMN writes the whole table anew where each row gets a value of its own.

A volatile default (random(), gen_random_uuid(), clock_timestamp()), serial, identity and a STORED generated column have
to be computed row by row: under ACCESS EXCLUSIVE the table and all its indexes are written anew, and nobody reads or
writes meanwhile. A constant or stable default does not rewrite: `DEFAULT now()` is computed once and kept in the
catalogue (since 11; manual, ALTER TABLE, "Notes"). Instead: add the column, then set its default for new rows, then
fill the old rows in batches.

A false alarm where nobody uses the table. Without a catalogue a function of your own is not known to be volatile; if
it is stable or immutable there is no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import added_columns, column_sql
from pgops.sql.statements import AddColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Column

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
BAD = "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();"
GOOD = """
ALTER TABLE orders ADD COLUMN seen timestamptz DEFAULT now(), ADD COLUMN token uuid;
ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();
"""


def look(step: Step) -> Iterator[Hit]:
    for how, column in added_columns(step):
        volatile = step.known.is_volatile(column.default) if column.generated is None else False
        why = _certain(column) or ("a volatile default" if volatile else None)
        name = column_sql(how.alter.table, column.name)
        if why is not None:
            yield Hit(
                message=f"{name} gets {why}: every row of {how.alter.table} is written anew, and nobody can read or "
                f"write it meanwhile. {_instead(column)}",
                touch=how.touch,
            )
        elif volatile is None:
            called = ", ".join(f"{each}()" for each in column.default.functions) if column.default is not None else ""
            yield Hit(
                message=f"It is not known whether {called} is volatile; if it is, this writes every row of "
                f"{how.alter.table} anew, and nobody can read or write it meanwhile.",
                touch=how.touch,
                severity=Severity.WARNING,
            )


def _certain(column: Column) -> str | None:
    if column.is_serial:
        return f"a number for each row ({column.type.name})"
    if column.identity:
        return "a number for each row (identity)"
    return "a stored value for each row (GENERATED ... STORED)" if column.generated == "stored" else None


def _instead(column: Column) -> str:
    if column.generated is not None:
        return "Add a plain column, fill it by a trigger and in batches."
    return "Add the column first, then its default, then fill it in batches."


RULE = Rule(
    id="add-column-rewrites",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    aliases=(
        "adding-field-with-default",
        "add_column_default_callable",
        "add_column_auto_incrementing",
        "add_column_generated_stored",
        "E11",
    ),
    statements=(AddColumn,),
)
