"""CONCURRENTLY is refused on a partitioned table, with error 0A000.

Neither CREATE INDEX nor DROP INDEX can be CONCURRENTLY there, with ONLY or without (manual, CREATE INDEX, "Building
Indexes Concurrently"). Make the index ON ONLY the parent, which is instant, then CONCURRENTLY on each partition, and
attach each with ALTER INDEX ... ATTACH PARTITION: with the last one the parent's becomes valid. REINDEX CONCURRENTLY is
allowed (since 14).

It takes a catalogue to know that a table is partitioned, or its CREATE TABLE in the same script. To drop such an index,
drop it plainly under a short lock_timeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._partitions import index_per_partition
from pgops.migrations.lint.rules._wording import create_index
from pgops.sql.statements import CreateIndex, Drop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE events (day date NOT NULL, kind text) PARTITION BY RANGE (day);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
BAD = "CREATE INDEX CONCURRENTLY events_day ON events (day);"
GOOD = """
CREATE INDEX events_day ON ONLY events (day);
CREATE INDEX CONCURRENTLY events_2026_day ON events_2026 (day);
ALTER INDEX events_day ATTACH PARTITION events_2026_day;
"""


def look(step: Step) -> Iterator[Hit]:
    meaning = step.statement.meaning
    if not (step.effect.fails or "").startswith("0A000: CONCURRENTLY"):
        return
    if isinstance(meaning, CreateIndex):
        yield Hit(
            message=f"{meaning.table} is partitioned, and PostgreSQL refuses CONCURRENTLY on it (0A000): make the "
            "index ON ONLY it, CONCURRENTLY on each partition, and attach those.",
            fix=_create(step, meaning),
        )
    elif isinstance(meaning, Drop):
        one = ", ".join(map(str, meaning.names))
        yield Hit(message=f"{one} belongs to a partitioned table, and PostgreSQL refuses CONCURRENTLY on it (0A000).")


def _create(step: Step, index: CreateIndex) -> str | None:
    if step.known.is_new(index.table):  # nobody is there to be blocked
        return create_index(step.statement.text, index, attrs.evolve(index, concurrently=False))
    return index_per_partition(step, index)


RULE = Rule(
    id="concurrently-on-partitioned",
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
    statements=(CreateIndex, Drop),
)
