"""VALIDATE in the transaction that added the constraint reads the table under the lock of the ADD.

ADD CONSTRAINT ... NOT VALID takes a strong lock for an instant, and VALIDATE CONSTRAINT a weak one for as long as the
table is large; but locks are kept till COMMIT, so in one transaction the strong one is held all the time: ACCESS
EXCLUSIVE for a CHECK or NOT NULL, SHARE ROW EXCLUSIVE on both tables for a foreign key (manual, ALTER TABLE, "Notes";
section 13.3.1). Nothing is gained by NOT VALID then. Commit in between.

No harm on a table that is new or small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._naming import LABELS, made_name
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import AddConstraint, AlterTable, ConstraintKind, ValidateConstraint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Constraint

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric);"
BAD = """
ALTER TABLE orders ADD CONSTRAINT orders_amount_check CHECK (amount >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_amount_check;
"""
GOOD = """
ALTER TABLE orders ADD CONSTRAINT orders_amount_check CHECK (amount >= 0) NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_amount_check;
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, ValidateConstraint):
        for by in (step, *step.before(AlterTable)):
            added = _added(by, alter, action.name)
            if added is None:
                continue
            is_key = added.kind is ConstraintKind.FOREIGN_KEY
            held = by.effect.on(alter.table)
            yield Hit(
                message=f"This reads all of {alter.table} under the lock of the ADD (line {by.statement.line}): "
                f"nobody can {'write to it' if is_key else 'read or write it'}.",
                fix=f"{ended(by.statement.text)}\nCOMMIT;\n{ended(step.statement.text)}" if by is not step else None,
                touch=attrs.evolve(held, scan=True) if held is not None else None,
                severity=Severity.WARNING if is_key else Severity.CRITICAL,
            )
            break


def _added(by: Step, alter: AlterTable, name: str) -> Constraint | None:
    """The constraint of that name that the statement adds NOT VALID to the same table."""
    for earlier, action in actions(by, AddConstraint):
        constraint = action.constraint
        given = constraint.name or made_name(earlier.table.name, constraint.columns, LABELS[constraint.kind])
        if constraint.not_valid and given == name and same(earlier.table, alter.table):
            return constraint
    return None


RULE = Rule(
    id="validate-in-same-transaction",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("validate_foreign_key", "validate_check_constraint"),
    statements=(ValidateConstraint,),
)
