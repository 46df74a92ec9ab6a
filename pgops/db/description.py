"""What one connection is: who is connected to what, by which way, and with which settings that matter.

`connection_info` and `connection_info_async` ask one query and put it together with what libpq knows. It works for a
bare role, on a standby, behind a pooler, with any search_path, row factory and encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from pgops.db.server import as_text
from pgops.db.versions import ServerVersion, pg_version
from pgops.errors import WrongConnectionError
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

    from pgops.render.document import Document

# Operators are qualified, for a search_path may hold others. current_setting gives an empty text where nothing is set.
SQL: LiteralString = """
SELECT pg_catalog.current_database()::pg_catalog.text                                AS database,
       CURRENT_USER::pg_catalog.text                                                 AS "user",
       SESSION_USER::pg_catalog.text                                                 AS session_user,
       pg_catalog.current_setting('search_path')::pg_catalog.text                    AS search_path,
       pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool  AS read_only_default,
       pg_catalog.current_setting('TimeZone')::pg_catalog.text                       AS timezone,
       pg_catalog.current_setting('application_name')::pg_catalog.text               AS application_name,
       pg_catalog.pg_is_in_recovery()                                                AS in_recovery,
       pg_catalog.pg_backend_pid()                                                   AS pid,
       tls.ssl                                                                       AS server_sees_tls,
       tls.version::pg_catalog.text                                                  AS tls_version,
       tls.cipher::pg_catalog.text                                                   AS tls_cipher
  FROM (SELECT 1) AS always
  LEFT JOIN pg_catalog.pg_stat_ssl AS tls ON tls.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
"""


@attrs.frozen
class Tls:
    """The encryption between us and what we are connected to. Behind a pooler the rest of the way may have another."""

    version: str | None
    """`TLSv1.3`, or None where it is a pooler's, which does not tell."""
    cipher: str | None

    def __str__(self) -> str:
        return " ".join(part for part in (self.version, self.cipher) if part) or "in use"


@attrs.frozen(kw_only=True)
class ConnectionInfo:
    """What one connection is. Its texts are the server's own; `str()` and `to_document()` make them harmless."""

    database: str
    user: str
    """Whose rights it has: after SET ROLE that role, else who logged in."""
    session_user: str
    """Who logged in."""
    host: str
    """The host's name, the folder of a Unix socket, or empty where neither was said (libpq's default)."""
    port: int
    version: ServerVersion
    search_path: str
    """The setting, as SHOW gives it: `"$user", public`."""
    read_only_default: bool
    """default_transaction_read_only. A connection that is read-only by its transactions has it off."""
    timezone: str
    application_name: str
    tls: Tls | None
    """None where nothing is encrypted."""
    pid: int
    """Of the server's process: what pg_stat_activity and pg_terminate_backend mean by it."""
    in_recovery: bool
    """A standby, or a server that recovers to a point in time."""
    through_pooler: bool
    """Whether something stands between: the server's process is not the one that the greeting named. Each transaction
    may then be in another process."""

    def __str__(self) -> str:
        place = f"{self.host}:{self.port}" if self.host else f"port {self.port}"
        role = "standby" if self.in_recovery else "primary"
        return visible(
            f"{self.database} on {place} as {self.user}, PostgreSQL {self.version} ({role}), "
            f"TLS {self.tls if self.tls is not None else 'off'}"
        )

    def to_document(self) -> Document:
        """It for people, through any writer."""
        from pgops.render.document import Document, KeyValues  # noqa: PLC0415

        shown = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        shown |= {name: str(getattr(self, name)) for name in ("version", "port", "pid")}  # no thousands in these
        shown["tls"] = str(self.tls) if self.tls is not None else "off"
        return Document(f"Connection to {self.database}", blocks=[KeyValues(list(shown.items()))])


def connection_info(connection: psycopg.Connection[Any]) -> ConnectionInfo:
    """Describe a connection; one query. Its transaction, if it is in one, goes on.

    Raises `WrongConnectionError` for an async connection, psycopg's `InFailedSqlTransaction` in a transaction that has
    failed, `OperationalError` where the connection is lost.
    """
    if not isinstance(connection, psycopg.Connection):
        raise WrongConnectionError("That is no sync connection.", cure="Use connection_info_async.")
    began_idle = connection.info.transaction_status is TransactionStatus.IDLE
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(SQL, prepare=False).fetchone()
    if began_idle and not connection.autocommit:
        connection.rollback()
    return _described(connection, row or ())


async def connection_info_async(connection: psycopg.AsyncConnection[Any]) -> ConnectionInfo:
    """`connection_info` on asyncio: the same question, answer and errors."""
    if not isinstance(connection, psycopg.AsyncConnection):
        raise WrongConnectionError("That is no async connection.", cure="Use connection_info.")
    began_idle = connection.info.transaction_status is TransactionStatus.IDLE
    async with connection.cursor(row_factory=tuple_row) as cursor:
        row = await (await cursor.execute(SQL, prepare=False)).fetchone()
    if began_idle and not connection.autocommit:
        await connection.rollback()
    return _described(connection, row or ())


def _described(
    connection: psycopg.Connection[Any] | psycopg.AsyncConnection[Any], row: Sequence[Any]
) -> ConnectionInfo:
    database, user, session_user, search_path, read_only, timezone, name, recovery, pid, by_tls, version, cipher = row
    # A pooler gives a process id of its own making, since its clients share the server's.
    pooled = connection.pgconn.backend_pid != pid
    tls = None
    if connection.pgconn.ssl_in_use:
        known = bool(by_tls) and not pooled  # the server's word is about the pooler's way to it
        tls = Tls(as_text(version), as_text(cipher)) if known else Tls(None, None)
    return ConnectionInfo(
        database=as_text(database),
        user=as_text(user),
        session_user=as_text(session_user),
        host=connection.info.host,
        port=connection.info.port,
        version=pg_version(connection),
        search_path=as_text(search_path),
        read_only_default=bool(read_only),
        timezone=as_text(timezone),
        application_name=as_text(name),
        tls=tls,
        pid=int(pid),
        in_recovery=bool(recovery),
        through_pooler=pooled,
    )
