"""One look at a server, as a generator that never waits.

`look` yields each message that has to be sent (`Ask`) and is sent the server's result; whoever drives it does the
waiting, so sync and async share every step. It takes a connection as it stands and leaves it so: on an idle one each
check has a read-only transaction of its own, inside a caller's transaction it has a savepoint that is rolled back.

Why the settings: the search path is empty, so no schema of the database can put its own functions before pg_catalog's;
statements and waits for locks are bounded; encoding and date style are what the loaders expect, whatever the
caller has set; JIT takes longer to compile a catalogue query than the query runs.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg
from psycopg.adapt import AdaptersMap, Loader, Transformer
from psycopg.pq import ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from psycopg import BaseConnection, pq
    from psycopg.abc import Buffer

    from pgops.db.callers_connection import AnyConnection

LOCK_TIMEOUT_S = 1.0
LONGEST_TIMEOUT_MS = 2**31 - 1
"""The server takes no longer one; 24 days are as good as none."""


@attrs.frozen(kw_only=True)
class Ask:
    """One message to the server. `wanted` is the position of the statement whose result is the answer.

    `extended`: by the extended protocol, which takes one statement only, so no text can end the transaction around it.
    """

    sql: str
    params: Mapping[str, Any] | None = None
    wanted: int = 0
    extended: bool = False

    def encoded(self, conn: AnyConnection) -> bytes:
        """The text as this session takes it."""
        return self.sql.encode(conn.info.encoding)

    @property
    def is_plain(self) -> bool:
        """Whether it goes to the server as it stands: then no cursor is needed, which costs more than our settings."""
        return not self.extended and self.params is None

    def chosen(self, results: Sequence[pq.abc.PGresult], encoding: str) -> pq.abc.PGresult:
        """The wanted one of the results of a plain message. Raises what psycopg raises for one that failed."""
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result, encoding=encoding)
        return results[self.wanted]


Steps: TypeAlias = Generator[Ask, "pq.abc.PGresult", Any]


@attrs.frozen(kw_only=True)
class Standing:
    """How a connection stands before a look: whose transaction, and which settings a look has to bring along."""

    within: bool
    utf8: bool
    settings: tuple[str, ...]

    @classmethod
    def of(cls, conn: AnyConnection) -> Standing:
        """Read off what the server reports of itself (manual, section 54.2.7): nothing is asked."""
        reported = conn.pgconn.parameter_status
        encoding = b"SQL_ASCII" if reported(b"server_encoding") == b"SQL_ASCII" else b"UTF8"
        settings = ["SET LOCAL search_path = ''", "SET LOCAL jit = off"]
        if reported(b"client_encoding") != encoding:
            settings.append(f"SET LOCAL client_encoding = '{encoding.decode()}'")
        if not (reported(b"DateStyle") or b"").startswith(b"ISO"):
            settings.append("SET LOCAL DateStyle = 'ISO'")
        return cls(
            within=conn.pgconn.transaction_status == TransactionStatus.INTRANS,
            utf8=reported(b"client_encoding") == b"UTF8",
            settings=tuple(settings),
        )

    def opening(self, timeout_s: float) -> tuple[str, ...]:
        """The statements before the question."""
        bounds = (
            f"SET LOCAL statement_timeout = {max(1, round(min(timeout_s * 1000, LONGEST_TIMEOUT_MS)))}",
            f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT_S * 1000)}",
        )
        if not self.within:
            # A serializable deferrable default would make BEGIN wait for a safe snapshot.
            begin = ("BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY, NOT DEFERRABLE",)
            return begin + bounds + self.settings
        savepoint = ("SAVEPOINT pgops_look", "SET LOCAL transaction_read_only = on")
        # Statistics are frozen at their first reading in a transaction (manual, section 27.2.2).
        return savepoint + bounds + self.settings + ("SELECT pg_catalog.pg_stat_clear_snapshot()",)

    @property
    def closing(self) -> tuple[str, ...]:
        """The statements after it, which undo the opening."""
        if not self.within:
            return ("ROLLBACK",)
        return ("ROLLBACK TO SAVEPOINT pgops_look", "RELEASE SAVEPOINT pgops_look")


def look(
    conn: AnyConnection, sql: str, params: Mapping[str, Any] | None, *, timeout_s: float, trusted: bool
) -> Generator[Ask, pq.abc.PGresult, pq.abc.PGresult]:
    """Ask `sql` once and give its result, the connection left as it was found.

    `trusted` SQL, our own, travels with its settings in one message: one round trip. Any other goes by the extended
    protocol in between. Raises what psycopg raises.
    """
    standing = Standing.of(conn)
    opening = standing.opening(timeout_s)
    opened = False
    try:
        if params is not None and trusted and "%(" not in sql:
            params, sql = None, sql.replace("%%", "%")  # nothing to fill in
        if trusted and (standing.utf8 or f"{sql}{params}".isascii()):
            result = yield Ask(sql=_script((*opening, sql, *standing.closing)), params=params, wanted=len(opening))
        else:
            yield Ask(sql=_script(opening))  # from here on the session takes UTF-8
            opened = True
            result = yield Ask(sql=sql, params=params) if trusted else _single(sql, params)
            yield Ask(sql=_script(standing.closing))
    except GeneratorExit:
        raise
    except BaseException:  # Ctrl-C and a cancelled task too: the statement has been cancelled on the server by then
        if _open(conn, within=standing.within, opened=opened):
            yield Ask(sql=_script(standing.closing))
        raise
    return result


def _single(sql: str, params: Mapping[str, Any] | None) -> Ask:
    """One statement of somebody else's. Without parameters psycopg would use the simple protocol, so none are named."""
    if params is not None and "%(" in sql.replace("%%", ""):
        return Ask(sql=sql, params=params, extended=True)
    return Ask(sql=sql if params is None else sql.replace("%%", "%"), extended=True)


