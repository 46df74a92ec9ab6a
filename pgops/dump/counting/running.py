"""Counts and hashes of every table in one snapshot: of a database that is being dumped, and of one that was restored.

    with exported_snapshot(conn) as (session, snapshot):
        counted = count_tables(session)                          # on one session
        counted = count_tables_with(session, snapshot, jobs=4)   # on four, of the same snapshot

pg_dump can be given the same snapshot. `countable` says which tables there are, `hashing` what a hash is made of.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg
from psycopg import sql

from pgops.db.working_session import another, refuse_transaction_pooler
from pgops.dump.choices import wait_ms
from pgops.dump.counting.countable import (
    Chosen,
    Countable,
    CountableTable,
    countable_tables,
    largest_first,
    lock_tables,
)
from pgops.dump.counting.hashing import encoding_of, pin
from pgops.dump.counting.large_objects import hash_large_objects
from pgops.dump.counting.sharing import share_tables
from pgops.dump.counting.table_content import count_one, named_errors
from pgops.dump.manifest import LargeObjects, TableContent
from pgops.errors import CountError
from pgops.findings import as_tuple

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

_LOCK_WAIT = "1s"
"""How long a second session waits for a table: who queues for it exclusively waits for the first, which has it."""


@attrs.frozen(kw_only=True)
class Counted:
    """The tables of a snapshot, by schema and name, and what was not counted, a sentence each."""

    tables: tuple[TableContent, ...] = attrs.field(converter=as_tuple)
    large_objects: LargeObjects | None = None
    not_counted: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)


@attrs.frozen(kw_only=True)
class TableProgress:
    """A moment of the counting: a table is begun, or (`name` is empty) all are done."""

    name: str
    done: int
    total: int
    done_bytes: int
    """Of the tables that are done, with their TOAST."""
    total_bytes: int


OnTable: TypeAlias = "Callable[[TableProgress], object]"


@contextmanager
def exported_snapshot(
    conn: psycopg.Connection[Any],
    *,
    tables: Iterable[tuple[str, str]] | None = None,
    schemas: Iterable[str] | None = None,
    lock_wait_s: float | None = None,
) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A session of our own beside `conn`, in a read-only transaction whose snapshot others can take: it, and its id.

    The tables that will be counted (all, or those chosen) are locked ACCESS SHARE till the end of the block, so that
    none is truncated or rewritten between the snapshot and its counting. `lock_wait_s` bounds the wait for each; by
    default there is none. Whoever takes the snapshot and locks the same tables should bound its wait too: an ALTER
    TABLE that queues in between waits for this session. Works on a standby.

    Raises `CountError` for tables that can't be read whole, `PoolerError` behind a transaction pooler, and psycopg's
    errors of connecting. PostgreSQL manual, 9.28.5 (snapshot synchronization functions).
    """
    with ExitStack() as stack:
        session = stack.enter_context(_closing(another(conn, application="pgops snapshot")))
        with _closing(another(conn, application="pgops snapshot")) as probe:
            refuse_transaction_pooler(session, probe)
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = session.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101  a query without FROM gives a row
        with named_errors("The tables"):
            pin(session)
            _set_local(session, "lock_timeout", str(wait_ms(lock_wait_s)) if lock_wait_s is not None else "0")
            lock_tables(session, countable_tables(session, Chosen.of(tables, schemas)).tables)
        yield session, str(row[0])


def count_tables(
    session: psycopg.Connection[Any],
    *,
    tables: Iterable[tuple[str, str]] | None = None,
    schemas: Iterable[str] | None = None,
    on_table: OnTable | None = None,
) -> Counted:
    """Count and hash the tables that a dump has rows of, in the snapshot of the transaction that `session` is in.

    `tables` are (schema, name), `schemas` names; without either it is all tables, and the large objects. A chosen table
    that is not there is not in the answer. The transaction has to be REPEATABLE READ; its settings are changed until
    its end (`hashing.SETTINGS`) and its tables stay locked ACCESS SHARE. One statement a table, largest first; on
    either side memory does not grow with the tables.

    Raises `CountError` where anything can't be read: a privilege is missing, row-level security hides rows, a page is
    broken, the connection is lost. Ctrl-C cancels on the server.
    """
    with _transaction(session):
        plan = _plan(session, Chosen.of(tables, schemas))
        work = _Work(plan, on_table)
        for table in plan.tables:
            work.begin(table)
            work.end(table, count_one(session, table, plan.encoding))
        return work.counted(session)


