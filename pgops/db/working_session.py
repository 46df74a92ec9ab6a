"""Sessions of our own beside the caller's: opened like it, without its limits of time, closed at the end.

Work that changes something, or takes long, is done on these, so that the caller's connection keeps every setting that
it has. Same server, database, user, role and search path.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row

from pgops.db.callers_connection import as_found, refuse_unfit
from pgops.db.server import as_text
from pgops.errors import PoolerError, ReadOnlyServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {
    "lock_timeout": "0",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "client_encoding": "UTF8",
    "client_connection_check_interval": "2s",
}
"""What our sessions are set to, whatever the role's defaults. The last one ends an orphan's CREATE INDEX soon (14)."""
TRANSACTION_TIMEOUT = 170000
"""The version that transaction_timeout came with: it would end an index build."""
_LOOKS_BEHIND_A_POOLER = 20
"""Under load another client may take the process that became free, and three looks of three then miss it (seen)."""


@attrs.frozen(kw_only=True)
class Standing:
    """Who a session is and where it looks for names: what ours have to have in common with the caller's."""

    role: str
    search_path: str

    @classmethod
    def of(cls, conn: psycopg.Connection[Any]) -> Standing:
        """That of a connection, which is left as it was found."""
        query = "SELECT current_user, pg_catalog.current_setting('search_path')"
        with as_found(conn), conn.cursor(row_factory=tuple_row) as cursor:
            role, search_path = cursor.execute(query).fetchone() or ("", "")
        return cls(role=as_text(role), search_path=as_text(search_path))


def another(conn: psycopg.Connection[Any], *, application: str) -> psycopg.Connection[Any]:
    """A new session like `conn`'s: the same server, user, role and search path; autocommit, no limits of time.

    The one server that `conn` is on is taken, if its connection string has several. Raises `WrongConnectionError` for
    a connection that nothing can be asked over, psycopg's OperationalError, or InsufficientPrivilege where the caller
    has a role that the login may not take.
    """
    refuse_unfit(conn)
    info = conn.info
    parameters = info.get_parameters()
    # A session of pgops.connect may be read-only by its startup options; this one is there to write.
    parameters |= {"host": info.host, "port": str(info.port), "application_name": application}
    parameters.pop("options", None)
    if info.hostaddr:
        parameters["hostaddr"] = info.hostaddr
    conninfo = make_conninfo(**parameters)
    new = psycopg.connect(conninfo, password=info.password or None, autocommit=True, prepare_threshold=None)
    try:
        put_back(new, Standing.of(conn))
    except BaseException:
        new.close()
        raise
    return new


@contextmanager
def writing_session(conn: psycopg.Connection[Any], *, application: str) -> Iterator[psycopg.Connection[Any]]:
    """`another` session for the block, which can write, and keeps what is set for it.

    Raises `ReadOnlyServerError` and `PoolerError` where it can't, and what `another` raises.
    """
    with closing(another(conn, application=application)) as session:
        refuse_read_only(session)
        with closing(another(conn, application=application)) as probe:
            refuse_transaction_pooler(session, probe)
        yield session


def put_back(session: psycopg.Connection[Any], standing: Standing) -> None:
    """Give a session of ours its settings, whoever opened it and whatever SETs of the caller's SQL have made of it."""
    if not session.autocommit:
        session.autocommit = True
    session.row_factory = tuple_row
    session.execute("RESET SESSION AUTHORIZATION")
    session.execute("RESET ALL")
    settings = (
        SETTINGS if session.info.server_version < TRANSACTION_TIMEOUT else {**SETTINGS, "transaction_timeout": "0"}
    )
    for name, value in {**settings, "search_path": standing.search_path}.items():
        session.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])
    row = session.execute("SELECT current_user").fetchone()
    if row is None or as_text(row[0]) != standing.role:
        session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(standing.role)))


def refuse_transaction_pooler(one: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> None:
    """Raise `PoolerError` where two sessions of ours may share a server process, as under pool_mode = transaction.

    One session's process is looked at from the other, which a transaction pooler would give the very process that has
    just become free.
    """
    if not (is_pooled(one) or is_pooled(other)):
        return
    for _ in range(_LOOKS_BEHIND_A_POOLER):
        first = _backend(one)
        other.execute("BEGIN")
        try:
            # Where the pool holds one connection the second question would wait for ever; the first has answered.
            shared = _backend(other) == first or _backend(one) != first
        finally:
            other.execute("ROLLBACK")
        if shared:
            raise PoolerError(
                "A transaction pooler stands between: settings and advisory locks would land on other sessions.",
                cure="Connect to the server itself, or to a pool with pool_mode = session.",
            )


def is_pooled(conn: psycopg.Connection[Any]) -> bool:
    """Whether a pooler stands between: it greets with a number that is not the server process's."""
    return _backend(conn) != conn.info.backend_pid


def _backend(conn: psycopg.Connection[Any]) -> int:
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


def refuse_standby(conn: psycopg.Connection[Any]) -> None:
    """Raise `ReadOnlyServerError` on a standby."""
    row = conn.execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
    if row is not None and row[0]:
        raise ReadOnlyServerError("This server is a standby: it takes no changes.", cure="Connect to the primary.")


def refuse_read_only(conn: psycopg.Connection[Any]) -> None:
    """Raise `ReadOnlyServerError` where nothing can be written: on a standby, and in a session that stays read-only."""
    refuse_standby(conn)
    row = conn.execute("SELECT pg_catalog.current_setting('transaction_read_only')").fetchone()
    if row is not None and row[0] == "on":
        raise ReadOnlyServerError(
            "The session is read-only: default_transaction_read_only is on and can't be turned off.",
            cure="Use a role or a connection that may write.",
        )
