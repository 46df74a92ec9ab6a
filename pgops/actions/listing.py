"""Finding sessions: by query, user, database, application, state, age or process id."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.actions.asking import as_text, asking, moment, read_moment
from pgops.actions.session import Sessions, SessionSeen
from pgops.checks.sessions import CLIENT, LONG_QUERY, SHOWN_QUERY
from pgops.errors import NotListedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SQL = (
    """
WITH me AS MATERIALIZED (
  SELECT r.rolsuper AS is_super,
         EXISTS (SELECT 1 FROM pg_catalog.pg_roles AS s
                  WHERE s.rolname = 'pg_signal_backend' AND pg_catalog.pg_has_role(s.oid, 'USAGE')) AS signals,
         EXISTS (SELECT 1 FROM pg_catalog.pg_roles AS s  -- from 18 on
                  WHERE s.rolname = 'pg_signal_autovacuum_worker'
                    AND pg_catalog.pg_has_role(s.oid, 'USAGE')) AS signals_autovacuum
    FROM pg_catalog.pg_roles AS r
   WHERE r.rolname = CURRENT_USER
), activity AS MATERIALIZED (
  SELECT a.*,
         a.backend_start IS NULL AS is_hidden,
         -- A text is in the encoding of its session's database.
         a.backend_start IS NOT NULL
         AND a.state IS DISTINCT FROM 'disabled'
         AND (pg_catalog.getdatabaseencoding() = 'SQL_ASCII'
              OR COALESCE((SELECT home.encoding = pg_catalog.pg_char_to_encoding(pg_catalog.getdatabaseencoding())
                             FROM pg_catalog.pg_database AS home
                            WHERE home.oid = a.datid), TRUE)) AS has_text,
         EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.query_start)::float8 AS query_age_s,
         EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS transaction_age_s
    FROM pg_catalog.pg_stat_activity AS a
   WHERE (%(pids)s::int[] IS NULL OR a.pid = ANY (%(pids)s::int[]))
     AND (%(users)s::text[] IS NULL OR a.usename::text = ANY (%(users)s::text[]))
     AND (%(databases)s::text[] IS NULL OR a.datname::text = ANY (%(databases)s::text[]))
     AND (%(applications)s::text[] IS NULL OR a.application_name = ANY (%(applications)s::text[]))
     AND (%(itself)s::bool OR a.pid <> pg_catalog.pg_backend_pid())
), judged AS MATERIALIZED (
  -- NULL is "can't be seen". A CASE, so that no text is looked at that can't be read here.
  SELECT a.pid,
         CASE WHEN %(query)s::text IS NULL THEN TRUE
              WHEN NOT a.has_text THEN NULL
              WHEN %(regex)s::bool THEN a.query ~* %(query)s::text
              ELSE pg_catalog.strpos(pg_catalog.lower(a.query), pg_catalog.lower(%(query)s::text)) > 0
         END
         -- Of what is hidden the database is not, and a client has one.
         AND CASE WHEN a.is_hidden
                  THEN CASE WHEN a.datid IS NULL AND %(kinds)s::text[] = '{client backend}' THEN FALSE END
                  ELSE (%(kinds)s::text[] IS NULL
                        OR EXISTS (SELECT 1 FROM pg_catalog.unnest(%(kinds)s::text[]) AS k (kind)
                                    WHERE pg_catalog.starts_with(a.backend_type || ' ', k.kind || ' ')))
                   AND CASE WHEN %(states)s::text[] IS NOT NULL
                            THEN COALESCE(a.state = ANY (%(states)s::text[]), FALSE)
                            ELSE %(pids)s::int[] IS NOT NULL OR a.state IS DISTINCT FROM 'idle'
                       END
                   AND (%(min_age_s)s::float8 IS NULL
                        OR COALESCE(a.query_age_s >= %(min_age_s)s::float8, FALSE))
                   AND (%(min_transaction_s)s::float8 IS NULL
                        OR COALESCE(a.transaction_age_s >= %(min_transaction_s)s::float8, FALSE))
             END AS fits
    FROM activity AS a
)
SELECT a.pid,
       j.fits,
       """  # noqa: S608  it is made of constants
    + moment("a.backend_start")
    + """,
       a.usename::text,
       a.datname::text,
       a.application_name,
       pg_catalog.host(a.client_addr),
       a.backend_type,
       a.leader_pid,
       a.state,
       a.wait_event_type,
       a.wait_event,
       """
    + moment("a.query_start")
    + """,
       a.query_age_s,
       a.transaction_age_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.state_change)::float8,
       a.backend_xid IS NOT NULL,
       a.query_id,
       CASE WHEN a.wait_event_type = 'Lock'
            THEN ARRAY(SELECT DISTINCT b.pid FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) AS b (pid)
                        ORDER BY b.pid)
            ELSE '{}'::int[]
       END,
       a.pid = pg_catalog.pg_backend_pid(),
       -- As pg_signal_backend() of the server decides it.
       COALESCE(me.is_super
                OR CASE WHEN a.usesysid IS NULL
                        THEN a.backend_type = 'autovacuum worker' AND me.signals_autovacuum
                        ELSE NOT COALESCE(owner.rolsuper, FALSE)
                             AND (me.signals OR pg_catalog.pg_has_role(a.usesysid, 'USAGE'))
                   END, FALSE),"""
    + SHOWN_QUERY
    + """
  FROM activity AS a
  JOIN judged AS j ON j.pid = a.pid
 CROSS JOIN me
  LEFT JOIN pg_catalog.pg_roles AS owner ON owner.oid = a.usesysid
 WHERE COALESCE(j.fits, TRUE)
   -- The server's own processes are hidden from everyone without the rights: nobody was looking for them.
   AND (a.usesysid IS NOT NULL OR NOT a.is_hidden OR %(pids)s::int[] IS NOT NULL)
 ORDER BY a.xact_start NULLS LAST, a.query_start NULLS LAST, a.pid
