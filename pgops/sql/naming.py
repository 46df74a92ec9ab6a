"""Which objects a statement names: what it makes, changes or drops."""

from __future__ import annotations

from pgops.findings import Target
from pgops.sql import statements as s


def objects_of(meaning: s.Meaning) -> tuple[Target, ...]:
    """The objects, in the order in which they are named; a part (a column, a constraint) with its table.

    What only reads (SELECT), or says nothing that could be read (DO), names none.
    """
    match meaning:
        case s.CreateTable():
            return (meaning.table.target("table"),)
        case s.CreateIndex():
            if meaning.name is None:
                return (meaning.table.target("table"),)
            return (Target("index", meaning.table.schema, meaning.name), meaning.table.target("table"))
        case s.AlterTable():
            return (meaning.table.target(meaning.kind),)
        case s.Drop() if meaning.tables:
            pairs = zip(meaning.names, meaning.tables, strict=True)
            return tuple(table.target(meaning.kind, name.name) for name, table in pairs)
        case s.Drop():
            return tuple(name.target(meaning.kind) for name in meaning.names)
        case s.Rename() | s.Move() | s.Comment():
            return () if meaning.name is None else (meaning.name.target(meaning.kind),)
        case s.CreateTrigger():
            return (meaning.table.target("trigger", meaning.name),)
        case s.CreatePolicy():
            return (meaning.table.target("policy", meaning.name),)
        case s.CreateRule():
            return (meaning.table.target("rule", meaning.name),)
        case s.CreateView():
            return (meaning.view.target("materialized view" if meaning.materialized else "view"),)
        case s.RefreshView():
            return (meaning.view.target("materialized view"),)
        case s.CreateFunction():
            return (meaning.name.target("procedure" if meaning.is_procedure else "function"),)
        case s.CreateSequence():
            return (meaning.sequence.target("sequence"),)
        case s.CreateType():
            return (meaning.name.target("domain" if meaning.kind == "domain" else "type"),)
        case s.AddEnumValue():
            return (meaning.type.target("type"),)
        case s.AlterDomain():
            return (meaning.domain.target("domain"),)
        case s.CreateStatistics():
            return () if meaning.name is None else (meaning.name.target("statistics"),)
        case s.CreateSubscription():
            return (Target("subscription", None, meaning.name),)
        case s.CreateOther():
            return (meaning.name.target(meaning.kind),)
        case s.Change():
            return (meaning.table.target("table"),)
        case s.Grant():
            return tuple(name.target(meaning.kind) for name in meaning.names)
        case s.Truncate() | s.Lock():
            return tuple(name.target("table") for name in meaning.tables)
        case _:
            return ()
