"""Commits wait for a synchronous standby that is not there.

synchronous_standby_names says how many standbys have to confirm a commit, and which may. Where fewer of them are
connected every COMMIT of a transaction that wrote waits, for ever and without an error: to the application the
database hangs. Cancelling a waiting session does not undo its commit.

CRITICAL where fewer standbys are streaming than are wanted, WARNING where just as many are there as are wanted and one
more failure stops all writing. What sessions do with `synchronous_commit = local` or lower does not wait: where that
is the default and nobody waits now, it is a WARNING. It is a false alarm for a moment while a standby starts.

Manual: section 26.2.8, "Synchronous Replication"; synchronous_standby_names.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.checks.replication._standbys import SEES_STANDBYS
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    names: str
    """synchronous_standby_names."""
    wanted: int
    connected: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Those that may confirm and are streaming."""
    waits: bool
    """Whether a COMMIT waits by default: synchronous_commit is neither off nor local."""
    waiting: int
    """Sessions whose commit waits now."""


# `FIRST 2 (a, b)`, `ANY 1 (a, b)`, `2 (a, b)`, or a plain list, of which one is wanted. Which of the connected ones are
# meant the server itself says: their sync_state is not `async`.
SQL = """
SELECT s.names,
       COALESCE(pg_catalog.substring(s.names, '^ *(?:[[:alpha:]]+ +)?([0-9]+) *[(]')::int, 1) AS wanted,
       ARRAY(SELECT r.application_name
               FROM pg_catalog.pg_stat_replication AS r
              WHERE r.state = 'streaming' AND r.sync_state <> 'async'
              ORDER BY r.application_name)                   AS connected,
       (SELECT c.reset_val NOT IN ('off', 'local')
          FROM pg_catalog.pg_settings AS c
         WHERE c.name = 'synchronous_commit')                AS waits,
       (SELECT pg_catalog.count(*)::int
          FROM pg_catalog.pg_stat_activity AS a
         WHERE a.wait_event = 'SyncRep')                     AS waiting
  FROM (SELECT c.setting AS names FROM pg_catalog.pg_settings AS c WHERE c.name = 'synchronous_standby_names') AS s
 WHERE s.names <> ''
   AND NOT pg_catalog.pg_is_in_recovery()
"""


def _severity(row: Row, _limits: object) -> Severity | None:
    if len(row.connected) < row.wanted:
        return Severity.CRITICAL if row.waits or row.waiting else Severity.WARNING
    return Severity.WARNING if len(row.connected) == row.wanted else None


def _message(row: Row, _limits: object) -> str:
    there = ", ".join(row.connected) or "none"
    wanted = "one" if row.wanted == 1 else str(row.wanted)
    whose = "Every commit" if row.waits else "A commit with synchronous_commit on"
    message = f"{whose} waits for {wanted} of {row.names}, and there are: {there}"
    if len(row.connected) == row.wanted:
        return f"{message}. If one more goes, all writing stops."
    return f"{message}. {row.waiting:,} sessions wait in COMMIT." if row.waiting else f"{message}."


CHECK = Check(
    id="replication.synchronous_standby_missing",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "synchronous_standby_names"),
        message=_message,
        details=("names", "wanted", "connected", "waiting"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    standby=False,
    requires=SEES_STANDBYS,
)
