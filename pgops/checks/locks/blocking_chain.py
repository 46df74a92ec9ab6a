"""Sessions held up by the locks of others.

Whoever waits for a lock often holds locks too, so one forgotten transaction can stop a whole application: its waiters
have waiters of their own, and every new session joins the queue. Here each finding is a root, one that blocks others
and waits for nobody: only ending it helps, while ending one of its waiters changes nothing. A root may be a prepared
transaction, which is no session at all. Sessions that wait for each other in a ring are a deadlock that the server will
resolve when `deadlock_timeout` has passed.

A false alarm: waits of some milliseconds are the ordinary life of a busy server, and a migration is meant to keep
others waiting for a moment. Any chain is CRITICAL as the limits stand; `warn_s` leaves out the short ones, and `crit_s`
makes a WARNING of the rest until someone has waited that long.

A waiter may wait for several at once: it stands under each of its roots, and goes on only when all of them are done. A
parallel query is one session, its leader. A wait for a safe snapshot (SERIALIZABLE READ ONLY DEFERRABLE) is no wait for
a lock and is not shown, nor is what the recovery of a standby waits for.

Manual: "pg_locks" in the chapter on system views; pg_blocking_pids in section 9.27; chapter 13.3 "Explicit Locking".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.api import Check, Loosest, Query, Requires, Scope, Seen, limit
from pgops.checks.lock_waits import Chain, Key, Waits, chains, key_of, longest_first, waited
from pgops.checks.sessions import (
    CLIENT,
    LONG_QUERY,
    SHOWN_QUERY,
    cancel,
    in_words,
    prepared_target,
    roll_back_prepared,
    session_target,
    terminate,
)
from pgops.findings import Finding, Severity, Target, as_tuple
from pgops.render.quantities import duration
from pgops.secret import without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.render.document import Tree


@attrs.frozen(kw_only=True)
class Row:
    """A session or a prepared transaction that waits or is waited for. The rows together are the graph of waits."""

    pid: int | None
    """None for a prepared transaction."""
    gid: str | None
    """The name of a prepared transaction, unique on the server."""
    blocked_by: tuple[int, ...] = attrs.field(converter=as_tuple)
    """The sessions that it waits for, each once. With `blocked_by_prepared` empty too, it waits for nobody: a root."""
    blocked_by_prepared: tuple[str, ...] = attrs.field(converter=as_tuple)
    waited_s: float | None
    lock_type: str | None
    """What it waits for: `relation`, `transactionid` (a row that another transaction has changed), `advisory` ..."""
    lock_mode: str | None
    relation_schema: str | None
    """NULL where the lock is on no relation, or on one of another database."""
    relation: str | None
    own: bool
    """The session that asks."""
    user: str | None
    database: str | None
    application: str | None
    backend_type: str | None
    state: str | None
    state_age_s: float | None
    transaction_age_s: float | None
    query_id: int | None
    query: str | None = attrs.field(converter=attrs.converters.optional(without_passwords))


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(0.0, unit="s", doc="Leave out a chain in which nobody has waited that long.")
    crit_s: float = limit(0.0, unit="s", doc="CRITICAL where someone has waited that long, WARNING before.")
    query_chars: int = limit(
        LONG_QUERY, unit="characters", doc="Keep that much of a query's text.", loosest=Loosest.HIGHEST
    )


SQL = (
    """
