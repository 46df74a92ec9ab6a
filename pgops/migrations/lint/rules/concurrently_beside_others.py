"""CONCURRENTLY beside other statements leaves half of the file done when it breaks off.

What is CONCURRENTLY allows no transaction, so the file can't be one: the statements before it are committed already
when it fails, on a duplicate key or for want of time, and the file can't simply be carried out again. In a file of its
own there is nothing to sort out, and tools that put each file in a transaction can be told about that one (manual,
CREATE INDEX).

`apply` of pgops remembers each statement and goes on where it stopped, so for it this is no more than a matter of
taste. Several CONCURRENTLY in one file, and settings, are no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Once, Rule
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, day date);"
BAD = """
ALTER TABLE orders ADD COLUMN state text;
CREATE INDEX CONCURRENTLY orders_state ON orders (state);
"""
GOOD = "CREATE INDEX CONCURRENTLY orders_day ON orders (day);"


def look(step: Step) -> Iterator[Hit]:
    if not step.effect.waits_for_snapshots:
        return
    for other in step.script.statements:
        if not isinstance(other.meaning, s.TransactionControl | s.SetVariable) and not _is_concurrent(other.meaning):
            yield Hit(
                message=f"If this breaks off, line {other.line} stays done, or never is: give it a file of its own."
            )
            return


def _is_concurrent(meaning: s.Meaning) -> bool:
    match meaning:
        case s.CreateIndex() | s.Drop() | s.Reindex():
            return meaning.concurrently
        case s.AlterTable():
            return any(isinstance(each, s.DetachPartition) and each.concurrently for each in meaning.actions)
        case _:
            return False


RULE = Rule(
    id="concurrently-beside-others",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    covers_small=True,
    once=Once.SCRIPT,
    statements=(s.CreateIndex, s.Drop, s.Reindex, s.AlterTable),
)
