"""Through a script statement by statement, with what is known at each: the order that everything else follows.

A file is one transaction, as far as PostgreSQL lets it: BEGIN and COMMIT in the file divide it, and what allows no
transaction stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.effect import Effect
from pgops.migrations.effects.known import Known
from pgops.migrations.effects.statement_effects import effect_of
from pgops.migrations.sql import statements as s
from pgops.migrations.sql.script import Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.known import Facts
    from pgops.migrations.sql.script import Script


@attrs.frozen(kw_only=True)
class Step:
    """One statement on its way: what it does, in which unit, and what came before it."""

    statement: Statement
    effect: Effect
    unit: int
    """The number of its transaction, from 0; a statement that allows none has a number of its own."""
    in_transaction: bool
    known: Known
    """As it is before the statement: look at it while walking, it goes along."""
    earlier: tuple[Step, ...]
    """The statements before it in the same transaction."""
    settings: dict[str, str | None]
    """What SET has set so far, by name; look at it while walking."""
    explicit: bool = False
    """Whether the file itself began the transaction."""


def walk(script: Script, *, server: int = 18, facts: Facts | None = None) -> Iterator[Step]:
    """Each statement of `script`, transaction control left out. With `facts` the version is the catalogue's."""
    known = Known(server=facts.server if facts is not None else server, facts=facts)
    return walk_on(script, known)


def walk_on(script: Script, known: Known) -> Iterator[Step]:
    """As `walk`, going on from what is known already: a second file knows what the first has made."""
    unit = 0
    explicit = False
    earlier: list[Step] = []
    settings: dict[str, str | None] = {}
    for statement in script.statements:
        meaning = statement.meaning
        if isinstance(meaning, s.TransactionControl):
            if meaning.verb in {"begin", "commit", "rollback", "prepare"}:
                unit += 1 if earlier else 0
                earlier = []
                explicit = meaning.verb == "begin"
                settings = {name: value for name, value in settings.items() if not name.startswith("local ")}
            continue
        effect = effect_of(meaning, known)
        alone = effect.own_unit and not explicit
        if alone and earlier:
            unit += 1
            earlier = []
        step = Step(
            statement=statement,
            effect=effect,
            unit=unit,
            in_transaction=not alone,
            known=known,
            earlier=tuple(earlier),
            settings=settings,
            explicit=explicit,
        )
        yield step
        known.saw(meaning)
        if isinstance(meaning, s.SetVariable):
            settings[f"local {meaning.name}" if meaning.is_local else meaning.name] = meaning.value
        if alone:
            unit += 1
        else:
            earlier.append(step)
