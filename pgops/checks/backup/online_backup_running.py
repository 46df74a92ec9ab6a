"""Base backup that has been running for long.

While a base backup streams (pg_basebackup, Barman with `backup_method = postgres`) the server keeps full-page images
going and the WAL that the backup will need. One that takes many hours is stuck: its target's disk is full or slow, or
its client hangs. Before PostgreSQL 15 there also is the exclusive mode, pg_start_backup without `exclusive => false`:
left behind by a tool that died it keeps the server from restarting after a crash.

WARNING from `warn_s` on. It is a false alarm for a database that is so large. Ending the walsender ends the backup,
and its client says so; ending an exclusive backup is `SELECT pg_stop_backup()`.

Manual: view pg_stat_progress_basebackup; section 25.3.3, "Making a Base Backup Using the Low Level API" (14).
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query, Requires, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target
from pgops.render.quantities import duration, percent


@attrs.frozen(kw_only=True)
class Row:
    pid: int | None
    """Of the walsender; None in exclusive mode."""
    application: str | None
    phase: str
    running_s: float
    sent_pct: float | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(43_200.0, unit="s", doc="A warning from this time on (12 hours).")


_STREAMED: LiteralString = """
SELECT b.pid,
       a.application_name AS application,
       b.phase,
       COALESCE(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.backend_start), 0)::float8 AS running_s,
       100.0 * b.backup_streamed::float8 / NULLIF(b.backup_total, 0) AS sent_pct
  FROM pg_catalog.pg_stat_progress_basebackup AS b
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = b.pid
"""
_EXCLUSIVE: LiteralString = """
 UNION ALL
SELECT NULL, NULL, 'exclusive mode',
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - pg_catalog.pg_backup_start_time())::float8,
       NULL
 WHERE pg_catalog.pg_is_in_backup()
"""


def _message(row: Row, _limits: Limits) -> str:
    if row.pid is None:
        return (
            f"A backup in exclusive mode was begun {duration(row.running_s)} ago and not ended: after a crash the "
            "server would not start."
        )
    sent = "" if row.sent_pct is None else f", {percent(row.sent_pct)} sent"
    whose = row.application or "an unnamed client"
    return f"A base backup for {whose} has run for {duration(row.running_s)}: {row.phase}{sent}."


CHECK = Check(
    id="backup.online_backup_running",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("running_s", warning="warn_s"),
        target=lambda row: Target("backup", None, "exclusive" if row.pid is None else row.application or "unnamed"),
        message=_message,
        fix=lambda row, _: (
            "SELECT pg_catalog.pg_stop_backup();"
            if row.pid is None
            else f"SELECT pg_catalog.pg_terminate_backend({row.pid});"
        ),
        details=("pid", "phase", "running_s"),
    ),
    queries=[Query(since=14, sql=_STREAMED + _EXCLUSIVE), Query(since=15, sql=_STREAMED)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_read_all_stats"),
)
