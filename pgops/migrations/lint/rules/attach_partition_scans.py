"""ATTACH PARTITION reads the table and the default partition while nobody may read or write them.

The parent gets SHARE UPDATE EXCLUSIVE only, but the new partition and the DEFAULT partition get ACCESS EXCLUSIVE, and
every row is held against the bounds. A valid CHECK that says the same as the bounds, on a column that can't be NULL,
spares the reading: on the new table the bounds themselves, on the default partition their opposite. It is added NOT
VALID and validated beforehand, and dropped afterwards. An index of the parent that has no match on the table is built
under that lock, and a foreign key of the parent is checked with SHARE ROW EXCLUSIVE on what it refers to (manual, ALTER
TABLE, ATTACH PARTITION, and section 5.12.2.2; measured on 14 to 18).

A false alarm where the table is empty. Whether a CHECK really says the same is not compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.indexes import has_index
from pgops.migrations.effects.partition_bounds import are_proved
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._actions import acted
from pgops.sql.statements import AttachPartition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgops.migrations.effects.effect import Touch
    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Name

SETUP = """
CREATE TABLE readings (day date NOT NULL, value numeric) PARTITION BY RANGE (day);
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE readings_2027 (day date NOT NULL, value numeric);
"""
BAD = "ALTER TABLE readings ATTACH PARTITION readings_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"
GOOD = """
ALTER TABLE readings_2027 ADD CONSTRAINT readings_2027_day CHECK (day >= '2027-01-01' AND day < '2028-01-01') NOT VALID;
COMMIT;
ALTER TABLE readings_2027 VALIDATE CONSTRAINT readings_2027_day;
COMMIT;
ALTER TABLE readings ATTACH PARTITION readings_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
"""


def look(step: Step) -> Iterator[Hit]:
    for how, action in acted(step, AttachPartition):
        parent, new = how.alter.table, action.partition
        partition = how.effect.on(new)
        if partition is not None and not are_proved(step.known, parent, new):
            yield Hit(
                message=f"All of {new} is read while nobody may read or write it, to prove that its rows are within "
                "the bounds: a valid CHECK that says the same spares it.",
                touch=partition,
            )
        missing = _indexes_missing(step, parent, new)
        if missing:
            yield Hit(
                message=f"{new} has nothing like {' and '.join(missing)} of {parent}: it is built while nobody may "
                f"read or write {new}. Make it CONCURRENTLY first.",
                touch=partition,
            )
        for touch in _first_of_each(how.effect.touches):
            if touch.role == "default partition":
                yield Hit(
                    message=f"All of the default partition {touch.relation} is read while nobody may read or write it, "
                    "to prove that no row of it belongs into the new one: a valid CHECK that excludes the new bounds "
                    "spares it.",
                    touch=touch,
                )
            elif touch.role == "referenced table":
                yield Hit(
                    message=f"Every row of {new} is looked up in {touch.relation}, while nobody may write there: give "
                    f"{new} the foreign key first, NOT VALID, and validate it.",
                    touch=touch,
                )


def _first_of_each(touches: Iterable[Touch]) -> Iterator[Touch]:
    """Of what is read besides the new partition."""
    seen = set()
    for touch in touches:
        if touch.scan and touch.role not in seen:
            seen.add(touch.role)
            yield touch


def _indexes_missing(step: Step, parent: Name, partition: Name) -> list[str]:
    """The parent's indexes that the partition has no match for; expressions are not compared."""
    above, below = step.known.table(parent), step.known.table(partition)
    if above is None or below is None or step.known.is_new(partition):
        return []
    alike = {(each.columns, each.unique, each.is_partial) for each in below.indexes.values() if each.valid}
    return [
        f"the index {each.name}"
        for each in above.indexes.values()
        if not has_index(partition, each, step.known)
        and (each.is_plain or (each.columns, each.unique, each.is_partial) not in alike)
    ]


RULE = Rule(
    id="attach-partition-scans",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    statements=(AttachPartition,),
)
