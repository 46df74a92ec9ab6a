"""WAL and checkpoints at a glance.

One row: where the server writes, how much WAL it has written and how much of that is full-page images, how often it
made checkpoints and why, and what the archive has. Counters are since they were reset.

Manual: section 28.5, "WAL Configuration"; views pg_stat_wal, pg_stat_checkpointer (pg_stat_bgwriter before PostgreSQL
17), pg_stat_archiver.
"""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

import attrs

from pgops.checks.api import Check, NoLimits, Query, Scope


@attrs.frozen(kw_only=True)
class Row:
    lsn: str
    """Where it writes; on a standby where it replays."""
    wal_level: str
    wal_records: int
    full_page_images: int
    wal_bytes: int
    wal_since: datetime | None
    timed_checkpoints: int
    requested_checkpoints: int
    checkpoints_since: datetime | None
    archive_mode: str
    archived: int
    archive_failed: int
    last_archived_wal: str | None
    last_archived_at: datetime | None


_TEMPLATE: LiteralString = """
SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
             ELSE pg_catalog.pg_current_wal_lsn() END)::text AS lsn,
       pg_catalog.current_setting('wal_level') AS wal_level,
       w.wal_records,
       w.wal_fpi             AS full_page_images,
       w.wal_bytes::bigint   AS wal_bytes,
       w.stats_reset         AS wal_since,
       <timed>               AS timed_checkpoints,
       <requested>           AS requested_checkpoints,
       c.stats_reset         AS checkpoints_since,
       pg_catalog.current_setting('archive_mode') AS archive_mode,
       a.archived_count      AS archived,
       a.failed_count        AS archive_failed,
       a.last_archived_wal,
       a.last_archived_time  AS last_archived_at
  FROM pg_catalog.pg_stat_wal AS w
 CROSS JOIN <view> AS c
 CROSS JOIN pg_catalog.pg_stat_archiver AS a
"""

CHECK: Check[Row, NoLimits] = Check(
    id="wal.overview",
    aliases=("wal_overview",),
    doc=__doc__,
    row=Row,
    queries=[
        Query(
            since=14,
            sql=_TEMPLATE.replace("<timed>", "c.checkpoints_timed")
            .replace("<requested>", "c.checkpoints_req")
            .replace("<view>", "pg_catalog.pg_stat_bgwriter"),
        ),
        Query(
            since=17,
            sql=_TEMPLATE.replace("<timed>", "c.num_timed")
            .replace("<requested>", "c.num_requested")
            .replace("<view>", "pg_catalog.pg_stat_checkpointer"),
        ),
    ],
    scope=Scope.CLUSTER,
)
