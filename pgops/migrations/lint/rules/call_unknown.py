"""A procedure or function of one's own may do anything, and its locks are unknown.

CALL and SELECT of a function run code that stands elsewhere: it may lock tables, change rows, even commit. What it does
has to be read there. With a connection a function that is declared STABLE or IMMUTABLE counts as harmless, since it
can't write (manual, section 36.7 "Function Volatility Categories").

Nor can it be told of statements that work on whatever they find: ALTER EXTENSION UPDATE, DROP and REASSIGN OWNED,
ALTER TABLE ALL IN TABLESPACE, EXECUTE.

A false alarm for functions of extensions that are known to be light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import Call, Other, Select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY);
CREATE PROCEDURE archive_orders() LANGUAGE sql AS 'DELETE FROM orders WHERE id < 1000';
"""
BAD = "CALL archive_orders();"
GOOD = "DELETE FROM orders WHERE id < 1000;"


def look(step: Step) -> Iterator[Hit]:
    meaning = step.statement.meaning
    if isinstance(meaning, Call):
        yield Hit(message=f"The procedure {meaning.procedure} may do anything: what it locks is unknown.")
    elif isinstance(meaning, Select):
        for name in meaning.functions:
            if step.known.may_do_anything(name):
                yield Hit(message=f"The function {name} may do anything: what it locks is unknown.")
                return
    elif isinstance(meaning, Other) and step.effect.unknown is not None:
        yield Hit(message=f"What {meaning.what.upper()} locks can't be told from the statement.")


RULE = Rule(
    id="call-unknown",
    doc=__doc__,
    look=look,
    kind=Kind.UNKNOWN,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(Call, Select, Other),
)
