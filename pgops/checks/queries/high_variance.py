"""Statement that is quick mostly, and now and then slow.

Where a statement's time varies by several times its mean, the mean hides what people feel. Causes are values that are
not like others (one customer with most rows) under a generic plan or with statistics too coarse for them, locks that it
waits for, cold caches, and checkpoints.

INFO where the standard deviation is at least `min_ratio` times the mean, the slowest call took `min_max_ms` or more,
and there were at least `min_calls`. It is a false alarm for statements whose work depends on what they are asked for.
To see what the slow ones did: auto_explain with log_min_duration above the mean.

Manual: appendix F, "pg_stat_statements", stddev_exec_time; "auto_explain".
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
    stddev_ms: float
    max_ms: float
    ratio: float
    """Standard deviation to mean."""


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    min_ratio: float = limit(5.0, unit="times", doc="From so many times the mean on.")
    min_max_ms: float = limit(1_000.0, unit="ms", doc="Leave out what was never this slow.")
    min_calls: int = limit(100, unit="calls", doc="Leave out what was called less often.")


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time   AS mean_ms,
       s.stddev_exec_time AS stddev_ms,
       s.max_exec_time    AS max_ms,
       s.stddev_exec_time / s.mean_exec_time AS ratio,
       {TEXT}
  {FROM}
   AND s.calls >= %(min_calls)s::bigint
   AND s.max_exec_time >= %(min_max_ms)s::float8
   AND s.mean_exec_time > 0
   AND s.stddev_exec_time >= s.mean_exec_time * %(min_ratio)s::float8
 ORDER BY s.stddev_exec_time * s.calls DESC, s.queryid
 LIMIT %(top)s::int
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    varies = row.ratio >= limits.min_ratio and row.max_ms >= limits.min_max_ms and row.calls >= limits.min_calls
    return Severity.INFO if varies else None


def _message(row: Row, _limits: Limits) -> str:
    mean, most, spread = (pretty("ms", value) for value in (row.mean_ms, row.max_ms, row.stddev_ms))
    return (
        f"{row.calls:,} calls{since(row)} took {mean} each on average and {most} at most, with a standard deviation of "
        f"{spread}: {shortened(row.query)}"
    )


CHECK = Check(
    id="queries.high_variance",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        details=("database", "user", "queryid", "calls", "mean_ms", "stddev_ms", "max_ms"),
    ),
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
)
