"""REINDEX without CONCURRENTLY stops writes, and reads too.

It takes SHARE on the table and ACCESS EXCLUSIVE on the index that it builds. The planner opens every index of a table
to plan any query on it, and so even a SELECT that would not use the index waits until it is built (manual, REINDEX,
"Notes"; only prepared statements whose plan does without it go on). REINDEX CONCURRENTLY (since 12) builds a new index
beside the old one and lets everybody work; it allows no transaction, and broken off it leaves an invalid index whose
name ends in _ccnew.

No harm on a table that is new or small. The system's own catalogues can't be reindexed concurrently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._outline import table_of_index
from pgops.migrations.lint.rules._touches import outside
from pgops.migrations.lint.rules._wording import reindex_concurrently
from pgops.sql.statements import Reindex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, day date); CREATE INDEX orders_day ON orders (day);"
BAD = "REINDEX INDEX orders_day;"
GOOD = "REINDEX INDEX CONCURRENTLY orders_day;"


def look(step: Step) -> Iterator[Hit]:
    meaning = step.statement.meaning
    if not isinstance(meaning, Reindex) or meaning.concurrently:
        return
    table = meaning.name if meaning.kind == "table" else None
    if meaning.kind == "index" and meaning.name is not None:
        table = table_of_index(step.known, meaning.name)
    if table is not None and step.known.is_small(table):
        return
    where = str(table) if table is not None else f"the table of {meaning.name}"
    if meaning.kind not in {"index", "table"}:
        where = f"each table of the {meaning.kind} in its turn"
    yield Hit(
        message=f"While this builds, nobody can write to {where}, and queries wait for the index even to be planned."
        + outside(step),
        fix=reindex_concurrently(step.statement.text, meaning),
        touch=next((each for each in step.effect.touches if each.role == "index"), step.effect.strongest),
    )


RULE = Rule(
    id="reindex-not-concurrent",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    aliases=("require-concurrent-reindex",),
    statements=(Reindex,),
)
