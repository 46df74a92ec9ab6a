"""Rows filled in beside DDL are written while the table is locked, all in one transaction.

An UPDATE or DELETE of many rows takes long. In one transaction with ALTER TABLE the lock of the one is held for the
time of the other, each row that is written stays locked till COMMIT, vacuum can't clear the old versions, and a
standby replays it all at once. Change the schema, commit, then fill in by batches, each a transaction of its own:
`pgops backfill` does that, and goes on where it was broken off.

A false alarm on tables that are small: with a connection these are known. Where WHERE holds a key equal to a constant
it is one row, and nothing is said. One finding a transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.locks import LockMode
from pgops.migrations.lint.api import Hit, Kind, Once, Rule, exists_already
from pgops.migrations.lint.rules._locks import changes_many
from pgops.sql.statements import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = """
ALTER TABLE orders ADD COLUMN state text;
UPDATE orders SET state = 'new' WHERE state IS NULL;
"""
GOOD = """
ALTER TABLE orders ADD COLUMN state text;
COMMIT;
UPDATE orders SET state = 'new' WHERE state IS NULL AND id BETWEEN 1 AND 10000;
COMMIT;
UPDATE orders SET state = 'new' WHERE state IS NULL AND id BETWEEN 10001 AND 20000;
"""


def look(step: Step) -> Iterator[Hit]:
    if isinstance(step.statement.meaning, Change):
        ddl = any(
            touch.lock >= LockMode.SHARE_UPDATE_EXCLUSIVE and exists_already(step, touch.relation)
            for touch in step.transaction.held.values()
        )
        fills = [step] if ddl and _fills(step) else []
    elif any(
        touch.lock >= LockMode.SHARE_UPDATE_EXCLUSIVE and exists_already(step, touch.relation)
        for touch in step.effect.touches
    ):
        fills = [each for each in step.before(Change) if _fills(each)]
    else:
        return
    for fill in fills[:1]:
        change = fill.statement.meaning
        assert isinstance(change, Change)  # noqa: S101  as it was asked for
        yield Hit(
            message=f"This {change.verb.upper()} of many rows of {change.table} stands in one transaction with DDL; "
            "commit in between and do it by batches (pgops backfill).",
            touch=fill.effect.on(change.table),
            at=fill.statement,
        )


def _fills(step: Step) -> bool:
    change = step.statement.meaning
    return isinstance(change, Change) and change.verb != "insert" and changes_many(step)


RULE = Rule(
    id="backfill-with-ddl",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    once=Once.TRANSACTION,
)
