"""A database for one `with` block on a throwaway server, dropped whatever is still in it."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import attrs

from pgops.scratch.server import ScratchServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@attrs.frozen
class ScratchDatabase:
    """A database of a throwaway server: `fresh_database` makes it."""

    name: str
    server: ScratchServer

    def conninfo(self, **parameters: Any) -> str:
        """A connection string for it, as `ScratchServer.conninfo`."""
        return self.server.conninfo(self.name, **parameters)

    def connect(self, **arguments: Any) -> psycopg.Connection[Any]:
        """A connection to it, as `ScratchServer.connect`."""
        return self.server.connect(self.name, **arguments)


@contextmanager
def fresh_database(
    server: ScratchServer, name: str | None = None, *, template: str = "template1"
) -> Iterator[ScratchDatabase]:
    """Create a database, called `name` or by a new name, and drop it at the end of the block.

    Sessions in it are ended then, prepared transactions rolled back, its replication slots and subscriptions dropped:
    all that would keep it alive. A name that exists is psycopg's `DuplicateDatabase`.
    """
    from psycopg import OperationalError, sql  # noqa: PLC0415  psycopg is heavy, this module is not

    database = ScratchDatabase(name if name is not None else f"scratch_{secrets.token_hex(6)}", server)
    identifier = sql.Identifier(database.name)
    with server.connect() as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(identifier, sql.Identifier(template)))
    try:
        yield database
    finally:
        if server.pid is not None:
            with suppress(OperationalError):  # gone, or it admits nobody: DROP has the last word
                _release(database)
            with server.connect() as conn:
                conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def _release(database: ScratchDatabase) -> None:
    """Drop what DROP DATABASE WITH (FORCE) refuses to: it ends plain sessions only."""
    from psycopg import sql  # noqa: PLC0415  psycopg is heavy, this module is not

    with database.connect(options="-c search_path=") as conn:
        conn.execute(
            "SELECT pg_catalog.pg_terminate_backend(pid, 10000) FROM pg_catalog.pg_stat_activity"
            " WHERE datname = pg_catalog.current_database()"
            "   AND pid <> pg_catalog.pg_backend_pid()"
        )
        for (gid,) in conn.execute(
            "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()"
        ).fetchall():
            conn.execute(sql.SQL("ROLLBACK PREPARED {}").format(gid))
        for (name,) in conn.execute(
            "SELECT s.subname FROM pg_catalog.pg_subscription AS s"
            " JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid"
            " WHERE d.datname = pg_catalog.current_database()"
        ).fetchall():
            subscription = sql.Identifier(name)
            conn.execute(sql.SQL("ALTER SUBSCRIPTION {} DISABLE").format(subscription))
            conn.execute(sql.SQL("ALTER SUBSCRIPTION {} SET (slot_name = NONE)").format(subscription))
            conn.execute(sql.SQL("DROP SUBSCRIPTION {}").format(subscription))
        conn.execute(
            "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots"
            " WHERE database = pg_catalog.current_database()"
        )
