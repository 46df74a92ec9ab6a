"""WAL is not archived.

Without an archive (or pg_receivewal, or a backup tool that streams) a base backup can be restored to its own moment
only: what was written since is lost with the disk. INFO, since a standby or another tool may do it.

With archive_mode on and no command WAL is kept until there is one, and pg_wal grows: that is a WARNING. So is a command
that takes nothing and says that it has (`true`, `:`, `exit 0`): the server believes in an archive that is not there.
People set it to switch archiving on later without a restart.

Manual: section 25.3, "Continuous Archiving and Point-in-Time Recovery".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    archive_mode: str
    has_command: bool
    """A command or, from PostgreSQL 15, a library."""
    discards: bool
    """Whether the command takes every file and keeps none."""
    streams: int
    """How many receive this server's WAL."""


SQL = """
SELECT pg_catalog.current_setting('archive_mode')                                  AS archive_mode,
       EXISTS (SELECT
                 FROM pg_catalog.pg_settings AS s
                WHERE s.name IN ('archive_command', 'archive_library')
                  AND s.setting NOT IN ('', '(disabled)'))                         AS has_command,
       EXISTS (SELECT
                 FROM pg_catalog.pg_settings AS s
                WHERE s.name = 'archive_command'
                  -- a library goes before it
                  AND COALESCE(pg_catalog.current_setting('archive_library', TRUE), '') = ''
                  AND s.setting ~ '^ *(((/usr)?/bin/)?true|:|exit( +0)?|cd +[.]) *;? *(#.*)?$') AS discards,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_replication)        AS streams
"""


def _severity(row: Row, _: object) -> Severity | None:
    if row.archive_mode == "off":
        return Severity.INFO
    return None if row.has_command and not row.discards else Severity.WARNING


def _message(row: Row, _: object) -> str:
    if row.archive_mode != "off" and row.discards:
        return (
            "archive_command takes every WAL file and keeps none: nothing is archived, and a backup can be restored to "
            "its own moment only."
        )
    if row.archive_mode != "off":
        return "archive_mode is on and there is no archive_command: WAL waits for one, and pg_wal grows."
    streams = f" {row.streams} receive it as it is written." if row.streams else ""
    return f"WAL is not archived: a backup can be restored to its own moment only.{streams}"


CHECK = Check(
    id="wal.archiving_off",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "archive_mode"),
        message=_message,
        details=("archive_mode", "streams"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    standby=False,
)
