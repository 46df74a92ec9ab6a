"""CREATE INDEX IF NOT EXISTS succeeds over an index that is invalid, or a different one.

It looks at the name and nothing else (manual, CREATE INDEX). An index that a broken CONCURRENTLY left behind is there,
INVALID, costs every write and serves no query; IF NOT EXISTS skips it with a notice, and the migration counts as done.
Without it the second try fails (42P07) and somebody looks. To repeat safely, drop what is invalid first. And a plain
CREATE INDEX IF NOT EXISTS takes SHARE on the table, which waits for writers and blocks them, even when there is nothing
to do.

With a catalogue this looks at the index itself: an invalid one is critical, a valid one with the same key is no
matter for CONCURRENTLY. Without one every CONCURRENTLY IF NOT EXISTS is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._wording import create_index
from pgops.sql.statements import CreateIndex, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY, day date);
CREATE INDEX orders_day ON orders (day);
UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'orders_day'::regclass;
"""
BAD = "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_day ON orders (day);"
GOOD = """
DROP INDEX CONCURRENTLY IF EXISTS orders_day;
CREATE INDEX CONCURRENTLY orders_day ON orders (day);
"""


def look(step: Step) -> Iterator[Hit]:
    index = step.statement.meaning
    if not isinstance(index, CreateIndex) or not index.if_not_exists or index.name is None:
        return
    if step.known.is_new(index.table):
        return
    name = Name(index.name, index.table.schema)
    without = create_index(step.statement.text, index, attrs.evolve(index, if_not_exists=False))
    table = step.known.table(index.table)
    if table is None:
        if index.concurrently:
            yield Hit(message=f"If {name} is there and invalid, this succeeds and leaves it so.", fix=without)
        return
    live = table.indexes.get(index.name)
    if live is None:
        return
    if not live.valid and not table.is_partitioned:
        drop = f"DROP INDEX {'CONCURRENTLY ' if index.concurrently else ''}{name.sql};"
        yield Hit(
            message=f"{name} is there and invalid: this succeeds and leaves it so, and no query can use it.",
            fix=f"{drop}\n{without}" if without is not None and live.constraint is None else None,
            severity=Severity.CRITICAL,
        )
    elif (live.columns, live.unique, live.is_partial) != (index.columns, index.unique, index.is_partial):
        yield Hit(message=f"{name} is there already, and a different one: this succeeds and makes nothing.")
    elif not index.concurrently:
        yield Hit(
            message=f"{name} is there already: this makes nothing, and blocks writes to {index.table} to find out.",
            severity=Severity.INFO,
        )


RULE = Rule(
    id="index-if-not-exists",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(CreateIndex,),
)
