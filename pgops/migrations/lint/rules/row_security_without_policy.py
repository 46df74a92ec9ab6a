"""ENABLE ROW LEVEL SECURITY without a policy hides every row from everybody but the owner.

No policy means that no row may be seen: SELECT gives nothing, UPDATE and DELETE find nothing, INSERT is refused
(42501), and nothing says why. The owner and roles with BYPASSRLS still see all, so it is not noticed by whoever did it.
Make the policies first, in the same transaction (manual, section 5.9, "Row Security Policies").

Nothing is said where the script makes a policy or the catalogue has one, nor of a new table. Without a catalogue an
earlier migration may have made one. A false alarm where nobody but the owner shall see the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.migrations.lint.rules._actions import acted
from pgops.migrations.lint.rules._ahead import gets_policy
from pgops.sql.statements import OtherAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, owner text NOT NULL);"
BAD = "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;"
GOOD = """
CREATE POLICY own_rows ON orders USING (owner = current_user);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
"""


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, OtherAction):
        table = how.alter.table
        if action.action != "EnableRowSecurity" or not exists_already(step, table) or gets_policy(step, table):
            continue
        facts = step.known.table(table)
        if facts is None or not facts.policies:
            hidden = "nobody but its owner sees a row of it from now on"
            yield Hit(
                message=f"{table} has no policy: {hidden}."
                if facts is not None
                else f"The script makes no policy of {table}: unless there is one already, {hidden}.",
                touch=how.touch,
                severity=Severity.WARNING if facts is None else None,
            )


RULE = Rule(
    id="row-security-without-policy",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    covers_small=True,
    statements=(OtherAction,),
)
