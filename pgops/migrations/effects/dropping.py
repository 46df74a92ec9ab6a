"""DROP of anything, and what goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.foreign_keys import other_ends
from pgops.migrations.effects.indexes import drop_index
from pgops.migrations.effects.known import same
from pgops.migrations.effects.locks import LockMode
from pgops.migrations.effects.relatives import everywhere, referencing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.known import Known
    from pgops.sql import statements as s
    from pgops.sql.statements import Name

AX = LockMode.ACCESS_EXCLUSIVE
SUX = LockMode.SHARE_UPDATE_EXCLUSIVE

_RELATIONS = {"table", "view", "materialized view", "sequence", "foreign table"}
_ALONE = {"trigger", "rule", "policy", "statistics", "event trigger", "publication", "role", "subscription"}
"""What nothing of a table can depend on."""


def drop(meaning: s.Drop, known: Known) -> Effect:
    """The effect of one DROP."""
    match meaning.kind:
        case "index":
            return drop_index(meaning, known)
        case "statistics":
            return _statistics(meaning, known)
        case "trigger":
            return Effect(touches=tuple(each for table in meaning.tables for each in everywhere(table, known, AX)))
        case "rule" | "policy":
            return Effect(touches=tuple(Touch(each, AX) for each in meaning.tables))
        case kind if kind in _RELATIONS:
            touches = [each for name in meaning.names for each in _relation(name, meaning, known)]
            unknown = None
            if meaning.cascade and kind == "sequence":
                unknown = "what CASCADE drops besides is not known from the statement"
            return Effect(touches=tuple(dict.fromkeys(touches)), unknown=unknown)
        case "type" | "domain" if meaning.cascade:
            # The columns are dropped. What depends on those in turn is not looked up.
            types = (known.type(name) for name in meaning.names)
            tables = (name for each in types if each is not None for name in each.columns_in)
            return Effect(
                touches=tuple(dict.fromkeys(Touch(each, AX, role="table that uses it") for each in tables)),
                unknown="what CASCADE drops besides is not known from the statement",
            )
        case kind if meaning.cascade and kind not in _ALONE:
            return Effect(unknown="what CASCADE drops is not known from the statement")
        case _:
            return Effect()


def _relation(name: Name, meaning: s.Drop, known: Known) -> Iterator[Touch]:
    role = meaning.kind
    yield Touch(name, AX, role=role)
    found = known.table(name)
    if found is None:
        return
    if meaning.cascade:
        yield from (Touch(each, AX, role="view") for each in found.views)
    if role not in {"table", "foreign table"}:
        return
    yield from everywhere(name, known, AX)[1:]
    yield from (each for each in other_ends(name, known) if each.relation != name)
    if found.parent is not None and not known.is_detached(name):
        yield Touch(found.parent, AX, role="parent")
        parent = known.table(found.parent)
        default = parent.default_partition if parent is not None else None
        if default is not None and not same(default, name):
            yield from everywhere(default, known, AX, role="default partition")
    if meaning.cascade:
        for key in referencing(name, known):
            yield from everywhere(key.table, known, AX, inheriting=False, role="referencing table")


def _statistics(meaning: s.Drop, known: Known) -> Effect:
    tables = [known.statistics(name) for name in meaning.names]
    return Effect(
        touches=tuple(Touch(each, SUX) for each in dict.fromkeys(tables) if each is not None),
        perhaps=tuple(Touch(name, SUX, role="table of the statistics") for name in meaning.names)
        if known.facts is None
        else (),
    )
