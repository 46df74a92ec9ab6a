"""Checkpoints are forced by the amount of WAL, not by the clock.

A checkpoint is due after checkpoint_timeout. When max_wal_size is used up before, one is forced: it writes at full
speed, and after it every page that is changed goes into WAL whole once more, which uses it up the faster. Raise
max_wal_size until the clock decides.

INFO, WARNING and CRITICAL at 5, 10 and 20 % of all checkpoints, once there were `min_checkpoints`, since the statistics
were reset. CHECKPOINT by hand and base backups count as forced too. On a standby the counters are those of its own
restartpoints.

Manual: section 28.5, "WAL Configuration"; view pg_stat_checkpointer, before PostgreSQL 17 pg_stat_bgwriter.
"""

from __future__ import annotations

from datetime import datetime
from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import percent, size, timestamp


@attrs.frozen(kw_only=True)
class Row:
    timed: int
    requested: int
    counted_since: datetime | None
    max_wal_bytes: int

    @property
    def forced_pct(self) -> float:
        return 100 * self.requested / max(self.timed + self.requested, 1)


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(5.0, unit="%", doc="INFO from this share on.")
    warn_pct: float = limit(10.0, unit="%", doc="A WARNING from this share on.")
    crit_pct: float = limit(20.0, unit="%", doc="CRITICAL from this share on.")
    min_checkpoints: int = limit(10, unit="checkpoints", doc="Say nothing of fewer.")


SQL: LiteralString = """
SELECT <timed>      AS timed,
       <requested>  AS requested,
       c.stats_reset AS counted_since,
       s.setting::bigint * 1048576 AS max_wal_bytes
  FROM <view> AS c
 CROSS JOIN (SELECT g.setting FROM pg_catalog.pg_settings AS g WHERE g.name = 'max_wal_size') AS s
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.timed + row.requested < limits.min_checkpoints:
        return None
    steps = (
        (limits.crit_pct, Severity.CRITICAL),
        (limits.warn_pct, Severity.WARNING),
        (limits.info_pct, Severity.INFO),
    )
    return next((severity for bound, severity in steps if row.forced_pct >= bound), None)


def _message(row: Row, _: Limits) -> str:
    since = f" since {timestamp(row.counted_since)}" if row.counted_since else ""
    share = f"{row.requested:,} of {row.timed + row.requested:,} checkpoints{since} ({percent(row.forced_pct)})"
    return f"{share} were forced: max_wal_size is {size(row.max_wal_bytes)}."


CHECK = Check(
    id="wal.forced_checkpoints",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "max_wal_size"),
        message=_message,
        fix=lambda row, _: f"ALTER SYSTEM SET max_wal_size = '{2 * row.max_wal_bytes // 1048576}MB';",
        details=("timed", "requested"),
    ),
    queries=[
        Query(
            since=14,
            sql=SQL.replace("<timed>", "c.checkpoints_timed")
            .replace("<requested>", "c.checkpoints_req")
            .replace("<view>", "pg_catalog.pg_stat_bgwriter"),
        ),
        Query(
            since=17,
            sql=SQL.replace(
                "<timed>",
                "CASE WHEN pg_catalog.pg_is_in_recovery() THEN c.restartpoints_timed ELSE c.num_timed END",
            )
            .replace(
                "<requested>",
                "CASE WHEN pg_catalog.pg_is_in_recovery() THEN c.restartpoints_req ELSE c.num_requested END",
            )
            .replace("<view>", "pg_catalog.pg_stat_checkpointer"),
        ),
    ],
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: bgwriter",),
)
