"""What a pgbouncer says of itself: its pools, databases and settings, read over its admin console.

    pooler = pgops.db.read_pooler("host=pool port=6432 user=stats dbname=pgbouncer")
    pgops.run_checks(conn, facilities={"pgbouncer": pooler})

The console is no database: it knows SHOW and a few commands, speaks the simple protocol only, and takes no startup
options. The user has to be in `stats_users` or `admin_users`. Columns are read by name, since every version has others
(1.12 to 1.24): what one does not have is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.conninfo import Conninfo
from pgops.findings import as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg

    Line = Mapping[str, Any]

CONSOLE = "pgbouncer"
"""The database that is the console, in SHOW POOLS a pool like others."""

_CONNECT_TIMEOUT_S = 10


@attrs.frozen(kw_only=True)
class Pool:
    """The connections of one user to one database (SHOW POOLS)."""

    database: str
    user: str
    mode: str | None
    """`session`, `transaction` or `statement`."""
    clients_active: int
    clients_waiting: int
    longest_wait_s: float
    """How long the first client in the queue has waited."""
    servers_active: int
    """Server connections that serve a client now."""
    servers: int
    """All server connections: active, idle, just used, being tested, logging in."""


@attrs.frozen(kw_only=True)
class PooledDatabase:
    """A database that clients may name (SHOW DATABASES)."""

    name: str
    pool_size: int
    """How many server connections each user may have; 0 is no bound."""
    reserve_pool_size: int
    max_connections: int
    """How many server connections all users may have together; 0 is no bound."""
    connections: int
    paused: bool
    disabled: bool
    mean_wait_s: float | None = None
    """How long clients waited for a server connection, on the average of the last period (SHOW STATS)."""


@attrs.frozen(kw_only=True)
class Pooler:
    """One look at a pgbouncer."""

    version: str
    pools: tuple[Pool, ...] = attrs.field(converter=as_tuple)
    databases: tuple[PooledDatabase, ...] = attrs.field(converter=as_tuple)
    clients: int
    """Connections of clients, those to the console among them (SHOW LISTS)."""
    max_clients: int
    """max_client_conn; 0 is unknown."""


def read_pooler(conninfo: str) -> Pooler:
    """Connect to a console, look, and disconnect.

    Raises `ConninfoError` for a text that is no connection string, and what psycopg raises.
    """
    import psycopg  # noqa: PLC0415  psycopg is heavy, and whoever checks a pooler has it already

    with psycopg.connect(
        Conninfo.parse(conninfo).reveal(),
        autocommit=True,
        cursor_factory=psycopg.ClientCursor,
        connect_timeout=_CONNECT_TIMEOUT_S,
    ) as conn:
        return look_at_pooler(conn)


def look_at_pooler(conn: psycopg.Connection[Any]) -> Pooler:
    """The same over a connection to the console that is there: autocommit, and with ClientCursor."""
    waits = {line["database"]: _microseconds(line.get("avg_wait_time")) for line in _show(conn, "STATS")}
    lists = {line["list"]: int(line["items"]) for line in _show(conn, "LISTS")}
    settings = {line["key"]: line["value"] for line in _show(conn, "CONFIG")}
    version = conn.info.parameter_status("server_version") or ""
    return Pooler(
        version=version.partition("/")[0],
        pools=tuple(_pool(line) for line in _show(conn, "POOLS")),
        databases=tuple(_database(line, waits) for line in _show(conn, "DATABASES")),
        clients=lists.get("used_clients", 0) + lists.get("login_clients", 0),
        max_clients=int(settings.get("max_client_conn") or 0),
    )


def _show(conn: psycopg.Connection[Any], what: str) -> Iterator[Line]:
    cursor = conn.execute(f"SHOW {what}".encode())
    names = [column.name for column in cursor.description or ()]
    for values in cursor.fetchall():
        yield dict(zip(names, values, strict=True))


_SERVERS = ("sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login", "sv_active_cancel", "sv_being_canceled")


def _pool(line: Line) -> Pool:
    return Pool(
        database=str(line["database"]),
        user=str(line["user"]),
        mode=line.get("pool_mode"),
        clients_active=int(line["cl_active"]),
        clients_waiting=int(line["cl_waiting"]),
        longest_wait_s=int(line["maxwait"]) + (_microseconds(line.get("maxwait_us")) or 0.0),
        servers_active=int(line["sv_active"]),
        servers=sum(int(line.get(name) or 0) for name in _SERVERS),
    )


def _database(line: Line, waits: Mapping[str, float | None]) -> PooledDatabase:
    name = str(line["name"])
    return PooledDatabase(
        name=name,
        pool_size=int(line["pool_size"] or 0),
        reserve_pool_size=int(line.get("reserve_pool_size") or line.get("reserve_pool") or 0),
        max_connections=int(line.get("max_connections") or 0),
        connections=int(line.get("current_connections") or 0),
        paused=bool(int(line.get("paused") or 0)),
        disabled=bool(int(line.get("disabled") or 0)),
        mean_wait_s=waits.get(name),
    )


def _microseconds(value: object) -> float | None:
    """Seconds, or None where the version does not say."""
    return None if value is None else int(str(value)) / 1e6
