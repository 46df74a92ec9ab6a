"""What a script makes further down: a rule that sees a name vanish looks whether it comes back.

A script is gone through once, however many rules and statements ask.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.known import same
from pgops.sql import statements as s
from pgops.sql.script import Script
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from pgops.migrations.effects.walk import Step


@attrs.define
class _Ahead:
    script: Script | None = None
    names: dict[str, list[tuple[int, Name]]] = attrs.field(factory=lambda: defaultdict(list))
    """Relations that get a name, by the bare name, each with the ordinal of its statement."""
    vacated: dict[str, list[tuple[int, Name]]] = attrs.field(factory=lambda: defaultdict(list))
    """Names that RENAME and DROP take away."""
    policies: dict[str, list[Name]] = attrs.field(factory=lambda: defaultdict(list))
    """Tables that get a policy."""


_latest = _Ahead()


def _ahead(script: Script) -> _Ahead:
    global _latest  # noqa: PLW0603  the linter asks about one script after another
    latest = _latest
    if latest.script is not script:
        latest = _Ahead(script)
        for statement in script.statements:
            _take(latest, statement.ordinal, statement.meaning)
        _latest = latest
    return latest


def _take(ahead: _Ahead, ordinal: int, meaning: s.Meaning) -> None:
    match meaning:
        case s.CreateTable(table=name) | s.CreateView(view=name):
            ahead.names[name.name].append((ordinal, name))
        case s.Rename(sub=None, name=name, new_name=new_name):
            ahead.names[new_name].append((ordinal, Name(new_name, name.schema)))
            ahead.vacated[name.name].append((ordinal, name))
        case s.Drop(names=names):
            for name in names:
                ahead.vacated[name.name].append((ordinal, name))
        case s.CreatePolicy(table=table, alters=False):
            ahead.policies[table.name].append(table)


def comes_back(step: Step, name: Name) -> bool:
    """Whether the script makes a relation of that name after the statement: a view over the new one, a new table."""
    ordinal = step.statement.ordinal
    return any(each > ordinal and same(other, name) for each, other in _ahead(step.script).names.get(name.name, ()))


def was_vacated(step: Step, name: Name) -> bool:
    """Whether the script has taken that name away from another relation before the statement."""
    ordinal = step.statement.ordinal
    return any(each < ordinal and same(other, name) for each, other in _ahead(step.script).vacated.get(name.name, ()))


def gets_policy(step: Step, table: Name) -> bool:
    """Whether the script makes a policy of the table, before the statement or after it."""
    return any(same(each, table) for each in _ahead(step.script).policies.get(table.name, ()))


def view_over(new: Name, old: Name) -> str:
    """A view under the old name, that can be written through as long as it is as plain as this."""
    return f"CREATE VIEW {old} AS SELECT * FROM {new};"  # noqa: S608  names are quoted by Name
