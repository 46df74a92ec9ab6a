"""DROP VIEW breaks every program that still names the view.

A view is made to be read by others, so those who read it are harder to find than those of a table: reports, exports,
other schemas. Stop them first, and drop it in a later release. A materialized view takes time to be filled again. What
was granted on it is lost with it (manual, DROP VIEW).

Nothing is said where the script makes it again, as it has to be done to change a column's type, or where the script
itself has made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.migrations.lint.rules._ahead import comes_back
from pgops.sql.statements import Drop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY); CREATE VIEW order_ids AS SELECT id FROM orders;"
BAD = "DROP VIEW order_ids;"
GOOD = """
DROP VIEW order_ids;
CREATE VIEW order_ids AS SELECT id FROM orders ORDER BY id;
"""


def look(step: Step) -> Iterator[Hit]:
    drop = step.statement.meaning
    if not isinstance(drop, Drop) or drop.kind not in {"view", "materialized view"}:
        return
    for name in drop.names:
        is_absent = drop.if_exists and step.known.is_absent(name)
        if exists_already(step, name) and not is_absent and not comes_back(step, name):
            yield Hit(
                message=f"Programs that still name {name} fail.",
                touch=step.effect.on(name),
                target=name.target(drop.kind),
            )


RULE = Rule(
    id="drop-view-breaks",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("ban-drop-view",),
    statements=(Drop,),
)
