"""Which database a connection is to, and as whom: what an approval is bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

from pgops.db.server import as_text

if TYPE_CHECKING:
    import psycopg


def database_identity(conn: psycopg.Connection[Any]) -> dict[str, Any]:
    """What identifies the database and the role, so that no other database, server, copy of one, or role has the same.

    A physical copy (pg_basebackup, a restored backup, a snapshot) has the system identifier and the oids of what it is
    a copy of, hence the address: the server's own where it was reached by TCP, else the folder of its socket.
    """
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT d.oid::bigint, d.datname, current_user,"
            " pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),"
            " pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port()"
            "  FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()"
        ).fetchone()
        assert row is not None  # noqa: S101  the database one is connected to is in pg_database
        identity = None
        if row[3]:
            identity = cursor.execute("SELECT system_identifier::text FROM pg_catalog.pg_control_system()").fetchone()
    host, port = (conn.info.host, conn.info.port) if row[4] is None else (as_text(row[4]), row[5])
    address = f"{host}:{port}"
    return {
        # Without an encoding (SQL_ASCII) every text comes as bytes.
        "system": as_text(identity[0]) if identity is not None else address,
        "address": address,
        "database_oid": row[0],
        "database": as_text(row[1]),
        "role": as_text(row[2]),
    }
