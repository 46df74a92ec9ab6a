"""Transaction that has been open for long.

Every lock it has taken stays, and dead rows that it could still see stay with it. Here are the busy ones: transactions
of many statements, none of which takes long, with short pauses between them. One that is in a single long query is told
by activity.long_running_query, one that does nothing by activity.idle_in_transaction, and neither again here.

INFO after five minutes, a WARNING after ten, CRITICAL after half an hour. A false alarm: a load or a migration that is
meant to be one transaction. PostgreSQL 17 and later can end them by `transaction_timeout`.

Manual: section 27.2.3 "pg_stat_activity"; section 24.1 "Routine Vacuuming".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Loosest, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.checks.sessions import LONG_QUERY, SEES_SESSIONS, SHOWN_QUERY, cancel, in_words, session_target, terminate
from pgops.render.quantities import count, duration
from pgops.secret import without_passwords

if TYPE_CHECKING:
    from pgops.findings import Severity


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    user: str | None
    database: str | None
    application: str | None
    backend_type: str
    state: str
    state_age_s: float | None
    """In this query, or since the last one ended."""
    transaction_age_s: float
    horizon_age_xids: int | None
    """How far it holds back the horizon, in transactions; NULL where it does not."""
    query_id: int | None
    query: str | None = attrs.field(converter=attrs.converters.optional(without_passwords))


@attrs.frozen(kw_only=True)
class Limits:
    info_s: float = limit(300.0, unit="s", doc="INFO for a transaction that has been open that long.")
    warn_s: float = limit(600.0, unit="s", doc="A WARNING for a transaction that has been open that long.")
    crit_s: float = limit(1800.0, unit="s", doc="CRITICAL for a transaction that has been open that long.")
    steady_s: float = limit(
        300.0,
        unit="s",
        doc="Leave out one that has been in one query, or idle, that long: another check tells of it.",
        loosest=Loosest.HIGHEST,
    )
    query_chars: int = limit(
        LONG_QUERY, unit="characters", doc="Keep that much of a query's text.", loosest=Loosest.HIGHEST
    )


SQL = (
    """
SELECT a.pid,
       a.usename::text                                                AS "user",
       a.datname::text                                                AS database,
       a.application_name                                             AS application,
       a.backend_type,
       a.state,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - since.at)::float8     AS state_age_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS transaction_age_s,
       -- Its own transaction id holds the horizon back as an old snapshot does.
       GREATEST(pg_catalog.age(a.backend_xid), pg_catalog.age(a.backend_xmin)) AS horizon_age_xids,
       a.query_id,"""
    + SHOWN_QUERY
    + """
  FROM pg_catalog.pg_stat_activity AS a
 CROSS JOIN LATERAL (SELECT CASE WHEN a.state LIKE 'idle%%' THEN a.state_change ELSE a.query_start END) AS since (at)
 WHERE a.backend_type = 'client backend'
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND a.xact_start <= pg_catalog.clock_timestamp()
                       - LEAST(%(info_s)s, %(warn_s)s, %(crit_s)s)::float8 * '1 second'::interval
   AND (since.at IS NULL
        OR since.at > pg_catalog.clock_timestamp() - %(steady_s)s::float8 * '1 second'::interval)
 ORDER BY a.xact_start, a.pid
"""
)


_by_age = by("transaction_age_s", info="info_s", warning="warn_s", critical="crit_s")


def _severity(row: Row, limits: Limits) -> Severity | None:
    is_told_elsewhere = row.state_age_s is not None and row.state_age_s >= limits.steady_s
    return None if is_told_elsewhere else _by_age(row, limits)


def _message(row: Row, _: object) -> str:
    horizon = ""
    if row.horizon_age_xids is not None:
        horizon = f" It holds back VACUUM's horizon by {count(row.horizon_age_xids)} transactions."
    now = f"now {row.state} for {duration(row.state_age_s)}" if row.state_age_s is not None else f"now {row.state}"
    return (
        f"{in_words(row)} has had a transaction open for {duration(row.transaction_age_s)}, {now}.{horizon} "
        "Ending it rolls back all its work."
    )


def _fix(row: Row, _: object) -> str:
    return terminate(row.pid) if row.state.startswith("idle") else cancel(row.pid)


CHECK = Check(
    id="activity.long_transaction",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=session_target,
        message=_message,
        fix=_fix,
        details=("pid", "state", "state_age_s", "transaction_age_s", "horizon_age_xids", "query"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
    known_as=("check_postgres: txn_time",),
)
