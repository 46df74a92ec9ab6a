"""A DETACH CONCURRENTLY that broke off makes every later one of that table fail until FINALIZE.

Cancelled or interrupted, it leaves the partition half detached (pg_inherits.inhdetachpending): no query sees its rows
through the parent any more, and the next DETACH ... CONCURRENTLY of any partition is refused (55000, "already pending
detach"), as is another DETACH of the same one. ALTER TABLE ... DETACH PARTITION ... FINALIZE ends it; it waits for old
snapshots and may stand in a transaction (manual, ALTER TABLE, DETACH PARTITION).

It takes a catalogue to know of one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import DetachPartition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE readings (day date NOT NULL, value numeric) PARTITION BY RANGE (day);
CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
-- as an interrupted DETACH ... CONCURRENTLY leaves it
UPDATE pg_catalog.pg_inherits SET inhdetachpending = true WHERE inhrelid = 'readings_2024'::regclass;
"""
BAD = "ALTER TABLE readings DETACH PARTITION readings_2025 CONCURRENTLY;"
GOOD = """
ALTER TABLE readings DETACH PARTITION readings_2024 FINALIZE;
COMMIT;
ALTER TABLE readings DETACH PARTITION readings_2025 CONCURRENTLY;
"""


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, DetachPartition):
        facts = step.known.table(how.alter.table)
        pending = facts.detach_pending if facts is not None and not action.finalize else ()
        stopped = [each for each in pending if not step.known.is_detached(each)]
        itself = any(same(each, action.partition) for each in stopped)
        if not stopped or not (action.concurrently or itself):
            continue
        half = ", ".join(map(str, stopped))
        finalize = "\n".join(f"ALTER TABLE {how.alter.table} DETACH PARTITION {each} FINALIZE;" for each in stopped)
        yield Hit(
            message=f"PostgreSQL refuses this (55000): an earlier DETACH of {half} was interrupted and has to be "
            "finalized first.",
            fix=finalize if itself else f"{finalize}\nCOMMIT;\n{ended(step.statement.text)}",
            touch=how.touch,
        )


RULE = Rule(
    id="detach-pending",
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
