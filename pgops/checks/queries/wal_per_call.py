"""Statement that writes much WAL each time.

Every byte of WAL is written, sent to each replica, archived and replayed. A statement that writes megabytes of it for
each call changes many rows at once (then replicas lag and locks last), rewrites wide rows or their TOAST for a small
change, maintains many indexes, or touches pages for the first time after a checkpoint (full-page images).

INFO where a statement wrote `min_bytes_per_call` or more on average, and at least `min_share_pct` of the WAL of all
statements counted. It is a false alarm for loads and for batches that are meant to be large.

Manual: appendix F, "pg_stat_statements", wal_bytes (extension version 1.8).
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
    wal_bytes: int
    wal_bytes_per_call: int
    share_pct: float


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    min_bytes_per_call: int = limit(10_485_760, unit="bytes a call", doc="From so much WAL a call on.")
    min_share_pct: float = limit(5.0, unit="%", doc="Leave out what wrote a smaller share of all WAL.")


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time    AS mean_ms,
       s.wal_bytes::bigint AS wal_bytes,
       (s.wal_bytes / GREATEST(s.calls, 1))::bigint AS wal_bytes_per_call,
       -- The window spans all rows before LIMIT cuts them.
       COALESCE(100 * s.wal_bytes / NULLIF(pg_catalog.sum(s.wal_bytes) OVER (), 0), 0)::float8 AS share_pct,
       {TEXT}
  {FROM}
 ORDER BY s.wal_bytes DESC, s.queryid
 LIMIT %(top)s::int
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    much = row.wal_bytes_per_call >= limits.min_bytes_per_call and row.share_pct >= limits.min_share_pct
    return Severity.INFO if much else None


def _message(row: Row, _limits: Limits) -> str:
    each, share = pretty("wal_bytes", row.wal_bytes_per_call), pretty("share_pct", row.share_pct)
    calls = f"{row.calls:,} calls{since(row)}"
    return f"Each of {calls} wrote {each} of WAL, {share} of what all statements wrote: {shortened(row.query)}"


CHECK = Check(
    id="queries.wal_per_call",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        details=("database", "user", "queryid", "calls", "wal_bytes", "wal_bytes_per_call"),
    ),
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
)
