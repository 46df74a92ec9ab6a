"""Archiving of WAL has come to a halt.

Nothing fails, and nothing is archived: an archive_command that hangs (a mount that does not answer, a prompt for a
password), an archiver that is gone, or archive_mode without a way to archive. WAL waits, pg_wal grows, and a recovery
reaches no further than the last file that was taken.

Judged by WAL that waits, not by time: on an idle server an old archive means nothing. WARNING where `warn_files`
finished WAL files or more are marked as ready, and nothing was archived for `min_idle_s`;
CRITICAL from `crit_files`. What fails with an error is `wal.archiving_failing`. It is a false alarm while an archive
catches up after a mass load, when it is still getting on.

Manual: section 25.3.1, "Setting Up WAL Archiving"; view pg_stat_archiver.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import duration, size


@attrs.frozen(kw_only=True)
class Row:
    waiting_files: int
    waiting_bytes: int
    last_archived_wal: str | None
    idle_s: float | None
    """How long ago something was archived, or the counters began."""


@attrs.frozen(kw_only=True)
class Limits:
    warn_files: int = limit(10, unit="files", doc="A warning from so many that wait on.")
    crit_files: int = limit(100, unit="files", doc="Critical from so many that wait on.")
    min_idle_s: float = limit(300.0, unit="s", doc="And nothing was archived for so long.")


SQL = """
SELECT w.files               AS waiting_files,
       w.files * (SELECT s.setting::bigint FROM pg_catalog.pg_settings AS s WHERE s.name = 'wal_segment_size')
                             AS waiting_bytes,
       a.last_archived_wal,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - COALESCE(a.last_archived_time, a.stats_reset))::float8
                             AS idle_s
  FROM pg_catalog.pg_stat_archiver AS a
 CROSS JOIN (SELECT pg_catalog.count(*)::int AS files
               FROM pg_catalog.pg_ls_archive_statusdir() AS f
              WHERE f.name ~ '[.]ready$') AS w
 WHERE pg_catalog.current_setting('archive_mode') <> 'off'
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if (row.idle_s or 0.0) < limits.min_idle_s or row.waiting_files < min(limits.warn_files, limits.crit_files):
        return None
    return Severity.CRITICAL if row.waiting_files >= limits.crit_files else Severity.WARNING


def _message(row: Row, _limits: Limits) -> str:
    last = f": the last one archived is {row.last_archived_wal}" if row.last_archived_wal else ""
    return (
        f"Nothing was archived for {duration(row.idle_s or 0)}, and {row.waiting_files:,} WAL files "
        f"({size(row.waiting_bytes)}) wait{last}."
    )


CHECK = Check(
    id="wal.archiving_stalled",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("server", None, "archiver"),
        message=_message,
        details=("waiting_files", "waiting_bytes", "idle_s", "last_archived_wal"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_monitor", grants=["EXECUTE ON FUNCTION pg_catalog.pg_ls_archive_statusdir()"]),
    known_as=("check_pgactivity: ready_archives",),
)
