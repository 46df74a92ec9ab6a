"""Query that has been running for long.

A query that outlives the patience of whoever sent it burns processor and disk for nobody, keeps its locks, and holds
back the horizon behind which VACUUM removes dead rows. Often the client is gone and the server has not noticed.

A false alarm: reports, backups (pg_dump is a client), CREATE INDEX and VACUUM run by hand may well take an hour. Set
higher limits for their users, or suppress them by application. Time is counted from the start of the query; while it
waits for a lock or for its client the clock runs too, and the message names what it waits for.

Only clients count: walsenders run for ever, autovacuum takes the time it needs, and parallel workers belong to the
query of their leader. Limits: a WARNING after five minutes, CRITICAL after half an hour.
Manual: section 27.2.3 "pg_stat_activity"; statement_timeout in section 19.11.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Loosest, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.checks.sessions import LONG_QUERY, SEES_SESSIONS, SHOWN_QUERY, cancel, in_words, session_target
from pgops.render.quantities import duration
from pgops.secret import without_passwords


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    user: str | None
    database: str | None
    application: str | None
    backend_type: str
    workers: int
    """Parallel workers that help it."""
    wait_event_type: str | None
    wait_event: str | None
    running_s: float
    transaction_age_s: float | None
    query_id: int | None
    query: str | None = attrs.field(converter=attrs.converters.optional(without_passwords))


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(300.0, unit="s", doc="A WARNING for a query that has been running that long.")
    crit_s: float = limit(1800.0, unit="s", doc="CRITICAL for a query that has been running that long.")
    query_chars: int = limit(
        LONG_QUERY, unit="characters", doc="Keep that much of a query's text.", loosest=Loosest.HIGHEST
    )


SQL = (
    """
WITH activity AS MATERIALIZED (
  SELECT *
    FROM pg_catalog.pg_stat_activity
)
SELECT a.pid,
       a.usename::text                                                AS "user",
       a.datname::text                                                AS database,
       a.application_name                                             AS application,
       a.backend_type,
       (SELECT pg_catalog.count(*)
          FROM activity AS w
         WHERE w.leader_pid = a.pid
           AND w.backend_type = 'parallel worker')                    AS workers,
       a.wait_event_type,
       a.wait_event,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.query_start)::float8 AS running_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8  AS transaction_age_s,
       a.query_id,"""  # noqa: S608  it is made of constants
    + SHOWN_QUERY
    + """
  FROM activity AS a
 WHERE a.backend_type = 'client backend'
   AND a.state IN ('active', 'fastpath function call')
   AND a.pid <> pg_catalog.pg_backend_pid()
   AND a.query_start <= pg_catalog.clock_timestamp()
                        - LEAST(%(warn_s)s, %(crit_s)s)::float8 * '1 second'::interval
 ORDER BY a.query_start, a.pid
"""
)


def _message(row: Row, _: object) -> str:
    helped = f" with {row.workers} parallel workers" if row.workers else ""
    waits = f", now waiting for {row.wait_event_type}: {row.wait_event}" if row.wait_event else ""
    return (
        f"{in_words(row)} has been running one query for {duration(row.running_s)}{helped}{waits}. "
        "Cancelling it makes its transaction fail, and its work is lost."
    )


CHECK = Check(
    id="activity.long_running_query",
    aliases=("long_running_queries",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("running_s", warning="warn_s", critical="crit_s"),
        target=session_target,
        message=_message,
        fix=lambda row, _: cancel(row.pid),
        details=("pid", "running_s", "transaction_age_s", "workers", "wait_event_type", "wait_event", "query"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
    known_as=(
        "check_postgres: query_time",
        "check_postgres: query_runtime",
        "check_pgactivity: longest_query",
        "pghero: long running queries",
        "ruby-pg-extras: long_running_queries",
    ),
)
