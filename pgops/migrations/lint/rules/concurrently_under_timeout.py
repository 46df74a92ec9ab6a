"""A timeout that ends CONCURRENTLY leaves an invalid index behind.

CREATE INDEX CONCURRENTLY waits for every transaction that writes to the table, and then for every older snapshot of the
database, each wait under lock_timeout; statement_timeout counts it all. When one of them strikes (55P03, 57014) the
index stays, INVALID: written to by every change and used by no query (manual, CREATE INDEX, "Building Indexes
Concurrently"). A REINDEX leaves a second one that ends in _ccnew, DROP INDEX the old one invalid, DETACH PARTITION
a partition that is half detached until FINALIZE. Its locks block nobody's work, so it may wait.

A false alarm where the timeout is as long as anybody would wait, and something looks for invalid indexes afterwards.
Only what SET has set in the script is seen here; a role or database may have its own (ALTER ROLE ... SET).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._timeouts import in_force
from pgops.migrations.lint.rules._wording import ended
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, day date);"
BAD = """
SET lock_timeout = '2s';
CREATE INDEX CONCURRENTLY orders_day ON orders (day);
RESET lock_timeout;
"""
GOOD = """
SET lock_timeout = 0;
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY orders_day ON orders (day);
RESET lock_timeout;
RESET statement_timeout;
"""

_TIMEOUTS = ("lock_timeout", "statement_timeout", "transaction_timeout")


def look(step: Step) -> Iterator[Hit]:
    left = _left_behind(step.statement.meaning)
    if left is None or step.explicit:
        return
    limits = {name: value for name in _TIMEOUTS if (value := in_force(step, name)) is not None}
    if not limits:
        return
    off = [f"SET {name} = 0;" for name in limits]
    again = [f"SET {name} = {_literal(value)};" for name, value in limits.items()]
    said = " and ".join(f"{name} = {value}" for name, value in limits.items())
    yield Hit(
        message=f"Under {said} this may be broken off, and then leaves {left} behind.",
        fix="\n".join([*off, ended(step.statement.text), *again]),
    )


def _left_behind(meaning: s.Meaning) -> str | None:
    match meaning:
        case s.CreateIndex(concurrently=True):
            return "an invalid index"
        case s.Reindex(concurrently=True):
            return "an invalid index that ends in _ccnew"
        case s.Drop(concurrently=True):
            return "the index, invalid,"
        case s.AlterTable(actions=(s.DetachPartition(concurrently=True), *_)):
            return "the partition half detached"
        case _:
            return None


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


RULE = Rule(
    id="concurrently-under-timeout",
    doc=__doc__,
    look=look,
    kind=Kind.BREAKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    statements=(s.CreateIndex, s.Reindex, s.Drop, s.AlterTable),
)
