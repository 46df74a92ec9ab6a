"""Sessions have to fsync data files themselves.

Sessions hand the files that they wrote to the checkpointer, which fsyncs them at the next checkpoint. When its queue
is full a session has to do it on the spot, in the middle of a query: it waits for the disk, hundreds of milliseconds
at a time. It happens on a storage that can't keep up, or with shared_buffers so small that the queue (as long as there
are buffers) is.

WARNING from `warn_times` on since the counters began. It is a false alarm where the cause lies in the past: reset the
counters.

Manual: view pg_stat_bgwriter, buffers_backend_fsync (until PostgreSQL 16); pg_stat_io, fsyncs (from 16).
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    times: int
    counted_since: datetime | None
    shared_buffers: str


@attrs.frozen(kw_only=True)
class Limits:
    warn_times: int = limit(100, unit="times", doc="A warning from so many on.")


SQL = """
SELECT b.buffers_backend_fsync AS times,
       b.stats_reset           AS counted_since,
       pg_catalog.current_setting('shared_buffers') AS shared_buffers
  FROM pg_catalog.pg_stat_bgwriter AS b
"""
# Temporary tables are never fsynced; the checkpointer's own are its work.
SQL_16 = """
SELECT COALESCE(pg_catalog.sum(i.fsyncs), 0)::bigint AS times,
       pg_catalog.min(i.stats_reset) AS counted_since,
       pg_catalog.current_setting('shared_buffers') AS shared_buffers
  FROM pg_catalog.pg_stat_io AS i
 WHERE i.object = 'relation'
   AND i.context = 'normal'
   AND i.backend_type IN ('client backend', 'background worker', 'autovacuum worker')
"""

CHECK = Check(
    id="wal.backend_fsync",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=lambda row, limits: Severity.WARNING if row.times >= limits.warn_times else None,
        target=lambda _: Target("server", None, "checkpointer"),
        message="Sessions had to fsync data files themselves {times} times since {counted_since} (shared_buffers is "
        "{shared_buffers}): the checkpointer's queue was full.",
        details=("times",),
    ),
    queries=[Query(since=14, sql=SQL), Query(since=16, sql=SQL_16)],
    scope=Scope.CLUSTER,
)
