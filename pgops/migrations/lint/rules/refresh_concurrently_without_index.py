"""REFRESH MATERIALIZED VIEW CONCURRENTLY is refused where the view has no unique index.

PostgreSQL compares old and new rows by a unique index over whole columns and all rows; an index with an expression or a
WHERE does not count. Without one it answers 55000, "cannot refresh materialized view concurrently" (manual, REFRESH
MATERIALIZED VIEW).

It takes a catalogue to know the view's indexes; what the script has made or dropped before counts too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Hit, Kind, Rule, exists_already
from pgops.migrations.lint.rules._refreshing import has_unique_index
from pgops.sql.statements import RefreshView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = "CREATE MATERIALIZED VIEW totals AS SELECT 1 AS id, 2 AS total;"
BAD = "REFRESH MATERIALIZED VIEW CONCURRENTLY totals;"
GOOD = """
CREATE UNIQUE INDEX CONCURRENTLY totals_id ON totals (id);
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
"""


def look(step: Step) -> Iterator[Hit]:
    refresh = step.statement.meaning
    if not isinstance(refresh, RefreshView) or not refresh.concurrently or not exists_already(step, refresh.view):
        return
    if has_unique_index(step, refresh.view) is False:
        yield Hit(
            message=f"PostgreSQL refuses CONCURRENTLY (55000), as {refresh.view} has no unique index over whole "
            "columns and all rows.",
        )


RULE = Rule(
    id="refresh-concurrently-without-index",
    doc=__doc__,
    look=look,
    kind=Kind.FAILS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    severity=Severity.CRITICAL,
    fails_on=(14, 15, 16, 17, 18),
    needs_catalogue=True,
    covers_small=True,
    statements=(RefreshView,),
)
