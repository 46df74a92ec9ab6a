"""Where the server's time goes: the statements with the most execution time.

One cheap query called a million times can cost more than any slow one, so this listing goes by total time, with the
share of the total over all statements counted (of this database, or of all). Ask it `by_mean` to see the slowest
instead.

`hit_ratio` is the share of blocks found in shared buffers: what was "read" may still have come from the operating
system's cache. `temp_bytes` were written to and read from temporary files, because work_mem was too small for a sort
or a hash. Times for reading and writing are zero while track_io_timing is off. What has been evicted from
pg_stat_statements is not counted: see `queries.statements_evicted`.

Passwords in CREATE ROLE and the like are masked.

Manual: appendix F, "pg_stat_statements". Its version 1.9 adds `toplevel`, 1.11 (PostgreSQL 17) `stats_since` and the
times of local blocks.
"""

from __future__ import annotations

from datetime import datetime

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
)


@attrs.frozen(kw_only=True)
class Row(Statement):
    total_ms: float
    share_pct: float | None
    mean_ms: float
    rows: int
    rows_per_call: float | None
    hit_ratio: float | None
    read_ms: float
    write_ms: float
    temp_bytes: int
    stats_since: datetime | None


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    by_mean: bool = limit(False, unit="yes or no", doc="Order by mean time a call instead of total time.")


SQL = f"""
SELECT {NAMES}
       s.total_exec_time                             AS total_ms,
       -- The window spans all rows before LIMIT cuts them.
       100 * s.total_exec_time / NULLIF(pg_catalog.sum(s.total_exec_time) OVER (), 0) AS share_pct,
       s.mean_exec_time                              AS mean_ms,
       s.rows,
       s.rows::float8 / NULLIF(s.calls, 0)           AS rows_per_call,
       s.shared_blks_hit::float8 / NULLIF(s.shared_blks_hit + s.shared_blks_read, 0) AS hit_ratio,
       s.blk_read_time                               AS read_ms,
       s.blk_write_time                              AS write_ms,
       (s.temp_blks_read + s.temp_blks_written)
           * pg_catalog.current_setting('block_size')::bigint AS temp_bytes,
       NULL::timestamptz                             AS stats_since,
       {TEXT}
  {FROM}
 ORDER BY CASE WHEN %(by_mean)s::bool THEN s.mean_exec_time ELSE s.total_exec_time END DESC, s.queryid
 LIMIT %(top)s::int
"""
SQL_1_11 = (
    SQL.replace("s.blk_read_time", "s.shared_blk_read_time + s.local_blk_read_time")
    .replace("s.blk_write_time", "s.shared_blk_write_time + s.local_blk_write_time")
    .replace("NULL::timestamptz", "s.stats_since")
)


CHECK = Check(
    id="queries.statements_top",
    aliases=("pg_stat_statements_top",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    queries=asked_by_version(v1_9=SQL, v1_11=SQL_1_11),
    requires=READS_STATEMENTS,
    known_as=(
        "ruby-pg-extras: outliers",
        "ruby-pg-extras: calls",
    ),
)
