"""An amount of money in a floating-point column is not what was paid.

float8 keeps 0.1 as 0.1000000000000000055, so sums of amounts differ in the last digit from what the books say, and
equal amounts may not be equal. numeric is exact (manual, section 8.1.3).

Found by the column's name: amount, price, total, balance, fee. A false alarm where such a column holds a measurement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import AddColumn, AlterTable, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

BAD = "CREATE TABLE invoice (id bigint PRIMARY KEY, amount double precision);"
GOOD = "CREATE TABLE invoice (id bigint PRIMARY KEY, amount numeric(12, 2));"

_MONEY = re.compile(r"(^|_)(amount|price|total|balance|fee)(_|$)")


def look(step: Step) -> Iterator[Hit]:
    match step.statement.meaning:
        case CreateTable() as table:
            columns = list(table.columns)
        case AlterTable() as table:
            columns = [action.column for action in table.actions if isinstance(action, AddColumn)]
        case _:
            return
    for column in columns:
        if column.type.name in {"float4", "float8"} and _MONEY.search(column.name):
            yield Hit(
                message=f"{column.name} of {table.table} is money, and a float is not exact: make it numeric.",
                target=table.table.target("table", column.name),
            )


RULE = Rule(
    id="house-float-amount",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(CreateTable, AlterTable),
)
