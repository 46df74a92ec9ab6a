"""The shared lock table is nearly full.

When it is full a statement fails with "out of shared memory" and the hint to raise max_locks_per_transaction, mostly
one that touches very many tables: a dump, a query over thousands of partitions. There is room for
max_locks_per_transaction x (max_connections + max_prepared_transactions) locks for certain; beyond it the server takes
what shared memory is left over, two or three times as much, which nobody should count on.

Counted are different things that are locked, without locks that stand in the sessions' own fast paths and without
those of serializable transactions, which have tables of their own. A WARNING at `warn_pct` of the room that is certain,
critical at `crit_pct`. To raise the setting takes a restart.

Manual: section 19.12, "Lock Management"; view pg_locks.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Metric, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    locked: int
    room: int
    used_pct: float
    max_locks_per_transaction: int


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(70.0, unit="%", doc="A WARNING from this share of the room that is certain.")
    crit_pct: float = limit(150.0, unit="%", doc="CRITICAL from here on: the room left over is being used.")


SQL = """
SELECT k.locked,
       k.room,
       100.0::float8 * k.locked / k.room AS used_pct,
       k.per_transaction AS max_locks_per_transaction
  FROM (SELECT (SELECT pg_catalog.count(*)
                  FROM (SELECT DISTINCT l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid,
                                        l.transactionid, l.classid, l.objid, l.objsubid
                          FROM pg_catalog.pg_locks AS l
                         WHERE NOT l.fastpath
                           AND l.mode <> 'SIReadLock') AS different) AS locked,
               pg_catalog.current_setting('max_locks_per_transaction')::bigint
               * (pg_catalog.current_setting('max_connections')::bigint
                  + pg_catalog.current_setting('max_prepared_transactions')::bigint) AS room,
               pg_catalog.current_setting('max_locks_per_transaction')::int AS per_transaction) AS k
"""

_TARGET = Target("setting", None, "max_locks_per_transaction")

CHECK = Check(
    id="locks.lock_table_saturation",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("used_pct", warning="warn_pct", critical="crit_pct"),
        target=lambda _: _TARGET,
        message="{locked} things are locked, and the lock table has room for {room} for certain ({used_pct}).",
        fix=lambda row, _: f"ALTER SYSTEM SET max_locks_per_transaction = {row.max_locks_per_transaction * 2};",
        details=("locked", "room"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    metrics=(Metric(value="locked", limit="room"),),
)
