"""DETACH PARTITION ... CONCURRENTLY is refused beside a default partition.

PostgreSQL answers 55000, "cannot detach partitions concurrently when a default partition exists": the default partition
would need a new bound at the same moment. Detach without CONCURRENTLY, under a short lock_timeout and again if it is
not had; or detach the default partition first, if it is empty (manual, ALTER TABLE, DETACH PARTITION).

It takes a catalogue to know whether there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted
from pgops.migrations.lint.rules._wording import altering
from pgops.sql.statements import DetachPartition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE readings (day date NOT NULL, value numeric) PARTITION BY RANGE (day);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
"""
BAD = "ALTER TABLE readings DETACH PARTITION readings_2025 CONCURRENTLY;"
GOOD = "ALTER TABLE readings DETACH PARTITION readings_2025;"


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, DetachPartition):
        facts = step.known.table(how.alter.table)
        default = facts.default_partition if facts is not None else None
        if action.concurrently and default is not None and not step.known.is_detached(default):
            yield Hit(
                message=f"PostgreSQL refuses CONCURRENTLY (55000), as {how.alter.table} has the default partition "
                f"{default}.",
                fix=f"{altering(how.alter)} DETACH PARTITION {action.partition};",
                touch=how.touch,
            )


RULE = Rule(
    id="detach-concurrently-refused",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    fails_on=(14, 15, 16, 17, 18),
    needs_catalogue=True,
    covers_small=True,
    statements=(DetachPartition,),
)
