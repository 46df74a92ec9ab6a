"""What a DO block does can't be read from outside, so which locks it takes is unknown.

The body of a DO is a program: names may come from variables, loops may run over a catalogue. Plain statements are
easier to check, to approve and to repeat (manual, DO).

A body in PL/pgSQL that holds nothing but plain statements, EXECUTE of a constant text, and IF around them is read
all the same, and linted as if its statements stood in the file: then nothing is said here. CREATE INDEX CONCURRENTLY
and its like can't stand in one at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import Do

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY); CREATE TABLE invoices (id bigint PRIMARY KEY);"
BAD = """
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['orders', 'invoices'] LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN note text', name);
    END LOOP;
END
$$;
"""
GOOD = """
ALTER TABLE orders ADD COLUMN note text;
COMMIT;
ALTER TABLE invoices ADD COLUMN note text;
"""


def look(step: Step) -> Iterator[Hit]:
    block = step.statement.meaning
    if isinstance(block, Do) and block.inside is None:
        yield Hit(message="What this block does, and what it locks, can't be read: write its statements out.")


RULE = Rule(
    id="do-block",
    doc=__doc__,
    look=look,
    kind=Kind.UNKNOWN,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(Do,),
)
