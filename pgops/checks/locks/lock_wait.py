"""Session that has waited long for a lock.

Whoever waits for a lock makes others wait: behind a queued ALTER TABLE every SELECT on the table queues too. How long
one has waited is measured from the moment it asked (pg_locks.waitstart). Whom it waits for, and what to do about it,
says `locks.blocking_chain`; this check says who suffers, one by one, for an alert that counts seconds.

INFO, WARNING and CRITICAL after 10, 30 and 60 seconds. A false alarm: a batch job that queues on purpose, by an
advisory lock. On a standby the process that replays WAL (`startup`) may wait, for a session that reads what the primary
has changed: it can't be cancelled, and the standby stands still meanwhile; end that session, or wait until
max_standby_streaming_delay does.

Manual: view pg_locks (waitstart, from PostgreSQL 14).
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.checks.sessions import SEES_SESSIONS, cancel, in_words, session_target
from pgops.render.quantities import duration


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    user: str | None
    database: str | None
    application: str | None
    backend_type: str | None
    query_id: int | None
    lock_type: str
    mode: str
    relation: str | None
    """Where it is one of this database."""
    waited_s: float


@attrs.frozen(kw_only=True)
class Limits:
    info_s: float = limit(10.0, unit="s", doc="INFO for one that has waited so long.")
    warn_s: float = limit(30.0, unit="s", doc="A WARNING for one that has waited so long.")
    crit_s: float = limit(60.0, unit="s", doc="CRITICAL for one that has waited so long.")


SQL = """
SELECT l.pid,
       a.usename::text                                                          AS "user",
       a.datname::text                                                          AS database,
       a.application_name                                                       AS application,
       a.backend_type,
       a.query_id,
       l.locktype                                                               AS lock_type,
       l.mode,
       CASE WHEN d.oid IS NOT NULL
            THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) END AS relation,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - l.waitstart)::float8   AS waited_s
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
  LEFT JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = l.relation AND d.oid IS NOT NULL
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE NOT l.granted
   AND l.waitstart < pg_catalog.clock_timestamp()
                     - pg_catalog.make_interval(secs => LEAST(%(info_s)s, %(warn_s)s, %(crit_s)s)::float8)
 ORDER BY waited_s DESC, l.pid
"""


_REPLAY = "startup"


def _message(row: Row, _: Limits) -> str:
    on = f" on {row.relation}" if row.relation else f" ({row.lock_type})"
    behind = " Replay stands still behind it." if row.backend_type == _REPLAY else ""
    return f"{in_words(row)} has waited {duration(row.waited_s)} for {row.mode}{on}.{behind}"


CHECK = Check(
    id="locks.lock_wait",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("waited_s", info="info_s", warning="warn_s", critical="crit_s"),
        target=session_target,
        message=_message,
        fix=lambda row, _: None if row.backend_type == _REPLAY else cancel(row.pid),
        details=("pid", "lock_type", "mode", "relation", "waited_s"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
    known_as=(
        "check_postgres: lockwait",
        "pghero: blocked queries",
    ),
)
