"""A key of type int or smallint runs out of numbers, and is hard to change by then.

int ends at 2,147,483,647, smallint at 32,767, and an identity or serial counts deleted and rolled-back rows too. At the
end every INSERT fails (22003 or 2200H). By then the table is large, and the change to bigint writes it anew under
ACCESS EXCLUSIVE, with all that refers to it. bigint costs four bytes a row, often none after alignment (manual, section
8.1).

A false alarm for a table that stays small: countries, states, settings. A key that is a foreign key too follows what it
refers to, and is not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import column_sql
from pgops.migrations.lint.rules._columns import columns_made
from pgops.sql.statements import AlterTable, ConstraintKind, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Column, Constraint

BAD = "CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
GOOD = "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"

_ENDS = {
    "int4": "2,147,483,647",
    "serial": "2,147,483,647",
    "serial4": "2,147,483,647",
    "int2": "32,767",
    "smallserial": "32,767",
    "serial2": "32,767",
}


def look(step: Step) -> Iterator[Hit]:
    meaning = step.statement.meaning
    constraints = meaning.constraints if isinstance(meaning, CreateTable) else ()
    for table, column in columns_made(step):
        end = _ENDS.get(column.type.name) if column.type.schema is None and not column.type.is_array else None
        if end is not None and _is_key(column, constraints):
            yield Hit(
                message=f"The key {column_sql(table, column.name)} ends at {end}; bigint does not.",
                target=table.target("column", column.name),
            )


def _is_key(column: Column, constraints: tuple[Constraint, ...]) -> bool:
    """Whether the column alone is the primary key, and not a foreign key too."""
    own = [*column.constraints, *(each for each in constraints if each.columns == (column.name,))]
    kinds = {each.kind for each in own}
    return ConstraintKind.PRIMARY_KEY in kinds and ConstraintKind.FOREIGN_KEY not in kinds


RULE = Rule(
    id="int-key",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("prefer-bigint-over-int", "prefer-bigint-over-smallint"),
    statements=(CreateTable, AlterTable),
)
