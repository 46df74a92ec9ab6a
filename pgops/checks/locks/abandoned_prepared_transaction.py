"""Prepared transaction that nobody finishes.

PREPARE TRANSACTION hands a transaction over to a transaction manager, which commits or rolls it back within seconds.
One that was forgotten belongs to no session: it survives disconnection and restart, keeps its locks, and holds back the
horizon behind which VACUUM removes dead rows, until the server has to stop to prevent a wraparound.

A false alarm: a manager that is down comes back and finishes what it has prepared, so ask it first. A name like
`pg_gid_16394_751` is of a subscription with `two_phase`: the publisher finishes it, and there is no remedy here.
Where nobody uses two-phase commit, `max_prepared_transactions = 0` keeps it from happening.

Limits: a WARNING after five minutes, CRITICAL after an hour.
Manual: PREPARE TRANSACTION, section "Notes"; "pg_prepared_xacts" in the chapter on system views.
"""

from __future__ import annotations

import re

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.checks.sessions import prepared_target, roll_back_prepared
from pgops.render.quantities import count, duration


@attrs.frozen(kw_only=True)
class Row:
    gid: str
    user: str
    database: str
    here: bool
    """Whether this is the database that was asked: it can be finished nowhere else."""
    prepared_s: float
    age_xids: int
    """How far the horizon is held back, in transactions."""
    locks: int
    """The locks on tables and indexes that it keeps."""


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(300.0, unit="s", doc="A WARNING for one prepared that long ago.")
    crit_s: float = limit(3600.0, unit="s", doc="CRITICAL for one prepared that long ago.")


SQL = """
SELECT x.gid,
       x.owner::text                                                            AS "user",
       x.database::text                                                         AS database,
       x.database = pg_catalog.current_database()                               AS here,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - x.prepared)::float8    AS prepared_s,
       pg_catalog.age(x.transaction)                                            AS age_xids,
       COALESCE(held.locks, 0)                                                  AS locks
  FROM pg_catalog.pg_prepared_xacts AS x
  LEFT JOIN (-- Its locks have no pid; they share a virtual transaction with the lock on its own transaction id.
             SELECT self.transactionid, pg_catalog.count(*) AS locks
               FROM pg_catalog.pg_locks AS self
               JOIN pg_catalog.pg_locks AS l ON l.virtualtransaction = self.virtualtransaction
              WHERE self.pid IS NULL
                AND self.locktype = 'transactionid'
                AND l.pid IS NULL
                AND l.locktype = 'relation'
                AND l.mode <> 'SIReadLock'
              GROUP BY self.transactionid) AS held ON held.transactionid = x.transaction
 ORDER BY x.prepared
"""

_OF_A_SUBSCRIPTION = re.compile(r"pg_gid_\d+_\d+")


def _message(row: Row, _: object) -> str:
    locks = "1 lock" if row.locks == 1 else f"{count(row.locks)} locks"
    said = (
        f"{row.user} prepared this transaction in {row.database} {duration(row.prepared_s)} ago. It keeps {locks} on "
        f"tables and indexes and holds back VACUUM's horizon by {count(row.age_xids)} transactions."
    )
    if _OF_A_SUBSCRIPTION.fullmatch(row.gid):
        return f"{said} It belongs to a subscription: see why the publisher does not finish it."
    where = "" if row.here else f" It can be ended only in {row.database}."
    return f"{said}{where} Ask its transaction manager first: it may have promised to commit."


CHECK = Check(
    id="locks.abandoned_prepared_transaction",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("prepared_s", warning="warn_s", critical="crit_s"),
        target=lambda row: prepared_target(row.gid),
        message=_message,
        fix=lambda row, _: None if _OF_A_SUBSCRIPTION.fullmatch(row.gid) else roll_back_prepared(row.gid),
        details=("user", "here", "prepared_s", "age_xids", "locks"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    known_as=(
        "check_postgres: prepared_txns",
        "check_pgactivity: oldest_2pc",
    ),
)
