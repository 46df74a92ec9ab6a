"""DETACH PARTITION locks the whole partitioned table; CONCURRENTLY does not.

It takes ACCESS EXCLUSIVE on the parent and on the DEFAULT partition: reads and writes of all partitions stop, and while
it waits for a long query everything else waits behind it. CONCURRENTLY (since 14) takes SHARE UPDATE EXCLUSIVE on the
parent. It allows no transaction, and beside a default partition it is refused (55000): there a short lock_timeout is
all there is. If it breaks off, FINALIZE has to end it (manual, ALTER TABLE, DETACH PARTITION).

A short lock in any case. Without a catalogue it is not known whether there is a default partition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted
from pgops.migrations.lint.rules._touches import outside
from pgops.migrations.lint.rules._wording import altering
from pgops.sql.statements import DetachPartition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE readings (day date NOT NULL, value numeric) PARTITION BY RANGE (day);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
"""
BAD = "ALTER TABLE readings DETACH PARTITION readings_2025;"
GOOD = "ALTER TABLE readings DETACH PARTITION readings_2025 CONCURRENTLY;"


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, DetachPartition):
        if action.concurrently or action.finalize:
            continue
        parent = how.alter.table
        facts = step.known.table(parent)
        default = facts.default_partition if facts is not None else None
        also = f" and its default partition {default}" if default is not None else ""
        unless = ", unless it has a default partition" if facts is None else ""
        advice = " Use a short lock_timeout." if default is not None else f" CONCURRENTLY does not{unless}."
        yield Hit(
            message=f"Nobody can read or write {parent}{also} from the moment this asks for its lock until it is done."
            f"{advice}{outside(step) if default is None else ''}",
            fix=f"{altering(how.alter)} DETACH PARTITION {action.partition} CONCURRENTLY;" if default is None else None,
            touch=how.touch,
            severity=Severity.INFO if default is not None else None,
        )


RULE = Rule(
    id="detach-partition",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("require-concurrent-partition-detach",),
    statements=(DetachPartition,),
)
