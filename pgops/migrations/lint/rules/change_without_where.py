"""UPDATE or DELETE without WHERE changes every row there is.

Often a condition was forgotten: then the old values are gone, or the rows are. Where it is meant, it is still every
row in one transaction: the table doubles, all rows stay locked till COMMIT, and a standby falls behind. `WHERE true`
says that it is meant; TRUNCATE empties a table at once, and `pgops backfill` goes by batches (manual, UPDATE, DELETE).

In WITH, and under EXPLAIN ANALYZE, it is carried out as well. Nothing is said of a table that the script itself has
made. A DELETE is critical, as what it removes is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.sql.statements import Change, Select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, state text);"
BAD = "UPDATE orders SET state = 'new';"
GOOD = "UPDATE orders SET state = 'new' WHERE state IS NULL;"


def look(step: Step) -> Iterator[Hit]:
    meaning = step.statement.meaning
    if not isinstance(meaning, Change | Select):
        return
    for change in (*([meaning] if isinstance(meaning, Change) else []), *meaning.changes):
        if change.verb in {"update", "delete"} and not change.has_where and exists_already(step, change.table):
            done = "writes every row" if change.verb == "update" else "deletes every row"
            yield Hit(
                message=f"This {done} of {change.table}: it has no WHERE.",
                severity=Severity.CRITICAL if change.verb == "delete" else None,
                touch=step.effect.on(change.table),
            )


RULE = Rule(
    id="change-without-where",
    doc=__doc__,
    look=look,
    kind=Kind.LOSES,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(Change, Select),
)
