"""A VIRTUAL generated column is added in an instant, but with NOT NULL every row is read.

A VIRTUAL column (since 18) stores nothing, so ADD COLUMN changes the catalogue only. NOT NULL has to be proved for the
rows that are there: the whole table is read under ACCESS EXCLUSIVE, and nobody reads or writes meanwhile. Declared NOT
VALID it holds for new rows at once, and VALIDATE CONSTRAINT reads under SHARE UPDATE EXCLUSIVE (manual, ALTER TABLE,
"Notes"; CREATE TABLE, GENERATED).

A false alarm where nobody uses the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import added_columns, column_sql
from pgops.migrations.lint.rules._naming import free_name
from pgops.migrations.lint.rules._wording import altering
from pgops.sql.rewriting import apart
from pgops.sql.statements import AddColumn, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.migrations.lint.rules._actions import Acted
    from pgops.sql.statements import Column

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, net numeric NOT NULL);"
BAD = "ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) VIRTUAL NOT NULL;"
GOOD = """
ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (net * 1.19) VIRTUAL;
ALTER TABLE orders ADD CONSTRAINT orders_gross_not_null NOT NULL gross NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_gross_not_null;
"""


def look(step: Step) -> Iterator[Hit]:
    for how, column in added_columns(step):
        if column.generated == "virtual" and column.not_null:
            name = column_sql(how.alter.table, column.name)
            yield Hit(
                message=f"To prove {name} NOT NULL all of {how.alter.table} is read while nobody may read or write it.",
                fix=_fix(step, how, column),
                touch=how.touch,
            )


def _fix(step: Step, how: Acted, column: Column) -> str | None:
    if column.constraints or how.is_conditional:
        return None
    name = free_name(step.known, how.alter.table, (column.name,), "not_null")
    parts = apart(step.statement.text, column.name, [name], not_null_too=True)
    if parts is None:
        return None
    validate = f"{altering(how.alter)} VALIDATE CONSTRAINT {Name(name)};"
    return f"{parts.column};\n{parts.constraints[0]};\nCOMMIT;\n{validate}"


RULE = Rule(
    id="add-column-virtual-not-null",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    severity=Severity.CRITICAL,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    since=18,
    statements=(AddColumn,),
)
