"""A transaction that locks thousands of relations runs out of the server's memory for locks.

Every table, index, sequence and TOAST table that is made, changed or dropped stays locked till COMMIT, partitions one
by one. The server has room for max_locks_per_transaction x (max_connections + max_prepared_transactions) locks of all
sessions, 6,400 where nothing was set, and a little to spare; then everybody gets "out of shared memory" (53200;
manual, section 20.12). With the defaults of PostgreSQL 18 the 1,863rd DROP TABLE in one transaction failed, of tables
with a primary key and a text column, which are four locks each.

Counted is what the statements name and, with a connection, what that brings along, against what that server allows.
Without one the default is taken, so a server with a greater max_locks_per_transaction makes it a false alarm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Once, Rule
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

DEFAULT_MOST = 64 * 100
"""max_locks_per_transaction x max_connections of a server where neither was set."""
A_TABLE = 4
"""The table, its TOAST table and that one's index, its primary key."""

_TABLES = [f"CREATE TABLE customer_{number} (id bigint PRIMARY KEY, note text);" for number in range(1, 1602)]
BAD = "\n".join(_TABLES)
GOOD = "\n".join([*_TABLES[:3], "COMMIT;", *_TABLES[3:6]])


def look(step: Step) -> Iterator[Hit]:
    facts = step.known.facts
    most = DEFAULT_MOST if facts is None or facts.max_locks is None else facts.max_locks
    # Half of what is counted below is the least that has to be there before it is worth counting.
    unit = step.transaction
    if len(unit.held) + A_TABLE * len(unit.steps) + len(step.effect.touches) < most and not _names_many(step, most):
        return
    made = sum(A_TABLE for _ in step.before(s.CreateTable)) + sum(1 for _ in step.before(s.CreateIndex))
    dropped = sum(_more(each) for each in step.before(s.Drop))
    locks = len(unit.held) + made + dropped + _own(step)
    if locks > most:
        server = "this server" if facts is not None else "a server with default settings"
        yield Hit(
            message=f"Some {locks:,} relations are locked in one transaction by now, and {server} has room for about "
            f"{most:,} locks: commit in between."
        )


def _names_many(step: Step, most: int) -> bool:
    meaning = step.statement.meaning
    return isinstance(meaning, s.Drop) and A_TABLE * len(meaning.names) >= most


def _own(step: Step) -> int:
    own = sum(1 for each in step.effect.touches if each.relation not in step.transaction.held)
    match step.statement.meaning:
        case s.CreateTable():
            return own + A_TABLE
        case s.CreateIndex():
            return own + 1
        case s.Drop():
            return own + _more(step)
        case _:
            return own


def _more(step: Step) -> int:
    """What a DROP locks beside what it names."""
    drop = step.statement.meaning
    return (A_TABLE - 1) * len(drop.names) if isinstance(drop, s.Drop) and drop.kind == "table" else 0


RULE = Rule(
    id="too-many-locks",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    once=Once.TRANSACTION,
)