WITH entry AS MATERIALIZED (
  -- pg_locks is copied under the locks of the whole lock table: once.
  SELECT l.*,
         ROW(l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid,
             l.classid, l.objid, l.objsubid)::text AS tag
    FROM pg_catalog.pg_locks AS l
   WHERE NOT l.granted
      OR l.pid IS NULL            -- of a prepared transaction
      OR l.locktype = 'tuple'     -- held by the first who waits for a row, and tells the table
), activity AS MATERIALIZED (
  SELECT *
    FROM pg_catalog.pg_stat_activity
), wanted AS MATERIALIZED (
  -- What a parallel worker waits for, its leader waits for. Not so a parallel apply worker, which has a leader too.
  SELECT CASE WHEN a.backend_type = 'parallel worker' THEN COALESCE(a.leader_pid, l.pid) ELSE l.pid END AS session,
         l.*
    FROM entry AS l
    LEFT JOIN activity AS a ON a.pid = l.pid
   WHERE NOT l.granted
), waiting AS MATERIALIZED (
  -- This takes the lock table's locks too, at each call: once a session. For a leader it answers for its workers.
  SELECT w.session, pg_catalog.pg_blocking_pids(w.session) AS blockers
    FROM (SELECT DISTINCT session FROM wanted) AS w
), waits_for_session AS MATERIALIZED (
  SELECT w.session, pg_catalog.array_agg(DISTINCT b.pid ORDER BY b.pid) AS pids
    FROM waiting AS w
   CROSS JOIN LATERAL pg_catalog.unnest(w.blockers) AS b (pid)
   WHERE b.pid <> w.session
     AND b.pid IN (SELECT a.pid FROM activity AS a)  -- 0 is a prepared transaction, another has ended meanwhile
   GROUP BY w.session
), conflict (mode, modes) AS (
  VALUES  -- manual, table 13.2
    ('AccessShareLock', '{AccessExclusiveLock}'::text[]),
    ('RowShareLock', '{ExclusiveLock,AccessExclusiveLock}'),
    ('RowExclusiveLock', '{ShareLock,ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}'),
    ('ShareUpdateExclusiveLock', '{ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,ExclusiveLock,
                                   AccessExclusiveLock}'),
    ('ShareLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareRowExclusiveLock,ExclusiveLock,
                    AccessExclusiveLock}'),
    ('ShareRowExclusiveLock', '{RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,
                                ExclusiveLock,AccessExclusiveLock}'),
    ('ExclusiveLock', '{RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,
                        ExclusiveLock,AccessExclusiveLock}'),
    ('AccessExclusiveLock', '{AccessShareLock,RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,
                              ShareRowExclusiveLock,ExclusiveLock,AccessExclusiveLock}')
), waits_for_prepared AS MATERIALIZED (
  SELECT w.session, pg_catalog.array_agg(DISTINCT x.gid ORDER BY x.gid) AS gids
    FROM wanted AS w
    JOIN conflict AS c ON c.mode = w.mode
    JOIN entry AS held ON held.tag = w.tag AND held.granted AND held.pid IS NULL AND held.mode = ANY (c.modes)
    -- Its locks have no pid; they share a virtual transaction with the lock on its own transaction id.
    JOIN entry AS self ON self.virtualtransaction = held.virtualtransaction
                      AND self.pid IS NULL AND self.locktype = 'transactionid' AND self.granted
    JOIN pg_catalog.pg_prepared_xacts AS x ON x.transaction = self.transactionid
   GROUP BY w.session
), first_wanted AS (
  -- The workers of one query may wait for several locks: the one that has been waited for longest.
  SELECT DISTINCT ON (w.session)
         w.session,
         GREATEST(EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - w.waitstart), 0)::float8 AS waited_s,
         w.locktype,
         w.mode,
         COALESCE(w.relation, row_of.relation) AS relation,
         COALESCE(w.database, row_of.database) AS database
    FROM wanted AS w
    LEFT JOIN entry AS row_of ON row_of.pid = w.pid AND row_of.locktype = 'tuple' AND row_of.granted
                             AND w.locktype = 'transactionid'
   ORDER BY w.session, w.waitstart NULLS LAST
)
SELECT a.pid,
       NULL::text                                                     AS gid,
       COALESCE(s.pids, '{}')                                         AS blocked_by,
       COALESCE(p.gids, '{}')                                         AS blocked_by_prepared,
       -- A wait that has only just begun has no start yet.
       CASE WHEN w.session IS NOT NULL THEN COALESCE(w.waited_s, 0) END AS waited_s,
       w.locktype                                                     AS lock_type,
       w.mode                                                         AS lock_mode,
       n.nspname::text                                                AS relation_schema,
       c.relname::text                                                AS relation,
       a.pid = pg_catalog.pg_backend_pid()                            AS own,
       a.usename::text                                                AS "user",
       a.datname::text                                                AS database,
       a.application_name                                             AS application,
       a.backend_type,
       a.state,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.state_change)::float8 AS state_age_s,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8   AS transaction_age_s,
       a.query_id,"""  # noqa: S608  it is made of constants
    + SHOWN_QUERY
    + """
  FROM activity AS a
  LEFT JOIN waits_for_session AS s ON s.session = a.pid
  LEFT JOIN waits_for_prepared AS p ON p.session = a.pid
  LEFT JOIN first_wanted AS w ON w.session = a.pid AND (s.session IS NOT NULL OR p.session IS NOT NULL)
  LEFT JOIN pg_catalog.pg_class AS c
         ON c.oid = w.relation
        AND w.database IN (0, (SELECT d.oid FROM pg_catalog.pg_database AS d
                                WHERE d.datname = pg_catalog.current_database()))
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE s.session IS NOT NULL
    OR p.session IS NOT NULL
    OR a.pid IN (SELECT pg_catalog.unnest(s.pids) FROM waits_for_session AS s)
 UNION ALL
