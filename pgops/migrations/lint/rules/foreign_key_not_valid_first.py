"""ADD FOREIGN KEY reads both tables while nobody may write to either.

It takes SHARE ROW EXCLUSIVE on the table and on the one it references, and looks up every row. Declared NOT VALID it
holds for new rows at once and looks at none (the same locks, for an instant); VALIDATE CONSTRAINT in a transaction of
its own then reads under SHARE UPDATE EXCLUSIVE here and ROW SHARE there, which stop nobody's work (manual, ALTER TABLE,
"Notes").

No harm on a table that is new or small. Partitioned tables go another way: see partitioned-foreign-key-not-valid. A
column added with REFERENCES in the same statement and no default has nothing to look up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._touches import whole
from pgops.migrations.lint.rules._validating import validated_later
from pgops.sql.statements import AddConstraint, ConstraintKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);
"""
BAD = "ALTER TABLE orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);"
GOOD = """
ALTER TABLE orders
  ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_customer_fkey;
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, AddConstraint):
        constraint = action.constraint
        if constraint.kind is not ConstraintKind.FOREIGN_KEY or constraint.not_valid or not constraint.is_enforced:
            continue
        if step.known.is_partitioned(alter.table) or step.known.is_small(alter.table):
            continue
        yield Hit(
            message=f"While this looks up every row of {alter.table}, nobody can write to it or to "
            f"{constraint.references}.",
            fix=validated_later(step, alter, action) if len(alter.actions) == 1 else None,
            touch=whole(step, alter.table),
        )


RULE = Rule(
    id="foreign-key-not-valid-first",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("adding-foreign-key-constraint", "add_foreign_key"),
    statements=(AddConstraint,),
)
