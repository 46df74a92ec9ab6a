"""DROP TABLE locks every table that its foreign keys reference, against everybody.

Each key has triggers on the table it references, and to remove them that one gets ACCESS EXCLUSIVE too: in one
statement with all others, so that they stand still together while one of them is waited for. With CASCADE the same goes
for the tables whose keys reference the dropped one. Drop the keys first, each in a transaction of its own and under a
short lock_timeout; then the table goes alone (manual, section 13.3.1).

It takes a catalogue to know the keys. No harm where nobody uses the other tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._outline import outline_of
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import AlterTable, Drop, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
"""
BAD = "DROP TABLE orders;"
GOOD = """
ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;
COMMIT;
DROP TABLE orders;
"""


def look(step: Step) -> Iterator[Hit]:
    drop = step.statement.meaning
    if not isinstance(drop, Drop) or drop.kind != "table":
        return
    keys = [each for each in _keys(step, drop) if not _is_dropped(step, each[0], each[1])]
    others = list(dict.fromkeys(other for _, _, other in keys))
    if not others:
        return
    lines = [f"ALTER TABLE {table.sql} DROP CONSTRAINT {Name(key).sql};" for table, key, _ in keys]
    yield Hit(
        message=f"This locks {', '.join(map(str, others))} too, against reads and writes, for their foreign keys.",
        fix="\nCOMMIT;\n".join([*lines, ended(step.statement.text)]),
        touch=next((each for each in step.effect.touches if each.relation == others[0]), None),
    )


def _keys(step: Step, drop: Drop) -> Iterator[tuple[Name, str, Name]]:
    """The foreign keys that go: their table, their name, and the table that is locked for it and does not go."""
    dropped = [table for each in drop.names if (table := step.known.table(each)) is not None]
    gone = {table.name for table in dropped}
    for table in dropped:
        if table.parent is not None:
            continue  # the keys of a partition are its parent's
        for each in table.constraints.values():
            if each.references is not None and each.references not in gone:
                yield table.name, each.name, each.references
        for name in table.referenced_by if drop.cascade else ():
            other = step.known.table(name)
            if other is None or name in gone or other.parent is not None:
                continue
            for each in other.constraints.values():
                if each.references == table.name:
                    yield name, each.name, name


def _is_dropped(step: Step, table: Name, constraint: str) -> bool:
    for statement in outline_of(step.script).dropped.get(constraint, ()):
        meaning = statement.meaning
        earlier = statement.ordinal < step.statement.ordinal
        if earlier and isinstance(meaning, AlterTable) and same(meaning.table, table):
            return True
    return False


RULE = Rule(
    id="drop-table-with-foreign-keys",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    needs_catalogue=True,
    covers_small=True,
    statements=(Drop,),
)
