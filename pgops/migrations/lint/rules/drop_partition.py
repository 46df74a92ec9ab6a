"""DROP TABLE of a partition locks the whole partitioned table, and its default partition.

It takes ACCESS EXCLUSIVE on the parent and on the DEFAULT partition: reads and writes of all partitions stop, and while
it waits for a long query everything else waits behind it. After DETACH PARTITION ... CONCURRENTLY, which takes SHARE
UPDATE EXCLUSIVE on the parent, the table is dropped by itself (manual, section 5.12.2.2; measured on 14 to 18). Beside
a default partition CONCURRENTLY is refused (55000), and a short lock_timeout is all there is.

It takes a catalogue to know that the table is a partition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._touches import outside
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import Drop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE readings (day date NOT NULL, value numeric) PARTITION BY RANGE (day);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
BAD = "DROP TABLE readings_2025;"
GOOD = """
ALTER TABLE readings DETACH PARTITION readings_2025 CONCURRENTLY;
DROP TABLE readings_2025;
"""


def look(step: Step) -> Iterator[Hit]:
    drop = step.statement.meaning
    if not isinstance(drop, Drop) or drop.kind not in {"table", "foreign table"}:
        return
    for name in drop.names:
        facts = step.known.table(name)
        # A parent that is dropped by the same statement has nobody left to wait.
        if facts is None or facts.parent is None or step.known.is_detached(name) or facts.parent in drop.names:
            continue
        parent = step.known.table(facts.parent)
        default = parent.default_partition if parent is not None else None
        instead = f"ALTER TABLE {facts.parent} DETACH PARTITION {name} CONCURRENTLY;\n{ended(step.statement.text)}"
        also = f" and its default partition {default}" if default is not None else ""
        advice = " Use a short lock_timeout." if default is not None else f" Detach it first.{outside(step)}"
        yield Hit(
            message=f"Dropping the partition {name} locks all of {facts.parent}{also}: nobody can read or write there "
            f"from the moment this asks for its lock until it is done.{advice}",
            fix=instead if default is None and len(drop.names) == 1 else None,
            touch=step.effect.on(facts.parent),
        )


RULE = Rule(
    id="drop-partition",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    needs_catalogue=True,
    statements=(Drop,),
)
