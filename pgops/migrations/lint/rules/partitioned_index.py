"""CREATE INDEX on a partitioned table blocks writes to every partition until all are built.

It takes SHARE on the parent and on each partition, builds one after the other, and lets go of none before the end; and
CONCURRENTLY is refused there. Instead make the index ON ONLY the parent (nothing is read), make it CONCURRENTLY on each
partition, and attach each: the parent's becomes valid with the last (manual, section 5.12.2.2, "Partition
Maintenance").

It takes a catalogue to know that a table is partitioned. No harm where all partitions together are small. A partition
that has the same index already gets a second one by the rewriting here: attach the old one instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._partitions import index_per_partition
from pgops.migrations.lint.rules._touches import outside, whole
from pgops.sql.statements import CreateIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE events (day date NOT NULL, kind text) PARTITION BY RANGE (day);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') PARTITION BY LIST (kind);
CREATE TABLE events_2027_all PARTITION OF events_2027 DEFAULT;
"""
BAD = "CREATE INDEX events_day ON events (day);"
GOOD = """
CREATE INDEX events_day ON ONLY events (day);
CREATE INDEX CONCURRENTLY events_2026_day ON events_2026 (day);
ALTER INDEX events_day ATTACH PARTITION events_2026_day;
CREATE INDEX events_2027_day ON ONLY events_2027 (day);
CREATE INDEX CONCURRENTLY events_2027_all_day ON events_2027_all (day);
ALTER INDEX events_2027_day ATTACH PARTITION events_2027_all_day;
ALTER INDEX events_day ATTACH PARTITION events_2027_day;
"""


def look(step: Step) -> Iterator[Hit]:
    index = step.statement.meaning
    if not isinstance(index, CreateIndex) or index.concurrently or index.only:
        return
    if not step.known.is_partitioned(index.table) or step.known.is_small(index.table):
        return
    yield Hit(
        message=f"Building this index blocks every write to {index.table} and its partitions until the last is done."
        + outside(step),
        fix=index_per_partition(step, index),
        touch=whole(step, index.table),
    )


RULE = Rule(
    id="partitioned-index",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    needs_catalogue=True,
    statements=(CreateIndex,),
)
