"""CREATE INDEX without CONCURRENTLY blocks writes until the index is built.

It takes SHARE on the table, which every INSERT, UPDATE and DELETE waits for, and reads the whole table. CONCURRENTLY
takes SHARE UPDATE EXCLUSIVE, reads the table twice and lets writes go on (manual, CREATE INDEX, "Building Indexes
Concurrently"). It allows no transaction, so it stands in a unit of its own; if it breaks off it leaves an INVALID
index behind, which `apply` of pgops cleans up.

No harm on a table that is new or small. A partitioned table can't have one concurrently: see partitioned-index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._wording import create_index
from pgops.sql.statements import CreateIndex, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, day date NOT NULL);"
BAD = "CREATE INDEX orders_day ON orders (day);"
GOOD = "CREATE INDEX CONCURRENTLY orders_day ON orders (day);"


def look(step: Step) -> Iterator[Hit]:
    index = step.statement.meaning
    if not isinstance(index, CreateIndex) or index.concurrently or step.known.is_partitioned(index.table):
        return
    if index.if_not_exists and index.name is not None and step.known.index(Name(index.name, index.table.schema)):
        return  # nothing is built: index-if-not-exists has a word about that
    yield Hit(
        message=f"Building this index blocks every write to {index.table} until it is done.",
        fix=create_index(step.statement.text, index, attrs.evolve(index, concurrently=True)),
    )


RULE = Rule(
    id="index-not-concurrent",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("require-concurrent-index-creation",),
    statements=(CreateIndex,),
)
