"""Statement that spills to temporary files.

A sort, a hash or a materialized result that does not fit into work_mem is written to disk and read again, which takes
many times as long. Which statements that are, of all those that `queries.temp_files` counts together, is seen here.

WARNING where a statement writes `warn_bytes_per_call` or more on average, INFO from a tenth of that on, and in all at
least `min_total_bytes`. Raise work_mem for the role or the transaction that needs it (`SET LOCAL work_mem`), not for
the server: every sort of every session may take as much. Or spare the sort by an index, or the rows by asking for
less. It is a false alarm for index builds and for reports that take long anyway.

Manual: appendix F, "pg_stat_statements", temp_blks_written; section 19.4.1, work_mem.
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
    temp_bytes: int
    """Written in all."""
    temp_bytes_per_call: int
    work_mem: str


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    warn_bytes_per_call: int = limit(104_857_600, unit="bytes a call", doc="A warning from so much a call on.")
    min_total_bytes: int = limit(1_073_741_824, unit="bytes", doc="How much it must have written in all.")


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time AS mean_ms,
       s.temp_blks_written * page.bytes AS temp_bytes,
       (s.temp_blks_written * page.bytes / s.calls)::bigint AS temp_bytes_per_call,
       pg_catalog.current_setting('work_mem') AS work_mem,
       {TEXT}
  {FROM}
   AND s.calls > 0
   AND s.temp_blks_written * page.bytes >= %(min_total_bytes)s::bigint
   AND s.temp_blks_written * page.bytes / s.calls >= %(warn_bytes_per_call)s::bigint / 10
 ORDER BY temp_bytes DESC, s.queryid
 LIMIT %(top)s::int
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.temp_bytes < limits.min_total_bytes or row.temp_bytes_per_call < limits.warn_bytes_per_call / 10:
        return None
    return Severity.WARNING if row.temp_bytes_per_call >= limits.warn_bytes_per_call else Severity.INFO


def _message(row: Row, _limits: Limits) -> str:
    each, total = pretty("temp_bytes", row.temp_bytes_per_call), pretty("temp_bytes", row.temp_bytes)
    return (
        f"Each of {row.calls:,} calls{since(row)} wrote {each} to temporary files, {total} in all (work_mem is "
        f"{row.work_mem}): {shortened(row.query)}"
    )


CHECK = Check(
    id="queries.temp_spill",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        details=("database", "user", "queryid", "calls", "temp_bytes", "temp_bytes_per_call"),
    ),
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
)
