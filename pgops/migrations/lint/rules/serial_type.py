"""serial is a default and a sequence with rights of its own; identity belongs to the column.

Whoever may INSERT also needs USAGE on the sequence, CREATE TABLE LIKE shares it between two tables, and anyone can
overwrite the number by accident. GENERATED ALWAYS AS IDENTITY is the standard's way since 10: no grant of its own, no
default to lose, and a number that was written by hand is refused (manual, section 8.1.4 and CREATE TABLE).

For information, and a matter of taste where all of that is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import column_sql
from pgops.migrations.lint.rules._columns import columns_made
from pgops.sql.statements import AddColumn, AlterType, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

BAD = "CREATE TABLE orders (id bigserial PRIMARY KEY);"
GOOD = "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"


def look(step: Step) -> Iterator[Hit]:
    for table, column in columns_made(step):
        if column.is_serial:
            yield Hit(
                message=f"{column_sql(table, column.name)} is a {column.type.name}: GENERATED ALWAYS AS IDENTITY needs "
                "no grant of its own and can't be overwritten by accident.",
                target=table.target("column", column.name),
            )


RULE = Rule(
    id="serial-type",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    covers_small=True,
    aliases=("prefer-identity",),
    statements=(CreateTable, AddColumn, AlterType),
)
