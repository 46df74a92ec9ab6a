"""A BEGIN inside a transaction begins nothing, and one that no COMMIT ends is rolled back.

PostgreSQL answers a second BEGIN with a warning (25001) and goes on in the first transaction, which the first COMMIT
then ends: what follows, and was meant to be in it, is committed statement by statement. A file that ends inside a
transaction that it began itself leaves it to whoever closes the connection, and that rolls back (manual, BEGIN).

`apply` of pgops carries a file out as one transaction; BEGIN and COMMIT in it divide it. Not found: a BEGIN that
follows statements outside of an explicit transaction, and a COMMIT without BEGIN, which ends the file's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.sql.statements import TransactionControl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step
    from pgops.sql.script import Statement

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY);"
BAD = """
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
BEGIN;
ALTER TABLE orders ADD COLUMN remark text;
COMMIT;
"""
GOOD = """
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
ALTER TABLE orders ADD COLUMN remark text;
COMMIT;
"""


def look(step: Step) -> Iterator[Hit]:
    statements = step.script.statements
    if step.unit != 0 or step.position != 0:
        return  # the first statement speaks for the whole script
    began: Statement | None = None
    for each in statements:
        control = each.meaning
        if not isinstance(control, TransactionControl):
            continue
        if control.verb == "begin" and began is not None:
            yield Hit(message=f"A transaction was begun in line {began.line}: this BEGIN begins nothing.", at=each)
        elif control.verb == "begin" or control.chain:
            began = each
        elif control.verb in {"commit", "rollback", "prepare"}:
            began = None
    if began is not None:
        yield Hit(
            message="No COMMIT ends this transaction: what it has done is rolled back when the connection closes.",
            at=began,
            severity=Severity.CRITICAL,
        )


RULE = Rule(
    id="nested-transaction",
    doc=__doc__,
    look=look,
    kind=Kind.LOSES,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    covers_small=True,
    aliases=("transaction-nesting", "ban-uncommitted-transaction"),
)
