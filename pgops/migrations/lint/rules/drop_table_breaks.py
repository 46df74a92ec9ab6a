"""DROP TABLE loses all rows, and breaks every program that still names the table.

Old and new versions of a program run side by side while they are rolled out; the old one still uses the table (42P01).
Stop using it first, let that version run everywhere, rename it for a while if you are not sure, and drop it in a later
release, with a backup that was restored once. No statement brings the rows back (manual, DROP TABLE).

Nothing is said of tables that the script itself has made. A false alarm where nobody needs the rows: say so in an
ignore comment. A table that the catalogue calls empty is a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.sql.statements import Drop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = "DROP TABLE orders;"
GOOD = "CREATE TEMPORARY TABLE scratch (id bigint); DROP TABLE scratch;"


def look(step: Step) -> Iterator[Hit]:
    drop = step.statement.meaning
    if not isinstance(drop, Drop) or drop.kind not in {"table", "foreign table"}:
        return
    for name in drop.names:
        if not exists_already(step, name) or (drop.if_exists and step.known.is_absent(name)):
            continue
        facts = step.known.table(name)
        has_no_rows = drop.kind == "foreign table" or (facts is not None and facts.rows == 0)
        rows = "" if has_no_rows else ", and all its rows are lost"
        yield Hit(
            message=f"Programs that still name {name} fail{rows}.",
            touch=step.effect.on(name),
            target=name.target(drop.kind),
            severity=Severity.WARNING if has_no_rows else None,
        )


RULE = Rule(
    id="drop-table-breaks",
    doc=__doc__,
    look=look,
    kind=Kind.LOSES,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    covers_small=True,
    aliases=("ban-drop-table",),
    statements=(Drop,),
)
