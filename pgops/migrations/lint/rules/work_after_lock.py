"""Work that follows ACCESS EXCLUSIVE in one transaction keeps the table shut for as long as it takes.

The lock is held till COMMIT, whatever comes after it: a change that takes an instant blocks reads and writes for the
whole time of the UPDATE, index or validation behind it. Commit first, then do the work (manual, section 13.3.1).

A false alarm where the work is known to be short. What reads or writes the locked table itself under the same lock is
the business of the rule about that statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.locks import LockMode
from pgops.migrations.lint.api import Hit, Kind, Rule, in_use
from pgops.migrations.lint.rules._locks import blocking, changes_many
from pgops.sql.statements import Copy, CreateTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.effect import Touch
    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE TABLE orders (id bigint PRIMARY KEY, state text);
CREATE TABLE invoices (id bigint PRIMARY KEY, amount numeric);
"""
BAD = """
ALTER TABLE orders DROP COLUMN state;
DELETE FROM invoices WHERE amount = 0;
"""
GOOD = """
ALTER TABLE orders DROP COLUMN state;
COMMIT;
DELETE FROM invoices WHERE amount = 0;
"""


def look(step: Step) -> Iterator[Hit]:
    if not step.transaction.held or not _is_work(step):
        return
    for held in blocking(step, step.transaction.held.values()):
        if held.lock is LockMode.ACCESS_EXCLUSIVE and not _is_same(step, held):
            yield Hit(
                message=f"{held.relation} has been locked in this transaction, and nobody can read or write it while "
                "this works; commit first.",
                touch=held,
            )
            return


def _is_work(step: Step) -> bool:
    meaning = step.statement.meaning
    return (
        (step.effect.is_long and any(touch.scan or touch.rewrite for touch in in_use(step)))
        or changes_many(step)
        or (isinstance(meaning, Copy) and meaning.is_from)
        or (isinstance(meaning, CreateTable) and meaning.as_query)
    )


def _is_same(step: Step, held: Touch) -> bool:
    """Whether the work needs that lock itself."""
    own = step.effect.on(held.relation)
    return own is not None and own.lock is LockMode.ACCESS_EXCLUSIVE and (own.scan or own.rewrite)


RULE = Rule(
    id="work-after-lock",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("E4",),
)