def count_tables_with(
    session: psycopg.Connection[Any],
    snapshot: str,
    *,
    jobs: int,
    tables: Iterable[tuple[str, str]] | None = None,
    schemas: Iterable[str] | None = None,
    on_table: OnTable | None = None,
    stop: threading.Event | None = None,
) -> Counted:
    """As `count_tables`, on `jobs` sessions that share one snapshot: `session` has exported it (`exported_snapshot`).

    The others are opened like it, so the role needs `jobs - 1` more connections. A table that another session locks
    out in the meantime is left to `session`, which has its lock. `on_table` is called on the caller's thread. Another
    thread ends it early by setting `stop`: what runs on the server is cancelled, and `CountError` raised.
    """
    if jobs <= 1 and stop is None:
        return count_tables(session, tables=tables, schemas=schemas, on_table=on_table)
    with ExitStack() as stack:
        stack.enter_context(_transaction(session))
        plan = _plan(session, Chosen.of(tables, schemas))
        work = _Work(plan, on_table)
        helpers = [stack.enter_context(_helper(session, snapshot)) for _ in range(min(jobs, len(plan.tables)) - 1)]
        left_over = share_tables(
            session, helpers, plan.tables, encoding=plan.encoding, begin=work.begin, end=work.end, stop=stop
        )
        for table in left_over:
            work.end(table, count_one(session, table, plan.encoding))
        return work.counted(session)


# --- what is to be done, and what is done -----------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class _Plan:
    chosen: Chosen
    countable: Countable
    tables: tuple[CountableTable, ...] = attrs.field(converter=as_tuple)
    encoding: tuple[str, bool]


def _plan(session: psycopg.Connection[Any], chosen: Chosen) -> _Plan:
    with named_errors("The tables"):
        pin(session)
        countable = countable_tables(session, chosen)
        lock_tables(session, countable.tables)
        tables = largest_first(session, countable.tables)
        return _Plan(chosen=chosen, countable=countable, tables=tables, encoding=encoding_of(session))


class _Work:
    """The answers so far, and who wants to hear of them."""

    def __init__(self, plan: _Plan, on_table: OnTable | None) -> None:
        self.plan = plan
        self.on_table = on_table
        self.contents: list[TableContent] = []
        self.not_counted = list(plan.countable.not_counted)
        self.done = 0
        self.done_bytes = 0

    def begin(self, table: CountableTable | None) -> None:
        if self.on_table is not None:
            progress = TableProgress(
                name=str(table) if table is not None else "",
                done=self.done,
                total=len(self.plan.tables),
                done_bytes=self.done_bytes,
                total_bytes=sum(each.size_bytes for each in self.plan.tables),
            )
            self.on_table(progress)

    def end(self, table: CountableTable, answer: TableContent | str) -> None:
        self.done += 1
        self.done_bytes += table.size_bytes
        if isinstance(answer, str):
            self.not_counted.append(answer)
        else:
            self.contents.append(answer)

    def counted(self, session: psycopg.Connection[Any]) -> Counted:
        """The whole, with the large objects, which are in no dump of some tables or schemas."""
        large_objects = None
        if self.plan.chosen.is_all:
            with named_errors("The large objects"):
                large_objects = hash_large_objects(session)
        self.begin(None)
        return Counted(
            tables=sorted(self.contents, key=lambda each: (each.schema, each.name)),
            large_objects=large_objects,
            not_counted=self.not_counted,
        )


# --- sessions --------------------------------------------------------------------------------------------------------


@contextmanager
def _helper(leader: psycopg.Connection[Any], snapshot: str) -> Iterator[psycopg.Connection[Any]]:
    with _closing(another(leader, application="pgops snapshot")) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        session.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
        pin(session)
        _set_local(session, "lock_timeout", _LOCK_WAIT)
        yield session


def _set_local(session: psycopg.Connection[Any], name: str, value: str) -> None:
    session.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])


@contextmanager
def _closing(session: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """Closed whatever happens, and never committed: psycopg's own `with` would COMMIT."""
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _transaction(session: psycopg.Connection[Any]) -> Iterator[None]:
    """Refuse a session that sees a new snapshot in each statement: its counts would not fit together."""
    status = session.info.transaction_status
    row = session.execute("SELECT pg_catalog.current_setting('transaction_isolation')").fetchone()
    isolation = next(iter(row.values() if isinstance(row, dict) else row)) if row else ""
    if status != psycopg.pq.TransactionStatus.INTRANS or isolation not in {"repeatable read", "serializable"}:
        raise CountError(
            "The session is in no transaction with one snapshot.",
            cure="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY, or take exported_snapshot.",
        )
    yield
