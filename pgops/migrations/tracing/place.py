"""Where a trace is carried out. Every statement of it is really executed, so it has to be a throwaway database.

A throwaway server of ours, or a database on one, is that. Any other has to be named by the caller, in the call, by the
name that the server gives it; and nobody else may be connected to it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from pgops.conninfo import Conninfo
from pgops.errors import TraceError
from pgops.scratch import ScratchDatabase, ScratchServer, fresh_database
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    Where: TypeAlias = ScratchServer | ScratchDatabase | psycopg.Connection[Any] | Conninfo | str


LEAVING_S = 2.0


@attrs.frozen
class Place:
    """A database that may be done anything to."""

    target: Conninfo
    own_server: bool
    """Whether its whole server is a throwaway."""

    def connect(self) -> psycopg.Connection[Any]:
        """A session of its own, in autocommit."""
        import psycopg  # noqa: PLC0415

        return psycopg.connect(
            self.target.reveal(), autocommit=True, application_name="pgops trace", connect_timeout=10
        )


@contextmanager
def opened(where: Where, *, scratch: str | None = None) -> Iterator[Place]:
    """The database to trace in, for one block: on a `ScratchServer` a fresh one, dropped at the end.

    Raises `TraceError` for a connection or connection string unless `scratch` is the name of its database, and nobody
    else is connected to it.
    """
    if isinstance(where, ScratchServer):
        with fresh_database(where) as database:
            yield Place(Conninfo.parse(database.conninfo()), own_server=True)
    elif isinstance(where, ScratchDatabase):
        yield Place(Conninfo.parse(where.conninfo()), own_server=True)
    else:
        place = Place(conninfo_of(where), own_server=False)
        own = None if isinstance(where, (str, Conninfo)) else where.info.backend_pid
        _refuse_what_is_used(place, scratch, own)
        yield place


def conninfo_of(source: psycopg.Connection[Any] | Conninfo | str) -> Conninfo:
    """How to connect once more to where a connection is connected, password included. Raises `ConninfoError`."""
    if isinstance(source, Conninfo):
        return source
    if isinstance(source, str):
        return Conninfo.parse(source)
    info = source.info
    # What libpq fills in by itself is no wish of the caller's, and an older pg_dump may not know it.
    given = {name: value for name, value in info.get_parameters().items() if (name, value) not in _FILLED_IN}
    given |= {"dbname": info.dbname, "user": info.user, "port": str(info.port)}
    if info.host:
        given["host"] = info.host
    return Conninfo(given, Secret(info.password) if info.password else None)


_FILLED_IN = {("sslcertmode", "allow")}

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
