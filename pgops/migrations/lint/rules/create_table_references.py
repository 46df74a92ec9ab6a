"""A new table with REFERENCES blocks writes to the table that it references.

The new table is nobody's yet, but the key's triggers go on the referenced one too, which gets SHARE ROW EXCLUSIVE until
the transaction ends: an instant, unless it waits for a long one that writes there, with all other writers behind it, or
stands in a transaction that has more to do (manual, section 13.3.1). A short lock_timeout is all that it takes.

Nothing to say where the referenced table is new or small, where SET lock_timeout stands before it, or where `apply` of
pgops sets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule, in_use
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._timeouts import SHORT, in_force
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import AddConstraint, AlterTable, ConstraintKind, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE customers (id bigint PRIMARY KEY);"
BAD = "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);"
GOOD = """
SET LOCAL lock_timeout = '2s';
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
"""


def look(step: Step) -> Iterator[Hit]:
    if not _is_key_of_new_table(step) or in_force(step, "lock_timeout") is not None:
        return
    for touch in in_use(step):
        if touch.role == "referenced table":
            yield Hit(
                message=f"Writes to {touch.relation} wait for this until its transaction ends.",
                fix=SHORT.format(ended(step.statement.text)),
                touch=touch,
            )


def _is_key_of_new_table(step: Step) -> bool:
    meaning = step.statement.meaning
    if isinstance(meaning, CreateTable):
        return True
    keys = [each for _, each in actions(step, AddConstraint) if each.constraint.kind is ConstraintKind.FOREIGN_KEY]
    return bool(keys) and isinstance(meaning, AlterTable) and step.known.is_new(meaning.table)


RULE = Rule(
    id="create-table-references",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    sets_own_limits=True,
    statements=(CreateTable, AlterTable),
)
