"""An index whose key is the front of another's costs every write and helps no query.

A btree over (a, b) finds rows by a as one over (a) does, and the index of a UNIQUE or PRIMARY KEY is one like any other
(manual, section 11.3, "Multicolumn Indexes"). Each index more is written by every INSERT and most UPDATEs, is vacuumed,
and takes room in memory.

A false alarm where the longer index is much larger and the short one is read very often. Only plain btree keys are
compared: no expressions, predicates, operator classes, orders, collations or INCLUDE. Nothing is said of an index that
the script drops, as when a new one takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._outline import Key, keys_on, outline_of
from pgops.sql.statements import CreateIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE customers (id bigint PRIMARY KEY, email text UNIQUE, name text);"
BAD = """
CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE);
CREATE INDEX users_email ON users (email);
"""
GOOD = """
CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE, name text);
CREATE INDEX users_name ON users (name, email);
"""


def look(step: Step) -> Iterator[Hit]:
    index = step.statement.meaning
    if not isinstance(index, CreateIndex) or index.only or not (index.is_plain and index.method == "btree"):
        return
    others = [each for each in keys_on(step, index.table) if _makes_needless(step, each, index)]
    # The one with the same key says most.
    best = min(others, key=lambda each: len(each.columns), default=None)
    if best is None:
        return
    is_same = best.columns == index.columns
    called = best.name or f"the index of ({', '.join(map(str, best.columns))})"
    yield Hit(
        message=f"{called} has the same key." if is_same else f"{called} begins with the same columns, and serves too.",
        severity=None if is_same else Severity.INFO,
    )


def _makes_needless(step: Step, other: Key, index: CreateIndex) -> bool:
    if not other.is_plain or other.columns[: len(index.columns)] != index.columns:
        return False
    if index.unique and not (other.unique and other.columns == index.columns):
        return False  # it keeps duplicates out, and the other does not
    if other.made_by is not None and other.made_by.ordinal >= step.statement.ordinal:
        return False
    return other.name is None or (other.name != index.name and other.name not in outline_of(step.script).dropped)


RULE = Rule(
    id="duplicate-index",
    doc=__doc__,
    look=look,
    kind=Kind.STYLE,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(CreateIndex,),
)
