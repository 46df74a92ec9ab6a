"""Statement that reads from outside the cache.

Blocks that are not found in shared buffers come from the operating system: from its cache, or from the disk. A
statement that finds few of its many blocks there reads more than it should have to (an index is missing), what nobody
else uses, or more than fits.

INFO where a statement has read at least `min_read_blocks` from outside, and found less than `min_hit_pct` of its
blocks in shared buffers. It is a false alarm for reports and maintenance that read large tables seldom: no cache is
made for them. The ratio of the whole database is `queries.cache_hit_ratio`.

Manual: appendix F, "pg_stat_statements", shared_blks_hit and shared_blks_read.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Loosest, limit
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
    read_blocks: int
    hit_pct: float
    read_bytes_per_call: int


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    min_hit_pct: float = limit(
        90.0, unit="%", doc="Say so where fewer blocks were found in shared buffers.", loosest=Loosest.HIGHEST
    )
    min_read_blocks: int = limit(1_000_000, unit="blocks", doc="Leave out what has read fewer from outside.")


SQL = f"""
SELECT {NAMES}
       s.mean_exec_time   AS mean_ms,
       s.shared_blks_read AS read_blocks,
       100 * s.shared_blks_hit::float8 / (s.shared_blks_hit + s.shared_blks_read) AS hit_pct,
       (s.shared_blks_read * page.bytes / s.calls)::bigint AS read_bytes_per_call,
       {TEXT}
  {FROM}
   AND s.calls > 0
   AND s.shared_blks_read >= GREATEST(%(min_read_blocks)s::bigint, 1)
   AND s.shared_blks_hit < %(min_hit_pct)s::float8 / 100 * (s.shared_blks_hit + s.shared_blks_read)
 ORDER BY s.shared_blks_read DESC, s.queryid
 LIMIT %(top)s::int
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    poor = row.hit_pct < limits.min_hit_pct and row.read_blocks >= limits.min_read_blocks
    return Severity.INFO if poor else None


def _message(row: Row, _limits: Limits) -> str:
    hit, each = pretty("hit_pct", row.hit_pct), pretty("read_bytes", row.read_bytes_per_call)
    return (
        f"Of the blocks it asked for {hit} were in shared buffers; each of {row.calls:,} calls{since(row)} read {each} "
        f"from outside: {shortened(row.query)}"
    )


CHECK = Check(
    id="queries.low_cache_hit",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        details=("database", "user", "queryid", "calls", "read_blocks", "hit_pct"),
    ),
    queries=asked_by_version(v1_9=SQL),
    requires=READS_STATEMENTS,
)
