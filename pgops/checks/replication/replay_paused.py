"""Standby whose replay is paused.

Somebody has called pg_wal_replay_pause(), or recovery met a setting that is lower than on the primary
(max_connections, say) and stopped there. WAL is still received and piles up, and what the standby shows stands still;
a switch-over to it has to replay everything first.

A WARNING. A false alarm while somebody looks at a state on purpose.

Manual: section 9.27.4, "Recovery Control Functions"; section 26.4.3.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    state: str
    """`paused` or `pause requested`."""
    waiting_bytes: int | None
    """WAL that was received and not replayed."""


SQL = """
SELECT pg_catalog.pg_get_wal_replay_pause_state()                                             AS state,
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(),
                                  pg_catalog.pg_last_wal_replay_lsn())::bigint                AS waiting_bytes
 WHERE pg_catalog.pg_is_in_recovery()
   AND CASE WHEN pg_catalog.pg_is_in_recovery()
            THEN pg_catalog.pg_get_wal_replay_pause_state() <> 'not paused' END
"""

CHECK = Check(
    id="replication.replay_paused",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda _: Target("server", None, "standby"),
        message="Replay is {state} on this standby: what it shows stands still.",
        fix="SELECT pg_catalog.pg_wal_replay_resume();",
        details=("state", "waiting_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: is_replay_paused",),
)
