"""What PostgreSQL refuses inside a transaction fails there with error 25001.

CREATE INDEX, DROP INDEX and REINDEX CONCURRENTLY, DETACH PARTITION CONCURRENTLY, REINDEX of a partitioned table, a
schema or a database, VACUUM, CREATE and DROP DATABASE, ALTER SYSTEM, and CREATE SUBSCRIPTION that makes a slot commit
on their own or can't be taken back. Between BEGIN and COMMIT each fails, and whatever stood before it in the
transaction is rolled back (manual, the pages of these statements). REFRESH MATERIALIZED VIEW CONCURRENTLY is allowed.

Several statements sent in one string are one transaction too, and so is a file under psql --single-transaction or in
tools that wrap files; `apply` of pgops carries such a statement out on its own. A false alarm: DROP SUBSCRIPTION of one
that has no slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._wording import ended
from pgops.sql import statements as s

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, day date);"
BAD = """
BEGIN;
CREATE INDEX CONCURRENTLY orders_day ON orders (day);
COMMIT;
"""
GOOD = "CREATE INDEX CONCURRENTLY orders_day ON orders (day);"


def look(step: Step) -> Iterator[Hit]:
    if step.explicit and step.effect.own_unit:
        yield Hit(
            message=f"PostgreSQL refuses {_what(step.statement.meaning)} inside a transaction (25001): put it outside "
            "BEGIN and COMMIT.",
            fix=ended(step.statement.text),
        )


def _what(meaning: s.Meaning) -> str:
    match meaning:
        case s.CreateIndex():
            return "CREATE INDEX CONCURRENTLY"
        case s.Drop():
            return "DROP INDEX CONCURRENTLY"
        case s.Reindex(concurrently=True):
            return "REINDEX CONCURRENTLY"
        case s.Reindex(kind="index" | "table"):
            return "REINDEX of a partitioned table"
        case s.Reindex(kind=kind):
            return f"REINDEX {kind.upper()}"
        case s.AlterTable():
            return "DETACH PARTITION CONCURRENTLY"
        case s.Cluster(table=None):
            return "CLUSTER of all tables"
        case s.Cluster():
            return "CLUSTER of a partitioned table"
        case s.Vacuum():
            return "VACUUM"
        case s.CreateSubscription():
            return "CREATE SUBSCRIPTION that makes a slot"
        case s.NoTransaction(what=what):
            return what
        case _:
            return "this"


RULE = Rule(
    id="no-transaction-allowed",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    fails_on=(14, 15, 16, 17, 18),
    covers_small=True,
    aliases=("ban-concurrent-index-creation-in-transaction",),
)
