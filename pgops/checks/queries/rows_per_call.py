"""Statement that fetches very many rows each time.

Tens of thousands of rows for one call are more than a person reads or a page shows: a LIMIT is missing, the program
filters or adds up what the server could, or a whole table is copied over and over. It costs time and memory on both
sides.

INFO where a SELECT gave `min_rows_per_call` rows or more on average, in at least `min_calls` calls. It is a false
alarm for exports, backups (pg_dump sends COPY, which is left out) and batch jobs.

Manual: appendix F, "pg_stat_statements", rows.
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
    rows: int
    rows_per_call: int


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    min_rows_per_call: int = limit(10_000, unit="rows a call", doc="From so many rows on.")
    min_calls: int = limit(100, unit="calls", doc="Leave out what was called less often.")


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time AS mean_ms,
       s.rows,
       s.rows / s.calls AS rows_per_call,
       {TEXT}
  {FROM}
   AND s.calls >= GREATEST(%(min_calls)s::bigint, 1)
   AND s.rows / s.calls >= %(min_rows_per_call)s::bigint
   -- what is changed is meant to be many, and its text may be hidden
   AND (s.query IS NULL OR s.query ~* '^[[:space:](]*(/[*].*?[*]/[[:space:]]*)*(select|with|table|values|fetch)[[:>:]]')
 ORDER BY s.rows DESC, s.queryid
 LIMIT %(top)s::int
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    many = row.rows_per_call >= limits.min_rows_per_call and row.calls >= limits.min_calls
    return Severity.INFO if many else None


def _message(row: Row, _limits: Limits) -> str:
    mean = pretty("ms", row.mean_ms)
    return f"Each of {row.calls:,} calls{since(row)} gave {row.rows_per_call:,} rows, in {mean}: {shortened(row.query)}"


CHECK = Check(
    id="queries.rows_per_call",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        details=("database", "user", "queryid", "calls", "rows", "rows_per_call"),
    ),
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
)
