"""WAL buffers are too small.

Sessions write WAL into wal_buffers first. When they are full, a session has to write to the disk itself in the middle
of its work, and all that want to write WAL wait for it. The default, a 32nd of shared_buffers up to 16 MB, is enough
for most; bulk loads over many sessions need more.

INFO where that happened for at least `info_pct` of the WAL records, and `min_times` times, since the counters began.
The remedy takes a restart. It is a false alarm after one mass load.

Manual: section 28.5, "WAL Configuration"; view pg_stat_wal, wal_buffers_full.
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
    records: int
    full_pct: float
    buffers_bytes: int
    counted_since: datetime | None


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(0.1, unit="%", doc="From this share of the WAL records on.")
    min_times: int = limit(10_000, unit="times", doc="Say nothing where it happened less often.")


SQL = """
SELECT w.wal_buffers_full AS times,
       w.wal_records      AS records,
       COALESCE(100.0 * w.wal_buffers_full / NULLIF(w.wal_records, 0), 0)::float8 AS full_pct,
       (SELECT s.setting::bigint FROM pg_catalog.pg_settings AS s WHERE s.name = 'wal_buffers')
         * pg_catalog.current_setting('wal_block_size')::bigint AS buffers_bytes,
       w.stats_reset      AS counted_since
  FROM pg_catalog.pg_stat_wal AS w
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    return Severity.INFO if row.times >= limits.min_times and row.full_pct >= limits.info_pct else None


CHECK = Check(
    id="wal.wal_buffers_full",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "wal_buffers"),
        message="wal_buffers ({buffers_bytes}) were full {times} times since {counted_since}, in the middle of work.",
        fix=lambda row, _: f"ALTER SYSTEM SET wal_buffers = '{max(2 * row.buffers_bytes // 1_048_576, 1)}MB';",
        details=("times", "records", "full_pct", "buffers_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
