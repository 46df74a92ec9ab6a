"""ADD CHECK reads the whole table while nobody may read or write it.

It takes ACCESS EXCLUSIVE and looks at every row. Declared NOT VALID it holds for new rows at once and looks at none
(the lock is the same, for an instant); VALIDATE CONSTRAINT in a transaction of its own then reads under SHARE UPDATE
EXCLUSIVE, which stops no one (manual, ALTER TABLE, "Notes").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._touches import whole
from pgops.migrations.lint.rules._validating import validated_later
from pgops.sql.statements import AddConstraint, ConstraintKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric);"
BAD = "ALTER TABLE orders ADD CONSTRAINT orders_amount_check CHECK (amount >= 0);"
GOOD = """
ALTER TABLE orders ADD CONSTRAINT orders_amount_check CHECK (amount >= 0) NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_amount_check;
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, AddConstraint):
        constraint = action.constraint
        if constraint.kind is not ConstraintKind.CHECK or constraint.not_valid or not constraint.is_enforced:
            continue
        if step.known.is_small(alter.table):
            continue
        yield Hit(
            message=f"The new CHECK reads all of {alter.table} while nobody may read or write it.",
            fix=validated_later(step, alter, action) if len(alter.actions) == 1 else None,
            touch=whole(step, alter.table),
        )


RULE = Rule(
    id="check-not-valid-first",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    severity=Severity.CRITICAL,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("constraint-missing-not-valid",),
    statements=(AddConstraint,),
)
