"""money has no currency, and its form and fractions depend on a setting of the session.

What "$1.00" means, and whether it is read at all, is decided by lc_monetary; a dump that is restored under another one
may fail or mean something else. Fractions of a cent are rounded away (manual, section 8.2; PostgreSQL wiki, "Don't Do
This"). numeric, with the currency in a column beside it, says what it is.

A false alarm where one currency, two digits and one locale are certain for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import column_sql
from pgops.migrations.lint.rules._columns import columns_of_type
from pgops.sql.statements import AddColumn, AlterType, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

BAD = "CREATE TABLE invoices (id bigint PRIMARY KEY, total money);"
GOOD = "CREATE TABLE invoices (id bigint PRIMARY KEY, total numeric(12, 2), currency text);"


def look(step: Step) -> Iterator[Hit]:
    for table, column in columns_of_type(step, "money"):
        yield Hit(
            message=f"{column_sql(table, column.name)} is money, whose currency and form depend on lc_monetary; "
            "numeric does not.",
            target=table.target("column", column.name),
        )


RULE = Rule(
    id="money-type",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(CreateTable, AddColumn, AlterType),
)
