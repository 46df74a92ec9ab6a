"""Who receives this server's WAL, as the checks of standbys see it: one row a walsender that streams."""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Query, Requires
from pgops.findings import Target

SEES_STANDBYS = Requires(role="pg_read_all_stats")
"""Otherwise the walsenders of others have neither state nor positions."""


@attrs.frozen(kw_only=True)
class Standby:
    """A receiver of WAL: a standby, a logical subscriber, pg_receivewal. Lags are from what the server has written."""

    application: str
    user: str | None
    address: str | None
    slot: str | None
    """The replication slot that it uses."""
    temporary: bool
    """Whether that slot goes with the connection: pg_basebackup makes one for the WAL of its backup."""
    logical: bool
    state: str | None
    """`startup`, `catchup`, `streaming`, `backup` or `stopping`."""
    sync_state: str | None
    """`async`, `potential`, `sync` or `quorum`."""
    sent_lag_bytes: int | None
    flush_lag_bytes: int | None
    replay_lag_bytes: int | None
    replay_lag_s: float | None
    """None where nothing was sent for a while: on an idle server time says nothing."""
    connected_s: float | None
    reply_s: float | None
    """How long ago it last answered."""


STANDBYS_SQL: LiteralString = """
SELECT r.application_name                                                          AS application,
       r.usename::text                                                             AS "user",
       COALESCE(pg_catalog.host(r.client_addr), r.client_hostname)                 AS address,
       s.slot_name::text                                                           AS slot,
       COALESCE(s.temporary, FALSE)                                                AS temporary,
       COALESCE(s.slot_type = 'logical', FALSE)                                    AS logical,
       r.state,
       r.sync_state,
       pg_catalog.pg_wal_lsn_diff(w.here, r.sent_lsn)::bigint                      AS sent_lag_bytes,
       pg_catalog.pg_wal_lsn_diff(w.here, r.flush_lsn)::bigint                     AS flush_lag_bytes,
       -- pg_receivewal replays nothing
       pg_catalog.pg_wal_lsn_diff(w.here, COALESCE(r.replay_lsn, r.flush_lsn))::bigint AS replay_lag_bytes,
       EXTRACT(EPOCH FROM r.replay_lag)::float8                                    AS replay_lag_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - r.backend_start)::float8  AS connected_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - r.reply_time)::float8     AS reply_s
  FROM pg_catalog.pg_stat_replication AS r
 CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
                         -- what was received is NULL where WAL comes from the archive, or lies behind what is replayed
                         THEN GREATEST(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
                         ELSE pg_catalog.pg_current_wal_lsn() END AS here) AS w
  LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.active_pid = r.pid
 ORDER BY replay_lag_bytes DESC NULLS LAST, r.application_name, r.pid
"""

STANDBYS = (Query(since=14, sql=STANDBYS_SQL),)


def target_of(standby: Standby) -> Target:
    """By its application_name, which standbys set to tell themselves apart, or by the slot that it uses."""
    return Target("standby", None, standby.application or standby.slot or "unnamed", also=(standby.slot or "",))