"""
)


def list_sessions(
    conn: psycopg.Connection[Any],
    *,
    query: str | None = None,
    regex: bool = False,
    user: str | Sequence[str] | None = None,
    database: str | Sequence[str] | None = None,
    application: str | Sequence[str] | None = None,
    state: str | Sequence[str] | None = None,
    min_age_s: float | None = None,
    min_transaction_s: float | None = None,
    pids: Iterable[int] | None = None,
    include: str | Sequence[str] | None = (CLIENT,),
    itself: bool = False,
    limit: int | None = None,
    query_chars: int = LONG_QUERY,
) -> Sessions:
    """The sessions of the whole server that fit every filter, the oldest transaction first. Nothing is changed.

    `query` is a part of the text in any letter case, or with `regex` a regular expression that the server evaluates.
    The text is the current query's, or the last one's; the server keeps `track_activity_query_size` bytes of it. User,
    database, application and state are whole names, one or several. `min_age_s` counts since the query began,
    `min_transaction_s` since the transaction did. `include` are values of
    `backend_type`, or their first words; None is all.

    Idle sessions are listed only where `state` or `pids` asks for them, and the session that asks only with `itself`.
    `pids` lists those, of whatever type. Without the rights of pg_read_all_stats the sessions of others are in
    `.hidden`: whether they fit can't be said.

    Raises `NotListedError` for a regular expression that can't be read, ValueError for a negative `limit` or
    `query_chars` and an age that is NaN, `WrongConnectionError`, and psycopg's errors. Manual: section 27.2.3
    "pg_stat_activity".
    """
    for name, number in (("limit", limit), ("query_chars", query_chars)):
        if number is not None and number < 0:
            raise ValueError(f"{name} is {number}; it is 0 or more")
    for name, seconds in (("min_age_s", min_age_s), ("min_transaction_s", min_transaction_s)):
        if seconds is not None and math.isnan(seconds):
            raise ValueError(f"{name} is {seconds}, which no session can have")
    wanted = None if pids is None else sorted(set(pids))
    asked = {
        "query": query,
        "regex": regex or None,
        "user": _several(user),
        "database": _several(database),
        "application": _several(application),
        "state": _several(state),
        "min_age_s": min_age_s,
        "min_transaction_s": min_transaction_s,
        "pids": wanted,
    }
    params = {
        "query": query,
        "regex": regex,
        "users": asked["user"],
        "databases": asked["database"],
        "applications": asked["application"],
        "states": asked["state"],
        "min_age_s": min_age_s,
        "min_transaction_s": min_transaction_s,
        "pids": wanted,
        "kinds": None if wanted is not None else _several(include),
        "itself": itself,
        "query_chars": query_chars,
    }
    try:
        with asking(conn) as cursor:
            rows = cursor.execute(SQL, params, prepare=False).fetchall()
            clock = cursor.execute(f"SELECT {moment('pg_catalog.clock_timestamp()')}", prepare=False).fetchone()
    except psycopg.errors.InvalidRegularExpression as error:
        raise NotListedError(
            f"The server can't read that regular expression: {error.diag.message_primary}.",
            cure="See section 9.7.3 of the manual, or search for a plain part of the text.",
        ) from error
    except UnicodeEncodeError as error:
        raise NotListedError("This database has no encoding (SQL_ASCII): only ASCII can be looked for.") from error
    except psycopg.DataError as error:
        raise NotListedError(f"No session can have what was asked for: {error}.") from error
    fitting = [_session(row) for row in rows if row[1]]
    at = read_moment(clock[0] if clock else None)
    assert at is not None  # noqa: S101  the server has a clock
    return Sessions(
        sessions=tuple(fitting[:limit]),
        hidden=tuple(row[0] for row in rows if row[1] is None),
        more=0 if limit is None else max(0, len(fitting) - limit),
        asked={name: value for name, value in asked.items() if value is not None},
        at=at,
    )


def _several(names: str | Sequence[str] | None) -> list[str] | None:
    if names is None:
        return None
    return [names] if isinstance(names, str) else list(names)


def _session(row: Sequence[Any]) -> SessionSeen:
    began = read_moment(row[2])
    assert began is not None  # noqa: S101  where it can't be seen nothing fits
    return SessionSeen(
        pid=row[0],
        backend_start=began,
        user=as_text(row[3]),
        database=as_text(row[4]),
        application=as_text(row[5]),
        client_addr=as_text(row[6]),
        backend_type=as_text(row[7]),
        leader_pid=row[8],
        state=as_text(row[9]),
        wait_event_type=as_text(row[10]),
        wait_event=as_text(row[11]),
        query_start=read_moment(row[12]),
        query_age_s=row[13],
        transaction_age_s=row[14],
        state_age_s=row[15],
        has_written=row[16],
        query_id=row[17],
        blocked_by=tuple(row[18]),
        is_own=row[19],
        may_signal=row[20],
        query=as_text(row[21]),
    )
