"""What a later version of PostgreSQL brought, an older server refuses as a syntax error (42601).

MERGE and NULLS NOT DISTINCT came with 15, SET EXPRESSION with 17, NOT ENFORCED, VIRTUAL columns and NOT NULL as a named
constraint with 18 (manual, appendix E "Release Notes"). The whole transaction is rolled back, on the one server that
nobody tried it on. What functions and settings need is not looked for.

A false alarm where `server` is not the version that it will be carried out on: a connection says which that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE TABLE orders (id bigint PRIMARY KEY, price numeric, amount int);"
BAD = "ALTER TABLE orders ADD CONSTRAINT orders_price CHECK (price >= 0) NOT ENFORCED;"
GOOD = "ALTER TABLE orders ADD CONSTRAINT orders_price CHECK (price >= 0) NOT VALID;"


def look(step: Step) -> Iterator[Hit]:
    newer, server = step.statement.newer, step.known.server
    if newer is not None and newer.since > server:
        what = f"{newer.what[0].upper()}{newer.what[1:]}"
        yield Hit(message=f"{what} came with PostgreSQL {newer.since}: {server} refuses this (42601).")


RULE = Rule(
    id="needs-newer-server",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    until=17,
    fails_on=(14, 15, 16, 17),
    covers_small=True,
)
