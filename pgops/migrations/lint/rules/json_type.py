"""A json column has no equality, so DISTINCT, GROUP BY and UNION of its rows fail.

json keeps the text as it was sent, with its blanks and double keys, and has neither an equality operator nor index
support: a SELECT DISTINCT that was there before the column fails with 42883 as soon as it reads it. jsonb compares,
takes a GIN index and is quicker to look into (manual, section 8.14).

A false alarm where the exact text has to be kept.
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

BAD = "CREATE TABLE events (id bigint PRIMARY KEY, payload json);"
GOOD = "CREATE TABLE events (id bigint PRIMARY KEY, payload jsonb);"


def look(step: Step) -> Iterator[Hit]:
    for table, column in columns_of_type(step, "json"):
        yield Hit(
            message=f"{column_sql(table, column.name)} is json, which has no equality: DISTINCT and GROUP BY fail; "
            "jsonb has one.",
            target=table.target("column", column.name),
        )


RULE = Rule(
    id="json-type",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("add_column_json", "E3"),
    statements=(CreateTable, AddColumn, AlterType),
)
