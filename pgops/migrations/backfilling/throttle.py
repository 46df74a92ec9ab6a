"""When a back-fill has to wait: replicas that are behind, too much else to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.migrations.asking import plain_cursor

if TYPE_CHECKING:
    import psycopg


@attrs.frozen(kw_only=True)
class Throttle:
    """What others must not be burdened beyond. None: not looked at."""

    max_lag_bytes: int | None = 64 * 1024 * 1024
    """WAL that any standby or logical slot's receiver has not yet replayed or confirmed, in bytes."""
    max_lag_s: float | None = 10.0
    """How old the newest change that a standby has replayed may be, in seconds."""
    max_active: int | None = None
    """Sessions that are at work at this moment, ours left out."""

    def __attrs_post_init__(self) -> None:
        for name in ("max_lag_bytes", "max_lag_s", "max_active"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} is {value}: it can't be less than nothing")


# replay_lag is NULL for a standby that is up to date; without pg_monitor LSNs are NULL too, and nothing is known.
_LAG = """
SELECT COALESCE(NULLIF(r.application_name, ''), r.pid::text),
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn)::bigint,
       EXTRACT(EPOCH FROM r.replay_lag)::float8
  FROM pg_catalog.pg_stat_replication AS r
 WHERE r.state IN ('streaming', 'catchup')
"""
_MAY_SEE = "SELECT pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'USAGE')"
_ACTIVE = """
SELECT pg_catalog.count(*)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.state = 'active'
   AND a.backend_type = 'client backend'
   AND a.pid <> pg_catalog.pg_backend_pid()
"""


def what_is_not_seen(conn: psycopg.Connection[Any], throttle: Throttle) -> str | None:
    """What is to be looked at and can't be seen by `conn`'s role, in words: then nothing is waited for."""
    looked_at = {
        "how far replicas are": throttle.max_lag_bytes is not None or throttle.max_lag_s is not None,
        "who else is at work": throttle.max_active is not None,
    }
    if not any(looked_at.values()):
        return None
    with plain_cursor(conn) as cursor:
        row = cursor.execute(_MAY_SEE).fetchone()
    if row is not None and row[0]:
        return None
    what = " and ".join(each for each, is_looked_at in looked_at.items() if is_looked_at)
    return f"nothing is waited for: without pg_monitor this role does not see {what}"


def reason_to_wait(conn: psycopg.Connection[Any], throttle: Throttle) -> str | None:
    """Why the next batch should wait, in words; None: go on."""
    if throttle.max_lag_bytes is not None or throttle.max_lag_s is not None:
        for name, lag_bytes, lag_s in conn.execute(_LAG.encode()).fetchall():
            if throttle.max_lag_bytes is not None and lag_bytes is not None and lag_bytes > throttle.max_lag_bytes:
                return f"{name} has not replayed {lag_bytes:,} bytes"
            # A lag in time without bytes is only an old measurement.
            if throttle.max_lag_s is not None and lag_s is not None and lag_bytes and lag_s > throttle.max_lag_s:
                return f"{name} is {lag_s:.0f} s behind"
    if throttle.max_active is not None:
        row = conn.execute(_ACTIVE.encode()).fetchone()
        if row is not None and row[0] > throttle.max_active:
            return f"{row[0]} sessions are at work"
    return None
