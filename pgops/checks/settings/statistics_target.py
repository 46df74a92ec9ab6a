"""default_statistics_target is far from what plans need.

ANALYZE keeps that many most frequent values and bounds of a histogram for each column. With few the planner misjudges
skewed columns; with thousands every ANALYZE samples hundreds of times as many rows, and planning, which reads them, is
slower for all. Columns that need more get it by ALTER TABLE ... ALTER COLUMN ... SET STATISTICS.

INFO below `min_target` or above `max_target`. A false alarm: a warehouse of few, large queries.

Manual: section 14.2 and 19.7.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.settings._reading import Rule, Setting, finding, hidden, settings_sql, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen
    from pgops.findings import Finding, Unseen


@attrs.frozen(kw_only=True)
class Limits:
    min_target: int = limit(50, unit="values", doc="Fewer are too few.")
    max_target: int = limit(1000, unit="values", doc="More are too many.")


def judge(rows: Sequence[Setting], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    limits = seen.limits
    for setting in rows:
        if setting.source == "client":
            yield hidden(setting)
        elif int(setting.value) < limits.min_target:
            why = "the planner knows too little of unevenly distributed columns"
            yield finding(setting, Rule(wrong=bool, why=why, better="100"), seen.server)
        elif int(setting.value) > limits.max_target:
            why = "ANALYZE and planning are slow for every column, not only for those that need it"
            yield finding(setting, Rule(wrong=bool, why=why, better="100"), seen.server)


CHECK = Check(
    id="settings.statistics_target",
    doc=__doc__,
    row=Setting,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=settings_sql("default_statistics_target"))],
    target=target_of,
)