SELECT NULL, x.gid, '{}', '{}', NULL, NULL, NULL, NULL, NULL, FALSE, x.owner::text, x.database::text, NULL, NULL,
       NULL, NULL,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - x.prepared)::float8,
       NULL, NULL
  FROM pg_catalog.pg_prepared_xacts AS x
 WHERE x.gid IN (SELECT pg_catalog.unnest(p.gids) FROM waits_for_prepared AS p)
 ORDER BY waited_s DESC NULLS FIRST, pid
"""
)


# --- the verdict ------------------------------------------------------------------------------------------------------


def target_of(row: Row) -> Target:
    return prepared_target(row.gid) if row.gid is not None else session_target(row)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for chain in chains(rows):
        limits = seen.limits_for(chain.root)
        if chain.waited_s < limits.warn_s:
            continue
        severity = Severity.CRITICAL if chain.waited_s >= limits.crit_s else Severity.WARNING
        fix, caution = _deadlock_remedy(chain) if chain.ring else _remedy(chain.root)
        message = f"{_deadlock(chain) if chain.ring else _blocker(chain.root)} {_held_up(chain)} {caution}"
        details = {
            "pid": chain.root.pid,
            "gid": chain.root.gid,
            "waiting_pids": [row.pid for row in chain.waiters],
            "waited_s": chain.waited_s,
            "state": chain.root.state,
            "query": chain.root.query,
        }
        yield Finding(severity, target_of(chain.root), message, fix, None, details)


def _blocker(root: Row) -> str:
    age = duration(root.transaction_age_s or 0)
    if root.gid is not None:
        return f"The prepared transaction {root.gid} of {root.user} in {root.database}, {age} old,"
    transaction = f", in a transaction of {age}," if root.transaction_age_s is not None else ""
    return f"{in_words(root)}, {_state(root)}{transaction}"


def _state(row: Row) -> str:
    age = f" for {duration(row.state_age_s)}" if row.state_age_s is not None else ""
    return f"{row.state or 'at work'}{age}"


def _held_up(chain: Chain) -> str:
    number = len(chain.waiters)
    many = "1 session" if number == 1 else f"{number} sessions"
    names = sorted({name for row in chain.waiters if (name := _wanted_relation(row))})
    over = f" over {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}" if names else ""
    if chain.ring:
        return f"In all {many} behind it{over}, the longest for {duration(chain.waited_s)}."
    return f"holds up {many}{over}, the longest for {duration(chain.waited_s)}."


def _wanted_relation(row: Any) -> str | None:
    return Target("table", row.relation_schema, row.relation).sql if row.relation else None


def _deadlock(chain: Chain) -> str:
    pids = ", ".join(str(row.pid) for row in chain.ring)
    return f"Sessions {pids} wait for each other: a deadlock that the server has not resolved yet."


def _deadlock_remedy(chain: Chain) -> tuple[str, str]:
    return cancel(chain.root.pid), (
        "It cancels one of them when deadlock_timeout has passed; the remedy does it now, and that transaction fails."
    )


def _remedy(root: Row) -> tuple[str | None, str]:
    """The SQL that ends a root, and what to think of before running it."""
    if root.gid is not None:
        return roll_back_prepared(root.gid), (
            "Ask its transaction manager first, it may have promised to commit. It can be ended only in "
            f"{root.database}, and rolling it back loses its work."
        )
    if root.own:
        return None, "It is the session that asks: end its transaction there."
    if root.backend_type == "autovacuum worker":
        if root.query and "to prevent wraparound" in root.query:
            return None, "It prevents a wraparound and would start again: rather cancel those who wait."
        return cancel(root.pid), (
            "The server itself cancels it once someone has waited for deadlock_timeout; it starts again later."
        )
    if root.backend_type != CLIENT:
        return None, "It is no client: see what it is for before you stop it."
    if root.state in ("active", "fastpath function call"):
        return cancel(root.pid), "Cancelling it makes its transaction fail, and its work is lost."
    return terminate(root.pid), (
        "It executes nothing that could be cancelled; terminating it rolls back what it has not committed "
        "and closes its connection."
    )


# --- the picture ------------------------------------------------------------------------------------------------------

_MENTIONED = 10
_QUERY_CHARS = 80


def tree(rows: Sequence[Any]) -> tuple[Tree, ...]:
    """The rows as trees, a root each. Nobody is drawn in full twice: a second time they are a leaf that says so."""
    waits = Waits(rows)
    drawn: set[Key] = set()
    return tuple(_drawn(waits, chain, drawn) for chain in chains(rows))


def _drawn(waits: Waits, chain: Chain, drawn: set[Key]) -> Tree:
    """One tree, each waiter as near to the root as it can stand, since what it waits for directly has to end."""
    from pgops.render.document import Tree  # noqa: PLC0415  only a report pays for it

    root = key_of(chain.root)
    drawn.add(root)
    below: dict[Key, list[Key]] = {}
    again: dict[Key, list[Key]] = {}
    here = {root}
    order = [root]
    for key in order:  # it grows as we go: breadth first
        fresh = sorted(waits.waiters[key] - here, key=lambda each: longest_first(waits.rows[each]))
        below[key] = [each for each in fresh if each not in drawn]
        again[key] = [each for each in fresh if each in drawn]
        here.update(fresh)
        drawn.update(below[key])
        order.extend(below[key])
    grown: dict[Key, Tree] = {}
    for key in reversed(order):  # children before parents, without recursion: a chain can be a thousand sessions long
        children = [grown.pop(each) for each in below[key]]
        children += [Tree(f"{each}, shown above") for each in again[key][:_MENTIONED]]
        if len(again[key]) > _MENTIONED:
            children.append(Tree(f"{len(again[key]) - _MENTIONED} more, shown above"))
        grown[key] = Tree(_label(waits, key, ring=key == root and bool(chain.ring)), tuple(children))
    return grown[root]


def _label(waits: Waits, key: Key, *, ring: bool) -> Any:
    from pgops.render.document import Code, Line, Strong, Text, Tone  # noqa: PLC0415

    row = waits.rows[key]
    parts: list[Any] = [Strong(str(key))]
    who = " in ".join(name for name in (row.user or row.backend_type, row.database) if name)
    parts.append(f" {who}, ")
    if row.gid is not None:
        parts.append(f"prepared {duration(row.transaction_age_s or 0)} ago")
    elif not waits.blockers[key]:
        parts.append(_state(row))
    else:
        relation = _wanted_relation(row)
        what = [f"waits {duration(waited(row))} for {row.lock_mode} on ", Code(relation) if relation else row.lock_type]
        parts += what
    if ring:
        parts.append(Text(", a deadlock", Tone.CRITICAL))
    if len(waits.blockers[key]) > 1:
        several = sorted(waits.blockers[key], key=str)
        parts.append(f", blocked by {', '.join(map(str, several[:_MENTIONED]))}")
        parts.append(f" and {len(several) - _MENTIONED} more" if len(several) > _MENTIONED else "")
    if row.query:
        line = " ".join(row.query.split())
        parts += [": ", Code(line if len(line) <= _QUERY_CHARS else line[: _QUERY_CHARS - 1] + "…")]
    return Line(*parts)


CHECK = Check(
    id="locks.blocking_chain",
    aliases=("locks_overview",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_read_all_stats"),
    target=target_of,
    picture=tree,
    known_as=("ruby-pg-extras: blocking",),
)
