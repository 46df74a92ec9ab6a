"""ADD COLUMN NOT NULL without a default fails as soon as the table has a row.

The rows that are there would have NULL, which the column forbids: 23502. It passes on an empty test database and fails
in production. Give it a default that means something; or add it without NOT NULL, fill it, and then demand NOT NULL.
PRIMARY KEY demands it too (manual, section 5.7.1; ALTER TABLE, ADD COLUMN).

A false alarm where the table is empty on every database, or where the type is a domain with a default of its own.
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

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY); INSERT INTO orders VALUES (1);"
BAD = "ALTER TABLE orders ADD COLUMN state text NOT NULL;"
GOOD = "ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new';"


def look(step: Step) -> Iterator[Hit]:
    for how, column in added_columns(step):
        table = how.alter.table
        facts = step.known.table(table)
        is_empty = facts is not None and facts.rows == 0
        if column.not_null and not _has_value(column) and not step.known.is_new(table) and not is_empty:
            yield Hit(
                message=f"{column_sql(table, column.name)} may not be NULL and has no default: PostgreSQL refuses it "
                f"(23502) if {table} has a single row.",
                touch=how.touch,
            )


def _has_value(column: Column) -> bool:
    has_default = column.default is not None and not column.default.is_null
    return has_default or column.identity or column.is_serial or column.generated is not None


RULE = Rule(
    id="add-column-not-null-without-default",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    fails_on=(14, 15, 16, 17, 18),
    covers_small=True,
    aliases=("adding-required-field",),
    statements=(AddColumn,),
)
