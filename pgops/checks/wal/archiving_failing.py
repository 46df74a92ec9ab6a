"""Archiving of WAL fails.

Each WAL file waits until archive_command has taken it. While that fails pg_wal grows until its disk is full and the
server stops, and a point-in-time recovery reaches no further than the last file that was archived.

CRITICAL while the last attempt failed; INFO where failures lie in the past and archiving works again. The server's log
has what the command said.

Manual: section 25.3.1, "Setting Up WAL Archiving"; view pg_stat_archiver.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import timestamp


@attrs.frozen(kw_only=True)
class Row:
    failing: bool
    """Whether nothing was archived since the last failure."""
    failed: int
    last_failed_wal: str | None
    last_failed_at: datetime | None
    last_archived_at: datetime | None


SQL = """
SELECT a.last_failed_time IS NOT NULL
       AND a.last_failed_time > COALESCE(a.last_archived_time, '-infinity')   AS failing,
       a.failed_count                                                         AS failed,
       a.last_failed_wal,
       a.last_failed_time                                                     AS last_failed_at,
       a.last_archived_time                                                   AS last_archived_at
  FROM pg_catalog.pg_stat_archiver AS a
 WHERE pg_catalog.current_setting('archive_mode') <> 'off'
"""


def _severity(row: Row, _: object) -> Severity | None:
    if row.failing:
        return Severity.CRITICAL
    return Severity.INFO if row.failed else None


def _message(row: Row, _: object) -> str:
    last = f"last {row.last_failed_wal} at {timestamp(row.last_failed_at)}" if row.last_failed_at else "never dated"
    if not row.failing:
        return f"Archiving has failed {row.failed:,} times, {last}, and works again."
    since = f" since {timestamp(row.last_archived_at)}" if row.last_archived_at else ""
    return f"Archiving fails: {row.failed:,} times, {last}. Nothing was archived{since}, and pg_wal grows."


CHECK = Check(
    id="wal.archiving_failing",
    aliases=("archiving_failing",),
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("server", None, "archiver"),
        message=_message,
        details=("failed", "last_failed_wal"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: archiver", "check_postgres: archive_ready"),
)
