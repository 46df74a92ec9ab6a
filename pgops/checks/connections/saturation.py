"""Connection slots nearly used up.

The server admits `max_connections` clients, and the last of these slots are kept for superusers and, from PostgreSQL
16, for members of pg_use_reserved_connections. Whoever comes when the rest are taken is refused. A database or a role
may have a limit of its own (CONNECTION LIMIT), at which its clients are refused while others are not.

Only clients count. Walsenders have slots of their own (max_wal_senders), and so have autovacuum and background workers;
they are in pg_stat_activity too, which is why counting its rows is wrong. Superusers use slots, though the limits of
databases and roles do not bind them. A limit of 0 closes a database or role on purpose, and is left out.

INFO at 60 %, a WARNING at 80 %, CRITICAL at 95 %. A false alarm: a pool that keeps all its connections open has its
highest count always; then look whether anything else has to come in. Rather pool than raise the limit, which needs a
restart and memory: see by state and user who holds the slots. A role without pg_read_all_stats can't tell background
workers from clients, so that its count may be too high: a finding then has a confidence, and no states.

Manual: section 19.3.1; CREATE ROLE and CREATE DATABASE, "CONNECTION LIMIT".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Query, Scope, Seen, limit
from pgops.findings import Finding, Severity, Target, as_tuple
from pgops.render.quantities import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    """A limit and who uses it up: the server's own, and those of databases and roles that have one."""

    kind: str
    """`server`, `database` or `role`."""
    name: str
    allowed: int
    """The slots that any client may have: for the server, without the reserved ones."""
    reserved: int
    """The slots kept for superusers and members of pg_use_reserved_connections."""
    used: int
    uncertain: int
    """How many of `used` may be no clients at all: the role that asks is not told."""
    states: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The states of the clients, the most frequent first; `state_counts` go with them."""
    state_counts: tuple[int, ...] = attrs.field(converter=as_tuple)
    users: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The users, the one with the most connections first; `user_counts` go with them."""
    user_counts: tuple[int, ...] = attrs.field(converter=as_tuple)


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(60.0, unit="%", doc="INFO when so many of the slots are used.")
    warn_pct: float = limit(80.0, unit="%", doc="A WARNING when so many of the slots are used.")
    crit_pct: float = limit(95.0, unit="%", doc="CRITICAL when so many of the slots are used.")


SQL = """
WITH client AS MATERIALIZED (
  SELECT a.datid,
         a.usesysid,
         COALESCE(a.usename::text, a.usesysid::text)                        AS user_name,
         CASE WHEN a.backend_type IS NOT NULL THEN COALESCE(a.state, 'starting') END AS state,
         a.backend_type IS NULL                                             AS uncertain
    FROM pg_catalog.pg_stat_activity AS a
   WHERE a.backend_type = 'client backend'
      -- Sessions of others show a bare role who and where, and not what they are: a client has both.
      OR (a.backend_type IS NULL
          AND a.usesysid IS NOT NULL
          AND a.datid IS NOT NULL
          AND a.pid NOT IN (SELECT s.pid FROM pg_catalog.pg_stat_get_wal_senders() AS s WHERE s.pid IS NOT NULL))
), member AS (
  SELECT 'server' AS kind, 0::oid AS id, c.* FROM client AS c
   UNION ALL
  SELECT 'database', c.datid, c.* FROM client AS c
   UNION ALL
  SELECT 'role', c.usesysid, c.* FROM client AS c
), total AS (
  SELECT m.kind, m.id, pg_catalog.count(*) AS used, pg_catalog.count(*) FILTER (WHERE m.uncertain) AS uncertain
    FROM member AS m
   GROUP BY m.kind, m.id
), by_state AS (
  SELECT g.kind, g.id,
         pg_catalog.array_agg(g.state ORDER BY g.number DESC, g.state)  AS states,
         pg_catalog.array_agg(g.number ORDER BY g.number DESC, g.state) AS counts
    FROM (SELECT m.kind, m.id, m.state, pg_catalog.count(*) AS number
            FROM member AS m
           WHERE m.state IS NOT NULL
           GROUP BY m.kind, m.id, m.state) AS g
   GROUP BY g.kind, g.id
), by_user AS (
  SELECT g.kind, g.id,
         pg_catalog.array_agg(g.user_name ORDER BY g.number DESC, g.user_name) AS users,
         pg_catalog.array_agg(g.number ORDER BY g.number DESC, g.user_name)    AS counts
    FROM (SELECT m.kind, m.id, m.user_name, pg_catalog.count(*) AS number
            FROM member AS m
           GROUP BY m.kind, m.id, m.user_name) AS g
   GROUP BY g.kind, g.id
), kept AS (
  SELECT pg_catalog.current_setting('superuser_reserved_connections')::bigint
         -- PostgreSQL 16 and later
         + COALESCE(pg_catalog.current_setting('reserved_connections', TRUE)::bigint, 0) AS slots
), bound AS (
  SELECT 'server' AS kind, 0::oid AS id, 'max_connections' AS name,
         pg_catalog.current_setting('max_connections')::bigint - kept.slots AS allowed,
         kept.slots AS reserved
    FROM kept
   UNION ALL
  SELECT 'database', d.oid, d.datname::text, d.datconnlimit, 0
    FROM pg_catalog.pg_database AS d
   WHERE d.datconnlimit > 0  -- -1: none, -2: a half-dropped database
   UNION ALL
  SELECT 'role', r.oid, r.rolname::text, r.rolconnlimit, 0
    FROM pg_catalog.pg_roles AS r
   WHERE r.rolconnlimit > 0
     AND NOT r.rolsuper
)
SELECT b.kind,
       b.name,
       b.allowed,
       b.reserved,
       COALESCE(t.used, 0)       AS used,
       COALESCE(t.uncertain, 0)  AS uncertain,
       COALESCE(s.states, '{}')  AS states,
       COALESCE(s.counts, '{}')  AS state_counts,
       COALESCE(u.users, '{}')   AS users,
       COALESCE(u.counts, '{}')  AS user_counts
  FROM bound AS b
  LEFT JOIN total AS t ON t.kind = b.kind AND t.id = b.id
  LEFT JOIN by_state AS s ON s.kind = b.kind AND s.id = b.id
  LEFT JOIN by_user AS u ON u.kind = b.kind AND u.id = b.id
 ORDER BY b.kind DESC, b.name
"""

