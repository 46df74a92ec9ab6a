"""Standby or subscriber that lags behind.

What it shows is old, a failover to it loses what it has not received, and its slot keeps WAL. Causes are a network or
a disk that is too slow, a long query on a standby that replay waits for (max_standby_streaming_delay), a large
transaction that a subscriber applies at once, and on the subscriber a table without an index for the changed rows.

Judged by bytes, from what the server has written to what is replayed: WARNING from `warn_bytes` on, CRITICAL from
`crit_bytes`, or by time, `warn_s` and `crit_s`, as the server measures it from the receiver's answers. On an idle
server there is nothing to measure and time alone means nothing; so a lag in time counts only while bytes are missing
too. A standby asked itself is judged by
what it has received and not replayed yet, and by the age of the last commit that it replayed while at least a WAL file
(`min_bytes_for_time`) is left: in one long transaction that age says nothing.

It is a false alarm for a standby that is delayed on purpose (recovery_min_apply_delay): set other limits for it.

Manual: section 26.2.5, "Streaming Replication"; view pg_stat_replication.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.replication._standbys import SEES_STANDBYS, STANDBYS_SQL
from pgops.findings import Finding, Severity, Target
from pgops.render.quantities import duration, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    application: str | None
    """None for this server itself, a standby."""
    slot: str | None
    logical: bool
    state: str | None
    lag_bytes: int | None
    lag_s: float | None
    """None where nothing is missing, or nobody can say."""


@attrs.frozen(kw_only=True)
class Limits:
    warn_bytes: int = limit(268_435_456, unit="bytes", doc="A warning from so much missing WAL on.")
    crit_bytes: int = limit(4_294_967_296, unit="bytes", doc="Critical from so much missing WAL on.")
    warn_s: float = limit(60.0, unit="s", doc="A warning where what is missing is so old.")
    crit_s: float = limit(600.0, unit="s", doc="Critical where what is missing is so old.")
    min_bytes_for_time: int = limit(
        16_777_216, unit="bytes", doc="On a standby the time counts only where so much is not replayed yet."
    )


SQL: LiteralString = """
SELECT r.application,
       r.slot,
       r.logical,
       r.state,
       r.replay_lag_bytes AS lag_bytes,
       CASE WHEN r.replay_lag_bytes > 0 THEN r.replay_lag_s END AS lag_s
  FROM (<standbys>) AS r
 WHERE r.state IS DISTINCT FROM 'backup'
 UNION ALL
SELECT NULL, NULL, FALSE, 'recovery',
       GREATEST(pg_catalog.pg_wal_lsn_diff(w.received, w.replayed), 0)::bigint,
       -- it moves at commits only: in a long transaction it is old, and nothing is behind
       CASE WHEN pg_catalog.pg_wal_lsn_diff(w.received, w.replayed) >= %(min_bytes_for_time)s::bigint
            THEN EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - w.committed)::float8 END
  FROM (SELECT pg_catalog.pg_last_wal_receive_lsn()       AS received,
               pg_catalog.pg_last_wal_replay_lsn()        AS replayed,
               pg_catalog.pg_last_xact_replay_timestamp() AS committed) AS w
 WHERE pg_catalog.pg_is_in_recovery()
   AND w.received IS NOT NULL
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        severity = _severity(row, seen.limits_for(row))
        if severity is None:
            continue
        yield Finding(
            severity,
            _target(row),
            _message(row),
            details={"state": row.state, "lag_bytes": row.lag_bytes, "lag_s": row.lag_s},
        )


def _severity(row: Row, limits: Limits) -> Severity | None:
    missing, late_s = row.lag_bytes or 0, row.lag_s or 0.0
    if missing >= limits.crit_bytes or late_s >= limits.crit_s:
        return Severity.CRITICAL
    return Severity.WARNING if missing >= limits.warn_bytes or late_s >= limits.warn_s else None


def _message(row: Row) -> str:
    behind = [size(row.lag_bytes)] if row.lag_bytes else []
    behind += [duration(row.lag_s)] if row.lag_s else []
    if row.application is None:
        return f"This standby has received WAL that it has not replayed yet: it is {' and '.join(behind)} behind."
    who = "The subscriber" if row.logical else "The standby"
    state = f" (state {row.state})" if row.state != "streaming" else ""
    return f"{who} is {' and '.join(behind)} behind{state}."


def _target(row: Row) -> Target:
    if row.application is None:
        return Target("server", None, "standby")
    return Target("standby", None, row.application or row.slot or "unnamed", also=(row.slot or "",))


CHECK = Check(
    id="replication.lag",
    aliases=("replication_lag",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL.replace("<standbys>", STANDBYS_SQL))],
    scope=Scope.CLUSTER,
    requires=SEES_STANDBYS,
    known_as=(
        "check_postgres: hot_standby_delay",
        "check_pgactivity: hot_standby_delta",
        "check_pgactivity: streaming_delta",
        "pghero: replication lag",
    ),
)
