"""Scripts cut into what is carried out together: one transaction a file, as far as the file and PostgreSQL let it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.migrations.effects.effect import Effect
from pgops.migrations.effects.walk import walk_on
from pgops.sql import statements as s
from pgops.sql.script import Statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgops.migrations.effects.known import Known
    from pgops.sql.script import Script


@attrs.frozen
class Claimed:
    """A statement with what lint says of it; without, where it only controls the transaction (SAVEPOINT)."""

    statement: Statement
    claim: Effect | None
    file: str | None


@attrs.define
class Unit:
    """What is carried out together."""

    begin: str = "BEGIN"
    """As the file begins it, isolation level and all."""
    end: str = "COMMIT"
    alone: bool = False
    statements: list[Claimed] = attrs.field(factory=list)


def units_of(scripts: Iterable[Script], known: Known) -> Iterator[Unit]:
    """The units of all scripts, in order. What lint says of a statement knows what those before it have made."""
    for script in scripts:
        unit = Unit()
        number: int | None = None
        steps = walk_on(script, known)
        for statement in script.statements:
            meaning = statement.meaning
            if isinstance(meaning, s.TransactionControl):
                if meaning.verb == "begin":
                    if unit.statements:
                        yield unit
                    unit = Unit(begin=statement.text)
                elif meaning.verb in {"commit", "rollback", "prepare"}:
                    unit.end = statement.text if meaning.verb == "prepare" else meaning.verb.upper()
                    if unit.statements:
                        yield unit
                    unit = Unit()
                elif meaning.verb in {"savepoint", "release", "rollback to"}:
                    unit.statements.append(Claimed(statement, None, script.file))
                continue
            step = next(steps)
            if number is not None and step.unit != number and unit.statements:
                yield unit
                unit = Unit()
            number = step.unit
            unit.alone = not step.in_transaction
            unit.statements.append(Claimed(statement, step.effect, script.file))
        if unit.statements:
            yield unit