UNCERTAIN = 0.7
"""The confidence of a finding that rests on sessions which may be background workers: as a rule few are."""


def used_pct(row: Row, used: int) -> float:
    """`used` in percent of the slots that any client may have: over 100 where reserved ones are in use."""
    return 100.0 * used / row.allowed if row.allowed > 0 else 100.0  # all may be reserved


def severity_of(row: Row, used: int, limits: Limits) -> Severity | None:
    """How bad it is that `used` slots are taken."""
    steps = (
        (Severity.CRITICAL, limits.crit_pct),
        (Severity.WARNING, limits.warn_pct),
        (Severity.INFO, limits.info_pct),
    )
    return next((severity for severity, bound in steps if used_pct(row, used) >= bound), None)


def target_of(row: Row) -> Target:
    return Target("setting" if row.kind == "server" else row.kind, None, row.name)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        limits = seen.limits_for(row)
        severity = severity_of(row, row.used, limits)
        if severity is None:
            continue
        certain = severity_of(row, row.used - row.uncertain, limits)
        details = {
            "used": row.used,
            "uncertain": row.uncertain,
            "allowed": row.allowed,
            "reserved": row.reserved,
            "by_state": dict(zip(row.states, row.state_counts, strict=True)),
            "by_user": dict(zip(row.users, row.user_counts, strict=True)),
        }
        yield Finding(
            severity, target_of(row), _message(row), None, None if certain is severity else UNCERTAIN, details
        )


def _message(row: Row) -> str:
    where = {"server": "the server", "database": f"the database {row.name}", "role": f"the role {row.name}"}[row.kind]
    kept = f" ({row.reserved} more are reserved)" if row.reserved else ""
    share = percent(used_pct(row, row.used))
    said = f"Clients use {row.used} of the {row.allowed} connections that {where} admits{kept}: {share}."
    if row.states:
        said += f" By state: {_counted(row.states, row.state_counts)}."
    if row.kind != "role":
        said += f" By user: {_counted(row.users, row.user_counts)}."
    if row.uncertain:
        said += f" Of these, {row.uncertain} may be background workers, which this role is not told."
    return said


_NAMED = 5


def _counted(names: Sequence[str], counts: Sequence[int]) -> str:
    """The most frequent by name, the others as a number."""
    most = [f"{name} {number}" for name, number in zip(names, counts, strict=True)][:_NAMED]
    others = sum(counts[_NAMED:])
    return ", ".join([*most, f"others {others}"] if others else most)


CHECK = Check(
    id="connections.saturation",
    aliases=("connection_saturation",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    target=target_of,
    metrics=(Metric(value="used", limit="allowed"),),
    known_as=("pghero: connections", "check_postgres: backends", "check_pgactivity: backends"),
)
