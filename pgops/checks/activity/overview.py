"""What the server is doing now.

Every session that is at work or in a transaction, clients first, the oldest transaction first. Walsenders, autovacuum,
parallel and other background workers are marked by `client` being false; a parallel worker names its leader. `blockers`
counts the sessions and prepared transactions that keep one waiting for a lock: locks.blocking_chain shows whom.

A listing, no verdict. Idle sessions, the one that asks, and the server's own processes (checkpointer, writers) are left
out. `disabled` is the state of a session that has switched off track_activities: what it does is unknown.

Manual: section 27.2.3 "pg_stat_activity".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Loosest, Query, Requires, Scope, limit
from pgops.checks.sessions import LONG_QUERY, SHOWN_QUERY, session_target
from pgops.secret import without_passwords


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    user: str | None
    database: str | None
    application: str | None
    client: bool
    """Whether it is a client's session. False for walsenders and background workers of all kinds."""
    backend_type: str | None
    leader_pid: int | None
    state: str | None
    wait_event_type: str | None
    wait_event: str | None
    query_age_s: float | None
    """Since the query began; once it has ended, it is the last one's."""
    transaction_age_s: float | None
    blockers: int
    query_id: int | None
    query: str | None = attrs.field(converter=attrs.converters.optional(without_passwords))


@attrs.frozen(kw_only=True)
class Limits:
    top: int = limit(20, unit="rows", doc="List so many.", loosest=Loosest.HIGHEST)
    query_chars: int = limit(
        LONG_QUERY, unit="characters", doc="Keep that much of a query's text.", loosest=Loosest.HIGHEST
    )


SQL = (
    """
WITH busy AS MATERIALIZED (
  SELECT *,
         a.backend_type = 'client backend' AS client
    FROM pg_catalog.pg_stat_activity AS a
   WHERE a.pid <> pg_catalog.pg_backend_pid()
     -- A client without a state is still logging in; a process of the server has none ever.
     AND (a.state <> 'idle' OR (a.state IS NULL AND a.backend_type = 'client backend'))
   ORDER BY client DESC, a.xact_start NULLS LAST, a.query_start NULLS LAST, a.pid
   LIMIT %(top)s
)
SELECT a.pid,
       a.usename::text                                                AS "user",
       a.datname::text                                                AS database,
       a.application_name                                             AS application,
       a.client,
       a.backend_type,
       a.leader_pid,
       a.state,
       a.wait_event_type,
       a.wait_event,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.query_start)::float8 AS query_age_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8  AS transaction_age_s,
       -- Several workers of one blocker come as several entries; every prepared transaction comes as a 0 of its own.
       CASE WHEN a.wait_event_type = 'Lock'
            THEN (SELECT pg_catalog.count(DISTINCT NULLIF(b.pid, 0)) + pg_catalog.count(*) FILTER (WHERE b.pid = 0)
                    FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS b (pid))
            ELSE 0
       END                                                            AS blockers,
       a.query_id,"""  # noqa: S608  it is made of constants
    + SHOWN_QUERY
    + """
  FROM busy AS a
 ORDER BY a.client DESC, a.xact_start NULLS LAST, a.query_start NULLS LAST, a.pid
"""
)


CHECK = Check(
    id="activity.overview",
    aliases=("activity_overview",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_read_all_stats"),
    target=session_target,
    known_as=("check_pgactivity: backends_status",),
)
