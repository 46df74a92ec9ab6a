"""Who is in the way of a statement right now: holders of locks that exclude its own, and snapshots that are too old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.migrations.asking import plain_cursor
from pgops.migrations.effects.locks import LockMode

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from pgops.migrations.effects.effect import Touch


@attrs.frozen(kw_only=True)
class Blocker:
    """One session that would be waited for."""

    pid: int
    user: str | None
    application: str | None
    state: str | None
    relation: str | None
    """None where its snapshot is in the way, not a lock."""
    mode: str | None
    transaction_s: float | None
    """How old its transaction is."""
    query: str
    """The first 200 characters of what it last said."""

    def __str__(self) -> str:
        who = f"session {self.pid} of {self.user or 'nobody'}" + (f" ({self.application})" if self.application else "")
        what = f"holds {self.mode} on {self.relation}" if self.relation else "holds an old snapshot"
        age = f" for {self.transaction_s:.0f} s" if self.transaction_s is not None else ""
        return f"{who} {what}{age}: {self.query}" if self.query else f"{who} {what}{age}"


# Prepared transactions hold locks without a session: pid is NULL in pg_locks, and the name is in pg_prepared_xacts.
_HOLDERS = """
SELECT COALESCE(l.pid, 0), a.usename, a.application_name,
       COALESCE(a.state, CASE WHEN l.pid IS NULL THEN 'prepared' END),
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), l.mode,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8,
       COALESCE(pg_catalog.left(pg_catalog.regexp_replace(a.query, '[[:space:]]+', ' ', 'g'), 200), '')
  FROM ROWS FROM (pg_catalog.unnest(%(names)s::text[]), pg_catalog.unnest(%(modes)s::text[])) AS wanted (name, mode)
  JOIN pg_catalog.pg_locks AS l
    ON l.locktype = 'relation'
   AND l.relation = pg_catalog.to_regclass(wanted.name)
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND l.granted
   AND l.mode = wanted.mode
  JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 WHERE (l.pid IS NULL OR l.pid <> ALL (%(own)s::int[]))
 ORDER BY a.xact_start NULLS FIRST
 LIMIT 20
"""

# CONCURRENTLY waits for every older snapshot of this database (WaitForOlderSnapshots in indexcmds.c; VACUUM is exempt).
_SNAPSHOTS = """
SELECT a.pid, a.usename, a.application_name, a.state, NULL, NULL,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8,
       COALESCE(pg_catalog.left(pg_catalog.regexp_replace(a.query, '[[:space:]]+', ' ', 'g'), 200), '')
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.backend_xmin IS NOT NULL
   AND a.datname = pg_catalog.current_database()
   AND a.backend_type = 'client backend'
   AND a.pid <> ALL (%(own)s::int[])
   AND a.xact_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(older_s)s)
 ORDER BY a.xact_start
 LIMIT 20
"""

OLD_SNAPSHOT_S = 5.0


def blockers_now(
    conn: psycopg.Connection[Any],
    touches: Iterable[Touch],
    *,
    snapshots: bool = False,
    own: Iterable[int] = (),
) -> tuple[Blocker, ...]:
    """The sessions that hold what `touches` would wait for, longest transaction first.

    `snapshots` adds those whose snapshot is older than five seconds: CREATE INDEX CONCURRENTLY waits for them. `own`
    are the backends that do the asking. Without pg_monitor other users' queries are hidden, their locks are not.
    """
    wanted = {
        (touch.relation.sql, _VIEW_NAMES[mode])
        for touch in touches
        if touch.lock > LockMode.ACCESS_SHARE
        for mode in touch.lock.excluded
    }
    own = [*own, conn.info.backend_pid]
    with plain_cursor(conn) as cursor:
        names = {"names": [name for name, _ in wanted], "modes": [mode for _, mode in wanted], "own": own}
        rows = cursor.execute(_HOLDERS, names).fetchall() if wanted else []
        if snapshots:
            rows += cursor.execute(_SNAPSHOTS, {"own": own, "older_s": OLD_SNAPSHOT_S}).fetchall()
    return tuple(
        dict.fromkeys(
            Blocker(
                pid=pid,
                user=user,
                application=application or None,
                state=state,
                relation=relation,
                mode=str(LockMode.of(mode)) if mode else None,
                transaction_s=age,
                query=query,
            )
            for pid, user, application, state, relation, mode, age, query in rows
        )
    )


_VIEW_NAMES = {mode: "".join(map(str.capitalize, mode.name.split("_"))) + "Lock" for mode in LockMode}
