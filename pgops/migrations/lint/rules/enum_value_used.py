"""A value that ALTER TYPE ADD VALUE has added can't be used before the transaction is committed.

PostgreSQL refuses it with 55P04, "unsafe use of new value": in an INSERT, an UPDATE, a default or a CHECK (manual,
ALTER TYPE, "Notes"). Add the value in one transaction and use it in the next. From PostgreSQL 17 on it may be used at
once where the type itself was made in the same transaction.

The value is looked for as it is written in later statements, so a text that is merely equal to it is a false alarm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.effects.known import same
from pgops.migrations.lint.api import Hit, Kind, Once, Rule
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TYPE state AS ENUM ('new', 'paid'); CREATE TABLE orders (id bigint PRIMARY KEY, state state);"
BAD = """
ALTER TYPE state ADD VALUE 'shipped';
UPDATE orders SET state = 'shipped' WHERE id = 1;
INSERT INTO orders (id, state) VALUES (2, 'shipped');
"""
GOOD = """
ALTER TYPE state ADD VALUE 'shipped';
COMMIT;
UPDATE orders SET state = 'shipped' WHERE id = 1;
INSERT INTO orders (id, state) VALUES (2, 'shipped');
"""


def look(step: Step) -> Iterator[Hit]:
    for added in step.before(s.AddEnumValue):
        new = added.statement.meaning
        assert isinstance(new, s.AddEnumValue)  # noqa: S101  as it was asked for
        literal = "'" + new.value.replace("'", "''") + "'"
        if literal in step.statement.text and not _may_be_used(step, new):
            yield Hit(
                message=f"{literal} was added to {new.type} in this transaction: using it is refused (55P04).",
                fix=f"{added.statement.text};\nCOMMIT;\n{step.statement.text};",
            )


def _may_be_used(step: Step, new: s.AddEnumValue) -> bool:
    made = (each.statement.meaning for each in step.before(s.CreateType))
    return step.known.server >= 17 and any(
        isinstance(each, s.CreateType) and same(each.name, new.type) for each in made
    )


RULE = Rule(
    id="enum-value-used",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    fails_on=(14, 15, 16, 17, 18),
    covers_small=True,
    once=Once.TRANSACTION,
    # where a value is used, not merely named (COMMENT, SET) or kept for later (the body of a function)
    statements=(s.Change, s.Select, s.AlterTable, s.CreateTable, s.CreateIndex, s.CreateView, s.CreatePolicy, s.Do),
)
