"""Slow queries.

The statements with the longest mean execution time, as pg_stat_statements has counted them since its last reset. A
query that takes seconds each time it is called makes people wait, holds its locks and its snapshot for as long, and is
mostly mended by an index or by another way to ask: look at it with `pgops.explain`.

It is a false alarm for what is meant to take long: reports, dumps, index builds, migrations. What was called seldom
(`min_calls`) is listed but not judged; for the rest set other limits for its role, since the target of a finding is
`role."query id"`. The mean covers the whole window: a query that was mended yesterday looks slow until the next reset,
and one that has got slow today looks fast. The query id stays the same until a major upgrade, or until a table in the
query is created anew.

Passwords in CREATE ROLE and the like are masked. Time for planning is not counted.

Manual: appendix F, "pg_stat_statements". Columns as of its version 1.8 (PostgreSQL 13); 1.9 tells statements inside
functions (`toplevel` false) from those that clients send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, limit
from pgops.checks.judging import by, each_row
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

if TYPE_CHECKING:
    from pgops.findings import Severity


@attrs.frozen(kw_only=True)
class Row(Statement):
    mean_ms: float
    max_ms: float
    stddev_ms: float
    total_ms: float
    rows: int


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    warn_ms: float = limit(500.0, unit="ms", doc="A warning from this mean time on.")
    crit_ms: float = limit(5_000.0, unit="ms", doc="Critical from this mean time on.")
    min_calls: int = limit(
        5, unit="calls", doc="What was called less often is listed, behind the rest, and not judged."
    )


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time                              AS mean_ms,
       s.max_exec_time                               AS max_ms,
       s.stddev_exec_time                            AS stddev_ms,
       s.total_exec_time                             AS total_ms,
       s.rows,
       {TEXT}
  {FROM}
 ORDER BY s.calls >= %(min_calls)s::bigint DESC, s.mean_exec_time DESC, s.queryid
 LIMIT %(top)s::int
"""


_by_mean = by("mean_ms", warning="warn_ms", critical="crit_ms")


def _severity(row: Row, limits: Limits) -> Severity | None:
    return _by_mean(row, limits) if row.calls >= limits.min_calls else None


def _message(row: Row, _: Limits) -> str:
    from pgops.render.quantities import pretty  # noqa: PLC0415  only findings pay for it

    mean, most, total = (pretty("ms", value) for value in (row.mean_ms, row.max_ms, row.total_ms))
    return (
        f"{row.calls:,} calls{since(row)} took {mean} each on average, {most} at most and {total} in all: "
        f"{shortened(row.query)}"
    )


CHECK = Check(
    id="queries.slow_query",
    aliases=("slow_queries",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        details=("database", "user", "queryid", "calls", "mean_ms", "total_ms"),
    ),
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
    known_as=("pghero: slow queries",),
)
