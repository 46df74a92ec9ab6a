"""Database near transaction id wraparound.

Transaction ids wrap around after two thousand million. VACUUM freezes old rows so that ids may be used again; where it
fails to, the server first stops caring for other settings (vacuum_failsafe_age) and at last refuses every command that
writes, until the database with the oldest id has been vacuumed by hand. The age of a database is that of its oldest
table: see `vacuum.table_xid_age`, run there.

From 0.9 to 1.0 times autovacuum_freeze_max_age is the normal sawtooth, and a little more while autovacuum is at work.
A warning comes at `warn_ratio` times that setting: by then autovacuum has failed for long. Critical is `crit_ratio`
times, or vacuum_failsafe_age if that is less. Most often something holds the horizon back, and the message names it:
an old transaction, a prepared transaction, a replication slot, a standby with hot_standby_feedback. Otherwise
autovacuum is too slow, cancelled by locks again and again, or stopped by an error in one table: the server's log
tells.

All databases count, those that take no connections too.

Manual: section 24.1.5, "Preventing Transaction ID Wraparound Failures".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Query, Scope, Seen, limit
from pgops.checks.vacuum._freezing import HOLDERS, in_words, is_held, severity_of
from pgops.findings import Finding, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    database: str
    takes_connections: bool
    xid_age: int
    freeze_max_age: int
    server_freeze_max_age: int
    failsafe_age: int
    stop_age: int
    """At which the server refuses to write."""
    held_by: str | None
    held_age: int | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_ratio: float = limit(2.0, unit="x", doc="A warning from this many times autovacuum_freeze_max_age on.")
    crit_ratio: float = limit(4.0, unit="x", doc="Critical from this many times autovacuum_freeze_max_age on.")


SQL = """
WITH <<holder>>
SELECT d.datname::text                                                        AS database,
       d.datallowconn                                                         AS takes_connections,
       pg_catalog.age(d.datfrozenxid)                                         AS xid_age,
       pg_catalog.current_setting('autovacuum_freeze_max_age')::int           AS freeze_max_age,
       pg_catalog.current_setting('autovacuum_freeze_max_age')::int           AS server_freeze_max_age,
       pg_catalog.current_setting('vacuum_failsafe_age')::int                 AS failsafe_age,
       2144483648                                                             AS stop_age,
       h.name                                                                 AS held_by,
       h.age                                                                  AS held_age
  FROM pg_catalog.pg_database AS d
  LEFT JOIN LATERAL (SELECT h.name, h.age
                       FROM holder AS h
                      WHERE h.database IS NULL OR h.database = d.oid
                      ORDER BY h.age DESC
                      LIMIT 1) AS h ON TRUE
 ORDER BY pg_catalog.age(d.datfrozenxid) DESC, d.datname
""".replace("<<holder>>", HOLDERS)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        severity = severity_of(row, seen.limits_for(row))
        if severity is None:
            continue
        target = _target(row)
        here = row.database == seen.server.database
        if not row.takes_connections:
            way = f" It takes no connections: ALTER DATABASE {target} ALLOW_CONNECTIONS true, then VACUUM in it."
        else:
            way = "" if here else " VACUUM has to be run in that database."
        yield Finding(
            severity,
            target,
            f"The oldest transaction id of the database is {in_words(row, seen)}{way}",
            # Not FREEZE: past freeze_max_age a plain VACUUM goes through whole tables too, and does no more.
            "VACUUM;" if here and not is_held(row) else None,
            None,
            {"xid_age": row.xid_age, "held_by": row.held_by, "held_age": row.held_age},
        )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="vacuum.database_xid_age",
    aliases=("xid_wraparound",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    standby=False,
    metrics=(Metric(value="xid_age", limit="stop_age"),),
    known_as=(
        "check_postgres: txn_wraparound",
        "check_postgres: autovac_freeze",
        "check_pgactivity: max_freeze_age",
    ),
)
