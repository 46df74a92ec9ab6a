"""TRUNCATE throws all rows away and locks the table; with CASCADE it empties tables that nobody named.

It takes ACCESS EXCLUSIVE on every table that it empties. CASCADE adds each table with a foreign key to one of them, and
those that refer to these: rows are lost in tables that the statement does not mention. Without CASCADE it is refused
(0A000) where such a table is not named too. Row triggers do not fire, and a transaction with an older snapshot sees an
empty table (manual, TRUNCATE). DELETE in batches blocks nobody.

A false alarm where losing the rows is the purpose: say so in an ignore comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.sql.statements import Truncate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.statements import Name

SETUP = """
CREATE TABLE customers (id bigint PRIMARY KEY);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers);
"""
BAD = "TRUNCATE customers CASCADE;"
GOOD = "DELETE FROM orders WHERE id BETWEEN 1 AND 10000;"


def look(step: Step) -> Iterator[Hit]:
    truncate = step.statement.meaning
    if not isinstance(truncate, Truncate):
        return
    named = [each for each in truncate.tables if exists_already(step, each)]
    if not named:
        return
    others = _referencing(step, named, truncate.tables)
    names = ", ".join(map(str, others))
    touch = step.effect.on(named[0])
    if truncate.cascade:
        also = f", and so are those of {names}, which refer to them" if others else ""
        also = also if step.known.facts is not None else ", and so are those of every table that refers to them"
    elif others:
        also = f"; PostgreSQL refuses it (0A000) unless {names} {'are' if len(others) > 1 else 'is'} named too"
    else:
        also = ""
    yield Hit(message=f"All rows of {', '.join(map(str, named))} are lost{also}.", touch=touch)


def _referencing(step: Step, named: list[Name], all_named: tuple[Name, ...]) -> list[Name]:
    """The tables that refer to those of the statement and are not in it, as far as the catalogue was read."""
    seen: list[Name] = []
    waiting = list(named)
    while waiting:
        facts = step.known.table(waiting.pop())
        for each in facts.referenced_by if facts is not None else ():
            if each not in seen and not any(same(each, name) for name in all_named):
                seen.append(each)
                waiting.append(each)
    return seen


RULE = Rule(
    id="truncate",
    doc=__doc__,
    look=look,
    kind=Kind.LOSES,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    covers_small=True,
    aliases=("ban-truncate-cascade",),
    statements=(Truncate,),
)
