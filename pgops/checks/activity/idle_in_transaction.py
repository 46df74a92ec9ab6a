"""Session idle in a transaction.

It executes nothing, and yet keeps its locks and its slot, and if it has written, or has a snapshot open, it holds back
the horizon behind which VACUUM removes dead rows. Mostly an application forgot to commit, or talks to somebody else
before it does. In an aborted transaction (a statement failed and nobody rolled back) the work is lost already.

A WARNING after five minutes in this state, counted from the end of the last statement. CRITICAL as soon as others wait
for it, and after half an hour if it holds back the horizon.

A false alarm: a person in psql, thinking; a migration that waits for an answer. The cure for good is in the
application, or `idle_in_transaction_session_timeout`.

Manual: section 27.2.3 "pg_stat_activity"; section 19.11; section 24.1 "Routine Vacuuming".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Loosest, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.checks.sessions import LONG_QUERY, SEES_SESSIONS, SHOWN_QUERY, in_words, session_target, terminate
from pgops.findings import Severity
from pgops.render.quantities import count, duration
from pgops.secret import without_passwords


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    user: str | None
    database: str | None
    application: str | None
    backend_type: str
    aborted: bool
    """A statement failed: nothing but a ROLLBACK is accepted any more."""
    idle_s: float
    transaction_age_s: float | None
    blocks: int
    """The sessions that wait for it directly."""
    horizon_age_xids: int | None
    """How far it holds back the horizon, in transactions; NULL where it does not."""
    query_id: int | None
    query: str | None = attrs.field(converter=attrs.converters.optional(without_passwords))
    """Its last."""


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(300.0, unit="s", doc="Say nothing of a session that has been idle for less.")
    crit_s: float = limit(1800.0, unit="s", doc="CRITICAL if it has been idle so long and holds back the horizon.")
    query_chars: int = limit(
        LONG_QUERY, unit="characters", doc="Keep that much of a query's text.", loosest=Loosest.HIGHEST
    )


SQL = (
    """
WITH idle AS MATERIALIZED (
  SELECT *
    FROM pg_catalog.pg_stat_activity AS a
   WHERE a.backend_type = 'client backend'
     AND a.state IN ('idle in transaction', 'idle in transaction (aborted)')
     AND a.pid <> pg_catalog.pg_backend_pid()
     AND a.state_change <= pg_catalog.clock_timestamp() - %(warn_s)s::float8 * '1 second'::interval
), blocked AS (
  SELECT b.pid, pg_catalog.count(DISTINCT COALESCE(w.leader_pid, l.pid)) AS sessions
    FROM pg_catalog.pg_locks AS l
    LEFT JOIN pg_catalog.pg_stat_activity AS w ON w.pid = l.pid AND w.backend_type = 'parallel worker'
   CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(l.pid)) AS b (pid)
   WHERE NOT l.granted
     AND EXISTS (SELECT FROM idle)  -- otherwise the lock table is left alone
   GROUP BY b.pid
)
SELECT a.pid,
       a.usename::text                                                AS "user",
       a.datname::text                                                AS database,
       a.application_name                                             AS application,
       a.backend_type,
       a.state = 'idle in transaction (aborted)'                      AS aborted,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.state_change)::float8 AS idle_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8   AS transaction_age_s,
       COALESCE(b.sessions, 0)                                        AS blocks,
       -- Its own transaction id holds the horizon back as an old snapshot does.
       GREATEST(pg_catalog.age(a.backend_xid), pg_catalog.age(a.backend_xmin)) AS horizon_age_xids,
       a.query_id,"""  # noqa: S608  it is made of constants
    + SHOWN_QUERY
    + """
  FROM idle AS a
  LEFT JOIN blocked AS b ON b.pid = a.pid
 ORDER BY a.state_change, a.pid
"""
)


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.idle_s < limits.warn_s:
        return None
    is_harmful = row.blocks > 0 or (row.horizon_age_xids is not None and row.idle_s >= limits.crit_s)
    return Severity.CRITICAL if is_harmful else Severity.WARNING


def _message(row: Row, _: object) -> str:
    where = "an aborted transaction" if row.aborted else "a transaction"
    age = f" that is {duration(row.transaction_age_s)} old" if row.transaction_age_s is not None else ""
    effects = []
    if row.blocks:
        effects.append(f"keeps {'1 session' if row.blocks == 1 else f'{row.blocks} sessions'} waiting")
    if row.horizon_age_xids is not None:
        effects.append(f"holds back VACUUM's horizon by {count(row.horizon_age_xids)} transactions")
    effect = f" It {' and '.join(effects)}." if effects else ""
    return (
        f"{in_words(row)} has been idle for {duration(row.idle_s)} in {where}{age}.{effect} "
        "Terminating it rolls back what it has not committed and closes its connection."
    )


CHECK = Check(
    id="activity.idle_in_transaction",
    aliases=("idle_in_transaction",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=session_target,
        message=_message,
        fix=lambda row, _: terminate(row.pid),
        details=("pid", "aborted", "idle_s", "transaction_age_s", "blocks", "horizon_age_xids", "query"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
    known_as=(
        "check_postgres: txn_idle",
        "check_pgactivity: oldest_idlexact",
    ),
)
