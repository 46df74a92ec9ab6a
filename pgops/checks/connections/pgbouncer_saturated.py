"""pgbouncer is nearly full: of clients, or of connections to the server.

max_client_conn bounds how many clients pgbouncer lets in at all; who comes then is refused. A pool's pool_size and a
database's max_connections bound the connections to the server; when they are used up clients wait.

Clients: a WARNING at `warn_pct`, CRITICAL at `crit_pct` of max_client_conn (which also needs as many open files). Pools
and databases: INFO from `info_pct` of their connections in use, since a pool that is well used is no harm until clients
wait: connections.pgbouncer_waiting finds that. A false alarm: a pool by session holds one connection for each client.

This is a look at the pooler, not at the database. Hand it in: `facilities={"pgbouncer": pgops.db.read_pooler(...)}`.

Source: pgbouncer's manual, SHOW LISTS, SHOW POOLS and SHOW DATABASES; versions 1.12 to 1.24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Probe, Scope, limit
from pgops.checks.judging import each_row
from pgops.db.pooler_console import CONSOLE
from pgops.findings import Severity, Target
from pgops.render.quantities import percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.db.pooler_console import Pooler


@attrs.frozen(kw_only=True)
class Row:
    kind: str
    """`pooler` (clients), `pool` or `database` (connections to the server)."""
    database: str | None
    user: str | None
    used: int
    allowed: int
    waiting: int

    @property
    def used_pct(self) -> float:
        return 100.0 * self.used / self.allowed


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(90.0, unit="%", doc="INFO where a pool or database uses so many of its connections.")
    warn_pct: float = limit(80.0, unit="%", doc="A WARNING where so many clients of max_client_conn are there.")
    crit_pct: float = limit(95.0, unit="%", doc="CRITICAL where so many clients of max_client_conn are there.")


def read(pooler: Pooler) -> Iterator[Row]:
    waiting = sum(pool.clients_waiting for pool in pooler.pools)
    if pooler.max_clients:
        yield Row(
            kind="pooler", database=None, user=None, used=pooler.clients, allowed=pooler.max_clients, waiting=waiting
        )
    sizes = {database.name: database.pool_size for database in pooler.databases if database.name != CONSOLE}
    for pool in pooler.pools:
        size = sizes.get(pool.database)
        if size:
            yield Row(
                kind="pool",
                database=pool.database,
                user=pool.user,
                used=pool.servers_active,
                allowed=size,
                waiting=pool.clients_waiting,
            )
    for database in pooler.databases:
        if database.max_connections and database.name != CONSOLE:
            queue = sum(pool.clients_waiting for pool in pooler.pools if pool.database == database.name)
            yield Row(
                kind="database",
                database=database.name,
                user=None,
                used=database.connections,
                allowed=database.max_connections,
                waiting=queue,
            )


def target_of(row: Row) -> Target:
    if row.kind == "pooler":
        return Target("pooler", None, "pgbouncer", "max_client_conn")
    return Target(row.kind, None, row.database or "", row.user)


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.kind != "pooler":
        return Severity.INFO if row.used_pct >= limits.info_pct else None
    if row.used_pct >= limits.crit_pct:
        return Severity.CRITICAL
    return Severity.WARNING if row.used_pct >= limits.warn_pct else None


def _message(row: Row, _: object) -> str:
    share = f"{percent(row.used_pct)}, and {row.waiting} wait"
    if row.kind == "pooler":
        return f"{row.used} clients are connected to pgbouncer, of the {row.allowed} it admits: {share}."
    whose = f"{row.user} to {row.database}" if row.kind == "pool" else f"all users to {row.database}"
    return f"{row.used} of the {row.allowed} connections of {whose} are in use: {share}."


CHECK = Check(
    id="connections.pgbouncer_saturated",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity, target=target_of, message=_message, details=("kind", "used", "allowed", "waiting")
    ),
    probe=Probe(facility="pgbouncer", read=read),
    scope=Scope.CLUSTER,
    known_as=("check_postgres: pgbouncer_backends",),
    target=target_of,
    metrics=(Metric(value="used", limit="allowed"),),
)
