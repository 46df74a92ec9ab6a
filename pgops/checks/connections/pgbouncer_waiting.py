"""Clients wait in pgbouncer for a connection to the server.

A pool hands out as many connections as its pool_size; who comes then queues, and the application takes that for a slow
database. Either the pool is too small for what the server could do, or transactions keep connections longer than they
need (idle in transaction, sessions in a pool by session), or the database was paused.

By how long the first in the queue has waited: a WARNING after `warn_s`, CRITICAL after `crit_s`; a queue that moves is
healthy. Raise pool_size as far as the server bears it, and look at activity.long_transaction first. A false alarm: a
database that was paused on purpose (PAUSE), for a restart of the server.

This is a look at the pooler, not at the database. Hand it in: `facilities={"pgbouncer": pgops.db.read_pooler(...)}`.

Source: pgbouncer's manual, SHOW POOLS and SHOW STATS; versions 1.12 to 1.24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Probe, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.db.pooler_console import CONSOLE
from pgops.findings import Target
from pgops.render.quantities import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.db.pooler_console import Pooler


@attrs.frozen(kw_only=True)
class Row:
    """One pool."""

    database: str
    user: str
    mode: str | None
    waiting: int
    longest_wait_s: float
    mean_wait_s: float | None
    """On the average of the database's last period (stats_period, a minute)."""
    active: int
    """Server connections in use."""
    pool_size: int | None
    paused: bool


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(1.0, unit="s", doc="A WARNING where a client has waited so long.")
    crit_s: float = limit(30.0, unit="s", doc="CRITICAL where a client has waited so long.")


def read(pooler: Pooler) -> Iterator[Row]:
    databases = {database.name: database for database in pooler.databases}
    for pool in pooler.pools:
        if pool.database == CONSOLE:
            continue
        database = databases.get(pool.database)
        yield Row(
            database=pool.database,
            user=pool.user,
            mode=pool.mode,
            waiting=pool.clients_waiting,
            longest_wait_s=pool.longest_wait_s,
            mean_wait_s=database.mean_wait_s if database else None,
            active=pool.servers_active,
            pool_size=database.pool_size if database else None,
            paused=database.paused if database else False,
        )


def target_of(row: Row) -> Target:
    return Target("pool", None, row.database, row.user)


def _message(row: Row, _: object) -> str:
    clients = "1 client waits" if row.waiting == 1 else f"{row.waiting} clients wait"
    of = f" of {row.pool_size}" if row.pool_size else ""
    mean = "" if row.mean_wait_s is None else f", {duration(row.mean_wait_s)} on the average lately"
    paused = " The database is paused: RESUME lets them go on." if row.paused else ""
    return (
        f"{clients} for a connection of {row.user} to {row.database}, the first for "
        f"{duration(row.longest_wait_s)}{mean}; {row.active}{of} connections are in use.{paused}"
    )


CHECK = Check(
    id="connections.pgbouncer_waiting",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("longest_wait_s", warning="warn_s", critical="crit_s"),
        target=target_of,
        message=_message,
        details=("waiting", "longest_wait_s", "mean_wait_s", "active", "pool_size", "paused"),
    ),
    probe=Probe(facility="pgbouncer", read=read),
    scope=Scope.CLUSTER,
    known_as=("check_postgres: pgb_pool_cl_waiting", "check_postgres: pgb_pool_maxwait"),
)
