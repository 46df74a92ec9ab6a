"""REFRESH MATERIALIZED VIEW without CONCURRENTLY locks out every reader until it is done.

It takes ACCESS EXCLUSIVE on the view for as long as its query runs. CONCURRENTLY takes EXCLUSIVE, which lets readers
go on, and needs a unique index over whole columns and all rows (manual, REFRESH MATERIALIZED VIEW). It may stand in a
transaction. It is slower where most rows change, and the first filling can't be concurrent.

A false alarm where nobody reads the view at that time. WITH NO DATA empties the view, which is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.lint.api import Hit, Kind, Rule
from pgops.migrations.lint.rules._refreshing import has_unique_index
from pgops.sql.statements import RefreshView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.migrations.effects.walk import Step

SETUP = """
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS id, 2 AS total;
CREATE UNIQUE INDEX totals_id ON totals (id);
"""
BAD = "REFRESH MATERIALIZED VIEW totals;"
GOOD = "REFRESH MATERIALIZED VIEW CONCURRENTLY totals;"


def look(step: Step) -> Iterator[Hit]:
    refresh = step.statement.meaning
    if not isinstance(refresh, RefreshView) or refresh.concurrently or refresh.with_no_data:
        return
    facts = step.known.table(refresh.view)
    has_index = has_unique_index(step, refresh.view)
    is_filled = facts is None or facts.rows > 0  # CONCURRENTLY is refused on one that never was (0A000)
    advice = "" if has_index else " CONCURRENTLY would not, but it needs a unique index, not partial, over columns."
    yield Hit(
        message=f"Nobody can read {refresh.view} until it is filled again.{advice}",
        fix=f"REFRESH MATERIALIZED VIEW CONCURRENTLY {refresh.view};" if has_index and is_filled else None,
    )


RULE = Rule(
    id="refresh-not-concurrent",
    doc=__doc__,
    look=look,
    kind=Kind.BLOCKS,
    setup=SETUP,
    bad=BAD,
    good=GOOD,
    aliases=("require-concurrent-refresh-materialized-view",),
    statements=(RefreshView,),
)