def _script(statements: tuple[str, ...]) -> str:
    # The line break keeps a trailing comment from swallowing what follows.
    return "\n;".join(statements)


def _open(conn: AnyConnection, *, within: bool, opened: bool) -> bool:
    """Whether the transaction or savepoint of a failed look is still there.

    Not every error is the server's: a parameter that psycopg can't send leaves the savepoint as it is.
    """
    if conn.closed:
        return False
    status = conn.pgconn.transaction_status
    return status == TransactionStatus.INERROR or (status == TransactionStatus.INTRANS and (opened or not within))


def load(result: pq.abc.PGresult, row: type[Any]) -> list[Any]:
    """The rows of a result as objects of `row`, whatever loaders, encoding and time zone the connection has.

    Raises `TypeError` where the statement gives no rows, or others than `row` takes.
    """
    if result.status != ExecStatus.TUPLES_OK:
        raise TypeError("its SQL gives no rows: a check asks one SELECT, VALUES or TABLE")
    try:
        return _loaded(result, row, _PLAIN)
    except UnicodeDecodeError:
        # A database without encoding, or a role or database whose name was written in another database's.
        return _loaded(result, row, _LENIENT)


def _loaded(result: pq.abc.PGresult, row: type[Any], context: _Plain) -> list[Any]:
    if not result.ntuples:
        return []
    transformer = Transformer(context)
    transformer.set_pgresult(result)
    if row is tuple:
        return transformer.load_rows(0, result.ntuples, tuple)
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    return transformer.load_rows(0, result.ntuples, lambda values: row(**dict(zip(names, values))))  # noqa: B905


class _Plain:
    """Loading without a connection: text is taken for UTF-8 and times, which come with their offset, become UTC."""

    def __init__(self, adapters: AdaptersMap) -> None:
        self.adapters = adapters
        self.connection: BaseConnection[Any] | None = None


class _Text(Loader):
    """Text of unknown encoding: what is no UTF-8 stays legible as escapes."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode("utf-8", "backslashreplace")


_PLAIN = _Plain(psycopg.adapters)
_LENIENT = _Plain(AdaptersMap(psycopg.adapters))
for _type in ("text", "name", "varchar", "bpchar", '"char"'):
    _LENIENT.adapters.register_loader(_type, _Text)
