"""A name without a schema means whatever the search path of the session says.

The same file then changes one table when the owner runs it and another when a deployment role does, or a new table
ends up in the first schema that the role may create in (manual, section 5.10.3). `public.orders`, or a
`SET LOCAL search_path` at the top, leaves nothing to the session.

Found where a script names some objects with their schemas and others without, or, with a connection, where a name
leads to a schema other than public and nothing in the script set the path. Who uses one schema only is left in peace.
One finding a script.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Once, Rule, exists_already
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE SCHEMA app; CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = """
CREATE TABLE app.invoices (id bigint PRIMARY KEY);
ALTER TABLE orders ADD COLUMN invoice_id bigint;
"""
GOOD = """
CREATE TABLE app.invoices (id bigint PRIMARY KEY);
ALTER TABLE public.orders ADD COLUMN invoice_id bigint;
"""


def look(step: Step) -> Iterator[Hit]:
    name = _relation(step.statement.meaning)
    if name is None or name.schema is not None or "search_path" in step.settings:
        return
    if "local search_path" in step.settings or not exists_already(step, name):
        return
    found = step.known.table(name)
    schema = found.name.schema if found is not None else None
    if schema not in (None, "public"):
        yield Hit(message=f"{name} has no schema here, and is {schema}.{name} only by the session's search_path.")
    elif step.script.qualified is not None:
        other = next(target for target in step.script.qualified.objects if target.schema)
        yield Hit(
            message=f"{name} has no schema here, though line {step.script.qualified.line} names {other} with one: "
            "which it is depends on the session's search_path."
        )


def _relation(meaning: s.Meaning) -> s.Name | None:
    match meaning:
        case s.CreateTable(is_temporary=False) | s.AlterTable() | s.CreateIndex():
            return meaning.table
        case s.Drop(kind="table" | "view" | "materialized view" | "sequence" | "foreign table"):
            return meaning.names[0]
        case s.CreateView():
            return meaning.view
        case _:
            return None


RULE = Rule(
    id="name-needs-search-path",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.INFO,
    covers_small=True,
    once=Once.SCRIPT,
    statements=(s.CreateTable, s.AlterTable, s.CreateIndex, s.Drop, s.CreateView),
    aliases=("require-table-schema",),
)
