"""DROP INDEX without CONCURRENTLY locks the whole table, and waits for every query on it first.

It takes ACCESS EXCLUSIVE on the table of the index, not just on the index. The drop itself is quick, but while it waits
for a long query all others wait behind it. CONCURRENTLY takes SHARE UPDATE EXCLUSIVE and lets reads and writes go on
(manual, DROP INDEX). It drops one index at a time, has no CASCADE, and allows no transaction.

No harm on a table that is new or small. The index of a partitioned table can't be dropped concurrently; the index of a
constraint goes with ALTER TABLE ... DROP CONSTRAINT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._outline import table_of_index
from pgops.migrations.lint.rules._touches import outside
from pgops.sql.statements import Drop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, day date); CREATE INDEX orders_day ON orders (day);"
BAD = "DROP INDEX orders_day;"
GOOD = "DROP INDEX CONCURRENTLY orders_day;"


def look(step: Step) -> Iterator[Hit]:
    drop = step.statement.meaning
    if not isinstance(drop, Drop) or drop.kind != "index" or drop.concurrently:
        return
    tables = {name: table_of_index(step.known, name) for name in drop.names}
    used = {name: table for name, table in tables.items() if table is None or not step.known.is_small(table)}
    if not used:
        return
    locked = ", ".join(dict.fromkeys(str(table) for table in used.values() if table)) or "the table of the index"
    partitioned = any(table is not None and step.known.is_partitioned(table) for table in tables.values())
    exists = "IF EXISTS " if drop.if_exists else ""
    fix = "\n".join(f"DROP INDEX CONCURRENTLY {exists}{name.sql};" for name in drop.names)
    yield Hit(
        message=f"Nobody can read or write {locked} from the moment this asks for its lock until it is done."
        + (" An index of a partitioned table knows no other way: use a short lock_timeout." if partitioned else "")
        + ("" if partitioned else outside(step)),
        fix=None if partitioned or drop.cascade else fix,
        touch=next((each for each in step.effect.touches if each.relation in used.values()), None),
    )


RULE = Rule(
    id="drop-index-not-concurrent",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("require-concurrent-index-deletion", "remove_index"),
    statements=(Drop,),
)
