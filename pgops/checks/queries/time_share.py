"""Statement that takes a large share of all the time.

Where one statement takes a third of the time that a database spends on queries, it decides how the whole runs: to mend
it, by an index, a cache in front of it or by asking less often, gives back more than all the others together.

WARNING from `warn_pct` of the execution time of all statements counted (of this database, or of all), where these took
at least `min_total_ms` together: before that a share means nothing. It is a false alarm where the statement is what the
database is for. The share covers the whole time since pg_stat_statements was reset; what has been evicted meanwhile is
missing in the total (`queries.statements_evicted`). Time for planning is not counted.

Manual: appendix F, "pg_stat_statements".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, limit
from pgops.checks.judging import each_row
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
    since,
)
from pgops.findings import Severity
from pgops.render.quantities import pretty


@attrs.frozen(kw_only=True)
class Row(Statement):
    mean_ms: float
    total_ms: float
    share_pct: float
    counted_ms: float
    """Of all statements together."""


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    warn_pct: float = limit(33.0, unit="%", doc="A warning from this share of the execution time on.")
    min_total_ms: float = limit(60_000.0, unit="ms", doc="How long all statements must have taken together.")


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time  AS mean_ms,
       s.total_exec_time AS total_ms,
       -- The window spans all rows before LIMIT cuts them.
       COALESCE(100 * s.total_exec_time / NULLIF(pg_catalog.sum(s.total_exec_time) OVER (), 0), 0) AS share_pct,
       pg_catalog.sum(s.total_exec_time) OVER () AS counted_ms,
       {TEXT}
  {FROM}
 ORDER BY s.total_exec_time DESC, s.queryid
 LIMIT %(top)s::int
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    big = row.share_pct >= limits.warn_pct and row.counted_ms >= limits.min_total_ms
    return Severity.WARNING if big else None


def _message(row: Row, _limits: Limits) -> str:
    share, total = pretty("share_pct", row.share_pct), pretty("ms", row.total_ms)
    calls = f"{row.calls:,} calls{since(row)}"
    return f"It took {share} of the time of all statements, {total} in {calls}: {shortened(row.query)}"


CHECK = Check(
    id="queries.time_share",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        details=("database", "user", "queryid", "calls", "total_ms", "share_pct"),
    ),
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
)
