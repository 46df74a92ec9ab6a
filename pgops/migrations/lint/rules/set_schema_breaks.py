"""SET SCHEMA breaks every program that names the object with its schema, or finds it by its search path.

It is a rename: old and new versions of a program run side by side while they are rolled out, and one of them meets a
name that is not there (42P01, 42883). Of a table a view in the old schema keeps both working, if it has the grants of
the table; roles also need USAGE on the new schema (manual, ALTER TABLE, SET SCHEMA, and section 5.10).

Nothing is said where the script makes something of that name in the old place. A false alarm where both schemas are on
everyone's search path and nobody writes the schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.migrations.lint.rules._ahead import comes_back, view_over
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import Move, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE SCHEMA sales; CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = "ALTER TABLE public.orders SET SCHEMA sales;"
GOOD = """
ALTER TABLE public.orders SET SCHEMA sales;
CREATE VIEW public.orders AS SELECT * FROM sales.orders;
"""


def look(step: Step) -> Iterator[Hit]:
    move = step.statement.meaning
    if not isinstance(move, Move) or move.schema is None:
        return
    if not exists_already(step, move.name) or comes_back(step, move.name):
        return
    new = Name(move.name.name, move.schema)
    facts = step.known.table(move.name)
    is_table = move.kind == "table" and (facts is None or facts.kind in "rp")
    yield Hit(
        message=f"Programs that use {move.name} fail as soon as it is {new}.",
        fix=f"{ended(step.statement.text)}\n{view_over(new, move.name)}"
        if is_table and move.name.schema is not None
        else None,
        target=move.name.target(move.kind),
    )


RULE = Rule(
    id="set-schema-breaks",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("ban-set-schema",),
    statements=(Move,),
)
