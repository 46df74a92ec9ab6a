"""ADD EXCLUDE builds its index while nobody may read or write the table, and there is no other way.

It takes ACCESS EXCLUSIVE and reads every row. An exclusion constraint can be neither NOT VALID nor made from an index
that is there (manual, ALTER TABLE: USING INDEX is for UNIQUE and PRIMARY KEY). So either the outage is planned, or a
new table gets it from the start and the rows move over.

No harm on a table that is new or small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._tables import actions
from pgops.migrations.lint.rules._touches import whole
from pgops.sql.statements import AddConstraint, ConstraintKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE bookings (id bigint PRIMARY KEY, during tsrange NOT NULL);"
BAD = "ALTER TABLE bookings ADD CONSTRAINT bookings_no_overlap EXCLUDE USING gist (during WITH &&);"
GOOD = """
CREATE TABLE bookings_new (
    id bigint PRIMARY KEY,
    during tsrange NOT NULL,
    CONSTRAINT bookings_no_overlap EXCLUDE USING gist (during WITH &&)
);
"""


def look(step: Step) -> Iterator[Hit]:
    for alter, action in actions(step, AddConstraint):
        if action.constraint.kind is ConstraintKind.EXCLUDE:
            yield Hit(
                message=f"While this builds the index of the constraint, nobody can read or write {alter.table}.",
                touch=whole(step, alter.table),
            )


RULE = Rule(
    id="exclude-constraint",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    aliases=("add_exclusion_constraint", "E8"),
    statements=(AddConstraint,),
)
