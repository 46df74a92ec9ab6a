"""The sessions that an application of migrations needs: one that changes, one that keeps order and the ledger.

They are opened like the connection that was handed in (same server, database, user, role, search path), so that this
one keeps every setting that it has, and nothing of a migration's own SETs is left on it.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row

from pgops.errors import ApplierBusyError, PoolerError, ReadOnlyServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPLIER = 5_714_020_771_113_415_011
"""The advisory lock of whoever applies: one at a time in each database. The number means nothing."""
AT_WORK = APPLIER + 1
"""That of the session that changes. A server process goes on with its statement when its client is killed: it has to
end.
"""

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

_LOOK_AGAIN_S = 0.2


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
        return cls(role=role, search_path=search_path)


def another(conn: psycopg.Connection[Any], *, application: str = "pgops migrate") -> psycopg.Connection[Any]:
    """A new session like `conn`'s: the same server, user, role and search path; autocommit, no limits of time.

    The one server that `conn` is on is taken, if its connection string has several. Raises psycopg's OperationalError,
    or InsufficientPrivilege where the caller has a role that the login may not take.
    """
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


def put_back(session: psycopg.Connection[Any], standing: Standing) -> None:
    """Give a session of ours its settings, whoever opened it and whatever a migration's own SETs have made of it."""
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
    if row is None or row[0] != standing.role:
        session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(standing.role)))


@contextmanager
def as_found(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """What is asked in the block leaves no transaction behind on a connection that had none (autocommit off begins
    one).
    """
    was_idle = conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    try:
        yield
    finally:
        now = conn.info.transaction_status
        if was_idle and now in {psycopg.pq.TransactionStatus.INTRANS, psycopg.pq.TransactionStatus.INERROR}:
            conn.rollback()


@contextmanager
def applier_sessions(
    open_session: Callable[[], psycopg.Connection[Any]],
    standing: Standing,
    *,
    wait_s: float,
    on_wait: Callable[[str], object] | None = None,
) -> Iterator[tuple[psycopg.Connection[Any], psycopg.Connection[Any]]]:
    """The session that changes and the one that keeps order, while no other applier is at work in this database.

    Raises `PoolerError` where a transaction pooler stands between, `ReadOnlyServerError` on a standby,
    `ApplierBusyError` when another applier still holds the database after `wait_s` seconds.
    """
    with ExitStack() as closing:
        changing = closing.enter_context(_closed_at_end(open_session()))
        keeping = closing.enter_context(_closed_at_end(open_session()))
        for each in (changing, keeping):
            put_back(each, standing)
        refuse_transaction_pooler(changing, keeping)
        _refuse_read_only(changing)
        until = time.monotonic() + wait_s
        _take_turn(keeping, APPLIER, until, on_wait)
        _take_turn(changing, AT_WORK, until, on_wait)
        yield changing, keeping


@contextmanager
def _closed_at_end(conn: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    try:
        yield conn
    finally:
        conn.close()


def refuse_transaction_pooler(one: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> None:
    """Raise `PoolerError` where two sessions of ours may share a server process, as under pool_mode = transaction.

    A pooler shows itself: it greets with a number that is not the server process's. Then one session's process is
    looked at from the other, which a transaction pooler would give the very process that has just become free.
    """
    if _backend(one) == one.info.backend_pid and _backend(other) == other.info.backend_pid:
        return
    for _ in range(3):
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


def _backend(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0


def _refuse_read_only(conn: psycopg.Connection[Any]) -> None:
    row = conn.execute("SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')")
    standby, read_only = row.fetchone() or (False, "off")
    if standby:
        raise ReadOnlyServerError("This server is a standby: it takes no changes.", cure="Connect to the primary.")
    if read_only == "on":
        raise ReadOnlyServerError(
            "The session is read-only: default_transaction_read_only is on and can't be turned off.",
            cure="Use a role or a connection that may write.",
        )


_HOLDER = """
SELECT l.pid, a.usename, a.application_name, a.client_addr::text,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.backend_start)::int,
       pg_catalog.left(pg_catalog.regexp_replace(a.query, '[[:space:]]+', ' ', 'g'), 100)
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'advisory'
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
   AND (l.classid::bigint << 32) + l.objid::bigint = %s
   AND l.objsubid = 1
   AND l.granted
"""


def wait_for_others(conn: psycopg.Connection[Any], *, wait_s: float) -> str | None:
    """Wait until no applier is at work in `conn`'s database; who it is, where one still was after `wait_s` seconds.

    A server process whose applier was killed counts: it goes on with its statement. In a transaction of the caller's
    nobody is waited for, since what is at work may be waiting for that transaction's snapshot.
    """
    until = time.monotonic() + (wait_s if conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE else 0)
    while True:
        with as_found(conn):
            who = _holder(conn, AT_WORK) or _holder(conn, APPLIER)
        if who is None or time.monotonic() >= until:
            return who
        time.sleep(_LOOK_AGAIN_S)


def _holder(conn: psycopg.Connection[Any], lock: int) -> str | None:
    """Which session has the advisory lock, in words; None where nobody has it."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_HOLDER, [lock]).fetchone()
    if row is None:
        return None
    pid, user, application, address, age, query = row
    where = f" from {address}" if address else ""
    who = f"session {pid} of {user or 'an unknown user'} ({application or 'no application name'}){where}"
    who += f", connected for {age} s" if age is not None else ""
    return who + (f": {query}" if query and lock == AT_WORK else "")


def _take_turn(conn: psycopg.Connection[Any], lock: int, until: float, on_wait: Callable[[str], object] | None) -> None:
    """Poll for the advisory lock: a blocking pg_advisory_lock would hold a snapshot, for which the holder's CREATE
    INDEX CONCURRENTLY waits, while it waits for the holder: a deadlock.
    """
    told = False
    while not (conn.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [lock]).fetchone() or (False,))[0]:
        who = _holder(conn, lock) or "somebody who is gone by now"
        if on_wait is not None and not told:
            on_wait(f"waiting for another applier: {who}")
            told = True
        if time.monotonic() >= until:
            raise ApplierBusyError(
                f"Another applier is at work in this database: {who}.",
                cure="Wait until it has ended, or look at what it waits for.",
            )
        time.sleep(_LOOK_AGAIN_S)
