"""SET NOT NULL reads the whole table while nobody may read or write it.

It takes ACCESS EXCLUSIVE and looks at every row, unless a valid CHECK (column IS NOT NULL) proves it already (since
12). Such a CHECK is added NOT VALID, validated in a transaction of its own under SHARE UPDATE EXCLUSIVE, which stops
nobody, and dropped when it has done its work. Since 18 that is ADD CONSTRAINT name NOT NULL column NOT VALID, then
VALIDATE CONSTRAINT; there is no SET NOT NULL NOT VALID (manual, ALTER TABLE, "Notes").

No harm on a table that is new or small, or on a column that is NOT NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._not_null import is_not_null, proved_first
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._touches import whole
from pgops.sql.statements import SetNotNull

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);"
BAD = "ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;"
GOOD = """
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_not_null CHECK (customer_id IS NOT NULL) NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_id_not_null;
COMMIT;
ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
ALTER TABLE orders DROP CONSTRAINT orders_customer_id_not_null;
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, SetNotNull):
        if alter.kind != "table" or step.known.is_small(alter.table) or is_not_null(step, alter.table, action.column):
            continue
        yield Hit(
            message=f"While this looks for NULL in every row of {alter.table}, nobody can read or write it.",
            fix=proved_first(step, alter, [action.column]) if len(alter.actions) == 1 else None,
            touch=whole(step, alter.table),
            target=alter.table.target("table", action.column),
        )


RULE = Rule(
    id="set-not-null-scans",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    aliases=("adding-not-nullable-field", "change_column_null", "E2"),
    statements=(SetNotNull,),
)
