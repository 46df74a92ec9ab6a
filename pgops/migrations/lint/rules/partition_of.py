"""CREATE TABLE ... PARTITION OF locks the whole partitioned table, and reads its default partition.

It takes ACCESS EXCLUSIVE on the parent: reads and writes of all partitions stop, and while it waits for a long query
everything else waits behind it. A DEFAULT partition is locked too and read whole, to prove that no row belongs into the
new one. A table by itself, made LIKE the parent, and then ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE on the parent,
which stops no one (manual, section 5.12.2.2; measured on 14 to 18); a default partition is locked and read all the
same, unless a CHECK excludes the new bounds.

A short lock where there is no default partition: then it is for information.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.rewriting import attached
from pgops.sql.statements import CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE readings (id bigint PRIMARY KEY, value numeric DEFAULT 0) PARTITION BY RANGE (id);
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (1) TO (1000000);
"""
BAD = "CREATE TABLE readings_2 PARTITION OF readings FOR VALUES FROM (1000000) TO (2000000);"
GOOD = """
CREATE TABLE readings_2 (LIKE readings INCLUDING ALL);
ALTER TABLE readings ATTACH PARTITION readings_2 FOR VALUES FROM (1000000) TO (2000000);
"""


def look(step: Step) -> Iterator[Hit]:
    create = step.statement.meaning
    if not isinstance(create, CreateTable) or create.partition_of is None:
        return
    parent = step.known.table(create.partition_of)
    default = parent.default_partition if parent is not None else None
    instead = attached(step.statement.text)
    wait = f"Nobody can read or write {create.partition_of} from the moment this asks for its lock until it is done"
    if default is not None:
        wait += f", and all of its default partition {default} is read meanwhile"
    elif parent is None:
        wait += "; a default partition would be read meanwhile"
    yield Hit(
        message=f"{wait}. ATTACH PARTITION does not lock {create.partition_of}.",
        fix="\n".join(f"{each};" for each in instead) if instead is not None else None,
        touch=step.effect.on(create.partition_of),
        severity=Severity.INFO if parent is not None and default is None else None,
    )


RULE = Rule(
    id="partition-of",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    statements=(CreateTable,),
)
