"""Through a script statement by statement, with what is known at each: the order that everything else follows.

A file is one transaction, as far as PostgreSQL lets it: BEGIN and COMMIT in the file divide it, and what allows no
transaction stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.effect import Effect, Touch
from pgops.migrations.effects.known import Known
from pgops.migrations.effects.statement_effects import effect_of
from pgops.sql import statements as s
from pgops.sql.script import Script, Statement
from pgops.sql.statements import Meaning, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.facts import Facts


TOO_NEW = "42601"
"""What a server says to words that a later version brought."""


@attrs.define(eq=False)
class Unit:
    """One transaction while it goes on."""

    number: int
    """From 0; a statement that allows no transaction has a number of its own."""
    explicit: bool = False
    """Whether the file itself began it."""
    steps: list[Step] = attrs.field(factory=list, repr=False)
    by_class: dict[type[Meaning], list[Step]] = attrs.field(factory=dict, repr=False)
    held: dict[Name, Touch] = attrs.field(factory=dict, repr=False)
    """The strongest lock that it has taken on each relation: all are held till it ends."""

    def copy(self) -> Unit:
        """The same, to go on with by itself."""
        by_class = {kind: list(steps) for kind, steps in self.by_class.items()}
        return Unit(self.number, self.explicit, list(self.steps), by_class, dict(self.held))

    def took(self, step: Step) -> None:
        """Take in a step that was carried out in it."""
        self.steps.append(step)
        self.by_class.setdefault(type(step.statement.meaning), []).append(step)
        for touch in step.effect.touches:
            held = self.held.get(touch.relation)
            if held is None or touch.lock > held.lock:
                self.held[touch.relation] = touch


@attrs.frozen(kw_only=True, eq=False)
class Step:
    """One statement on its way: what it does, in which unit, and what came before it."""

    statement: Statement
    effect: Effect
    script: Script = attrs.field(repr=False)
    in_transaction: bool
    known: Known = attrs.field(repr=False)
    """As it is before the statement: look at it while walking, it goes along."""
    settings: dict[str, str | None]
    """What SET has set so far, by name ("local lock_timeout" for SET LOCAL); look at it while walking."""
    transaction: Unit
    """As it is before the statement: look at it while walking, it goes along."""
    position: int
    """From 0, in its transaction."""

    @property
    def unit(self) -> int:
        """The number of its transaction."""
        return self.transaction.number

    @property
    def explicit(self) -> bool:
        """Whether the file itself began the transaction."""
        return self.transaction.explicit

    @property
    def earlier(self) -> tuple[Step, ...]:
        """The statements before it in the same transaction. A copy: `before` is quicker."""
        return tuple(self.transaction.steps[: self.position])

    def before(self, *kinds: type[Meaning]) -> Iterator[Step]:
        """Those of them that say one of `kinds`, class by class."""
        for kind in kinds:
            for step in self.transaction.by_class.get(kind, ()):
                if step.position >= self.position:
                    break
                yield step


def walk(script: Script, *, server: int = 18, facts: Facts | None = None) -> Iterator[Step]:
    """Each statement of `script`, transaction control left out. With `facts` the version is the catalogue's."""
    known = Known(server=facts.server if facts is not None else server, facts=facts)
    return walk_on(script, known)


def walk_on(script: Script, known: Known) -> Iterator[Step]:
    """As `walk`, going on from what is known already: a second file knows what the first has made."""
    unit = Unit(0)
    settings: dict[str, str | None] = {}
    for statement in script.statements:
        meaning = statement.meaning
        if isinstance(meaning, s.TransactionControl):
            if meaning.verb in {"begin", "commit", "rollback", "prepare"}:
                unit = _next(unit, settings, explicit=meaning.verb == "begin" or meaning.chain)
            continue
        effect = effect_of(meaning, known)
        if statement.newer is not None and statement.newer.since > known.server:
            effect = attrs.evolve(effect, fails=f"{TOO_NEW}: {statement.newer}")
        alone = effect.own_unit and not unit.explicit
        if alone and unit.steps:
            unit = _next(unit, settings)
        step = Step(
            statement=statement,
            effect=effect,
            script=script,
            in_transaction=not alone,
            known=known,
            settings=settings,
            transaction=unit,
            position=len(unit.steps),
        )
        yield step
        known.saw(meaning)
        if isinstance(meaning, s.SetVariable):
            _set(settings, meaning)
        unit.took(step)
        if alone:
            unit = _next(unit, settings)


def _next(unit: Unit, settings: dict[str, str | None], *, explicit: bool = False) -> Unit:
    """The transaction after `unit`: what SET LOCAL has set is gone. One in which nothing was done lends its number."""
    for name in [each for each in settings if each.startswith("local ")]:
        del settings[name]
    return Unit(unit.number + 1 if unit.steps else unit.number, explicit)


def _set(settings: dict[str, str | None], meaning: s.SetVariable) -> None:
    if not meaning.name:  # RESET ALL
        settings.clear()
    elif meaning.is_local:
        settings[f"local {meaning.name}"] = meaning.value
    else:
        settings[meaning.name] = meaning.value
        settings.pop(f"local {meaning.name}", None)
