"""Where a trace is carried out. Every statement of it is really executed, so it has to be a throwaway database.

A throwaway server of ours, or a database on one, is that. Any other has to be named by the caller, in the call, by the
name that the server gives it; and nobody else may be connected to it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from pgops.errors import TraceError
from pgops.scratch import ScratchDatabase, ScratchServer, fresh_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    Where: TypeAlias = ScratchServer | ScratchDatabase | psycopg.Connection[Any] | str


LEAVING_S = 2.0


@attrs.frozen
class Place:
    """A database that may be done anything to."""

    conninfo: str = attrs.field(repr=False)
    own_server: bool
    """Whether its whole server is a throwaway."""

    def connect(self) -> psycopg.Connection[Any]:
        """A session of its own, in autocommit."""
        import psycopg  # noqa: PLC0415

        return psycopg.connect(self.conninfo, autocommit=True, application_name="pgops trace", connect_timeout=10)


@contextmanager
def opened(where: Where, *, scratch: str | None = None) -> Iterator[Place]:
    """The database to trace in, for one block: on a `ScratchServer` a fresh one, dropped at the end.

    Raises `TraceError` for a connection or connection string unless `scratch` is the name of its database, and nobody
    else is connected to it.
    """
    if isinstance(where, ScratchServer):
        with fresh_database(where) as database:
            yield Place(database.conninfo(), own_server=True)
    elif isinstance(where, ScratchDatabase):
        yield Place(where.conninfo(), own_server=True)
    else:
        place = Place(where if isinstance(where, str) else conninfo_of(where), own_server=False)
        _refuse_what_is_used(place, scratch, None if isinstance(where, str) else where.info.backend_pid)
        yield place


def conninfo_of(conn: psycopg.Connection[Any]) -> str:
    """How to connect once more to where `conn` is connected, password included."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    given: dict[str, Any] = {
        **conn.info.get_parameters(),
        "dbname": conn.info.dbname,
        "user": conn.info.user,
        "port": conn.info.port,
    }
    if conn.info.host:
        given["host"] = conn.info.host
    if conn.info.password:
        given["password"] = conn.info.password
    return make_conninfo("", **given)


_WHO_IS_THERE = """
SELECT pg_catalog.current_database(), pg_catalog.pg_is_in_recovery(),
       ARRAY(SELECT pid
               FROM pg_catalog.pg_stat_activity
              WHERE datname = pg_catalog.current_database()
                AND pid <> pg_catalog.pg_backend_pid()
                AND backend_type IS DISTINCT FROM 'autovacuum worker')
"""


def _refuse_what_is_used(place: Place, scratch: str | None, own_pid: int | None) -> None:
    cure = "Trace on a pgops.scratch server, or name the database that may be changed: scratch='its name'."
    if scratch is None:
        raise TraceError("A trace carries out every statement, and this may be somebody's database.", cure=cure)
    with place.connect() as conn:
        deadline = time.monotonic() + LEAVING_S
        while True:  # a session that was closed a moment ago is still on its way out
            row = conn.execute(_WHO_IS_THERE).fetchone()
            assert row is not None  # noqa: S101  a query without FROM has one row
            name, is_standby, pids = row
            others = [pid for pid in pids if pid != own_pid]
            if not others or time.monotonic() > deadline:
                break
            time.sleep(0.05)
    if name != scratch:
        raise TraceError(
            f"The database that was named is {scratch!r}, and this connection leads to {name!r}.", cure=cure
        )
    if is_standby:
        raise TraceError(f"{name!r} is on a standby, where nothing can be carried out.", cure=cure)
    if others:
        raise TraceError(
            f"Somebody else is connected to {name!r} (process {others[0]}), so it is no throwaway.",
            cure="End that session, or trace on a pgops.scratch server.",
        )
