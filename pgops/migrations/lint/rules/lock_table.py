"""LOCK TABLE in a mode from SHARE up stops others until the transaction ends.

Without a mode it is ACCESS EXCLUSIVE, which even SELECT waits for. SHARE ROW EXCLUSIVE and SHARE stop writes. It is
held till COMMIT, so the time it costs is that of everything behind it. SHARE UPDATE EXCLUSIVE keeps other changes of
the schema out and lets programs go on; an advisory lock keeps out those who ask for it (manual, LOCK, section 13.3.5).

A false alarm where tables are swapped or checked for a moment and the lock is what makes it right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._locks import blocking
from pgops.sql.statements import Lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = "LOCK TABLE orders;"
GOOD = "LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE;"


def look(step: Step) -> Iterator[Hit]:
    for touch in blocking(step):
        yield Hit(
            message=f"This stops {touch.lock.blocks} of {touch.relation} until the transaction ends.", touch=touch
        )


RULE = Rule(
    id="lock-table",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    statements=(Lock,),
)
