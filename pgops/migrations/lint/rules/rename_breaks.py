"""RENAME of a table, view or column breaks every program that still uses the old name.

Old and new versions of a program run side by side while they are rolled out, and one of them meets a name that is not
there: 42P01 or 42703. PostgreSQL itself follows a rename in views and keys, not in programs and not in the bodies of
functions. Of a table a view under the old name keeps both working: a plain view can be written through (manual, CREATE
VIEW, "Updatable Views"); it needs the grants of the table, and COPY and ON CONFLICT may have to change. Of a column:
add the new one, keep both equal, move the readers, drop the old one.

Nothing is said where the script gives the old name to something else, as when two tables are swapped. A false alarm
where no program uses the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.migrations.lint.rules._ahead import comes_back, view_over, was_vacated
from pgops.migrations.lint.rules._wording import ended
from pgops.sql.statements import Name, Rename

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
BAD = "ALTER TABLE orders RENAME TO purchases;"
GOOD = """
ALTER TABLE orders RENAME TO purchases;
CREATE VIEW orders AS SELECT * FROM purchases;
"""

_RELATIONS = {"table", "foreign table", "view", "materialized view"}


def look(step: Step) -> Iterator[Hit]:
    rename = step.statement.meaning
    if not isinstance(rename, Rename) or rename.kind not in _RELATIONS or not exists_already(step, rename.name):
        return
    if rename.sub_kind == "column" and rename.sub is not None:
        old = f"{rename.name}.{Name(rename.sub)}"
        yield Hit(
            message=f"Programs that use {old} fail as soon as it is called {Name(rename.new_name)}: add a new column, "
            "move the readers, drop the old one.",
            target=rename.name.target("column", rename.sub),
        )
    elif rename.sub is None:
        new = Name(rename.new_name, rename.name.schema)
        is_index = step.known.index(rename.name) is not None  # ALTER TABLE does not ask
        if comes_back(step, rename.name) or was_vacated(step, new) or is_index:
            return
        facts = step.known.table(rename.name)
        is_table = rename.kind == "table" and (facts is None or facts.kind in "rp")
        advice = ": a view under the old name, with the grants of the table, keeps them going" if is_table else ""
        yield Hit(
            message=f"Programs that use {rename.name} fail as soon as it is called {Name(rename.new_name)}{advice}.",
            fix=f"{ended(step.statement.text)}\n{view_over(new, rename.name)}" if is_table else None,
        )


RULE = Rule(
    id="rename-breaks",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("renaming-table", "renaming-column", "renaming-object", "rename_table", "rename_column"),
    statements=(Rename,),
)
