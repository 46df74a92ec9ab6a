"""Statement that has become slower.

pg_stat_statements counts since its last reset, so its mean hardly moves when a statement that was quick for months gets
slow today. Two observations show it: what was counted between them, against what was counted before. Causes are a plan
that changed (statistics, a dropped index, an upgrade), a table that has grown, or a neighbour who takes the disk.

WARNING where the mean of at least `min_calls` calls since the last observation is `warn_ratio` times the mean before,
and `min_ms` or more; CRITICAL from `crit_ratio`. So it needs a history (`pgops.open_history`, `pgops check
--history`): without an earlier observation it is unseen. A statement that was reset, evicted or seen for the first
time is not judged. It is a false alarm where it is asked for more than before.

Manual: appendix F, "pg_stat_statements".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.api import Check, limit
from pgops.checks.queries._statements import (
    FROM,
    NAMES,
    READS_STATEMENTS,
    TEXT,
    Statement,
    StatementLimits,
    asked_by_version,
    query_target,
    shortened,
)
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row(Statement):
    mean_ms: float
    total_ms: float


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    warn_ratio: float = limit(2.0, unit="times", doc="A warning from so many times the mean before on.")
    crit_ratio: float = limit(10.0, unit="times", doc="Critical from so many times the mean before on.")
    min_ms: float = limit(20.0, unit="ms", doc="Leave out what takes less on average now.")
    min_calls: int = limit(20, unit="calls", doc="So many calls since the last observation, and before it.")
    top: int = limit(500, unit="queries", doc="How many to remember, those with most time first.")


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time  AS mean_ms,
       s.total_exec_time AS total_ms,
       {TEXT}
  {FROM}
 ORDER BY s.total_exec_time DESC, s.queryid
 LIMIT %(top)s::int
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    earlier = seen.earlier
    if earlier is None:
        yield Unseen(
            Target("database", None, seen.server.database),
            "there is no earlier observation to compare with",
            "Keep a history: run_checks(..., history=pgops.open_history(...)), or pgops check --history.",
        )
        return
    before = {query_target(row): row for row in earlier.rows}
    for row in rows:
        limits, was = seen.limits_for(row), before.get(query_target(row))
        if was is None or was.counted_since != row.counted_since:
            continue
        calls, spent_ms = row.calls - was.calls, row.total_ms - was.total_ms
        if min(calls, was.calls) < max(limits.min_calls, 1) or spent_ms < 0:
            continue  # too few to tell, or counted anew
        finding = _judged(row, was, calls=calls, mean_ms=spent_ms / calls, limits=limits)
        if finding is not None:
            yield finding


def _judged(row: Row, was: Any, *, calls: int, mean_ms: float, limits: Limits) -> Finding | None:
    mean_before = was.total_ms / was.calls
    if mean_ms < limits.min_ms or mean_ms < mean_before * min(limits.warn_ratio, limits.crit_ratio):
        return None
    now, then = pretty("ms", mean_ms), pretty("ms", mean_before)
    return Finding(
        Severity.CRITICAL if mean_ms >= mean_before * limits.crit_ratio else Severity.WARNING,
        query_target(row),
        f"The last {calls:,} calls took {now} each on average, and {then} before: {shortened(row.query)}",
        details={"calls": calls, "mean_ms": mean_ms, "mean_before_ms": mean_before, "queryid": row.queryid},
    )


CHECK = Check(
    id="queries.regression",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=query_target,
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
)
