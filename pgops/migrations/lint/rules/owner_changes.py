"""OWNER TO takes the old owner's rights away, at once and for every running program of that role.

Whatever the old owner could do as owner (read, write, ALTER, DROP, pass row security) needs a grant from now on, and
programs that run under it fail with 42501. It takes ACCESS EXCLUSIVE for an instant, and waits for it behind every long
query with everything else waiting behind it (manual, ALTER TABLE, OWNER TO, and section 5.8).

A false alarm where nobody works as the old owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.sql.statements import AlterTable, Move, OtherAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Name

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = "ALTER TABLE orders OWNER TO CURRENT_USER;"
GOOD = "GRANT ALL ON orders TO CURRENT_USER;"

_RELATIONS = {"table", "foreign table", "view", "materialized view", "sequence"}


def look(step: Step) -> Iterator[Hit]:
    name = _changed(step)
    if name is not None and exists_already(step, name):
        yield Hit(
            message=f"The old owner of {name} loses what it could do as owner, and {name} is locked for a moment.",
            touch=step.effect.on(name),
        )


def _changed(step: Step) -> Name | None:
    match step.statement.meaning:
        case Move(owner=str(), kind=kind, name=name) if kind in _RELATIONS:
            return name
        case AlterTable(kind=kind, table=table, actions=actions) if kind in _RELATIONS:
            changes = any(isinstance(each, OtherAction) and each.action == "ChangeOwner" for each in actions)
            return table if changes else None
        case _:
            return None


RULE = Rule(
    id="owner-changes",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    covers_small=True,
    statements=(Move, OtherAction),
)
