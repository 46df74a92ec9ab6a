"""Sessions for tests of live trouble: they really wait, sit idle and run, and all are gone at the end of the test."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.checks.calls import run_checks
from pgops.checks.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pgops.checks.api import Check
    from pgops.checks.report import CheckResult
    from pgops.render.document import Tree
    from pgops.scratch import ScratchDatabase

PATIENCE_S = 30


def ask(conn: psycopg.Connection[Any], check: Check[Any, Any], **limits: Any) -> CheckResult:
    """The result of one check."""
    return run_checks(conn, [check], registry=Registry.of([check]), limits={check.id: limits}).results[0]


def fill(database: ScratchDatabase, *statements: str) -> None:
    """Execute them in a session that ends: it has reported its changes then, so none is counted after an ANALYZE."""
    with database.connect() as conn:
        for statement in statements:
            conn.execute(statement.encode())


class Sessions:
    """Sessions of one database. `open` gives an idle one, `start` one that is at work on a statement."""

    def __init__(self, database: ScratchDatabase) -> None:
        self.database = database
        self._opened: list[psycopg.Connection[Any]] = []  # one that nobody holds would be closed
        self.observer = self.open(application_name="observer")
        self._threads: list[threading.Thread] = []

    def open(self, **parameters: Any) -> psycopg.Connection[Any]:
        conn = self.database.connect(**parameters)
        self._opened.append(conn)
        return conn

    def start(
        self, sql: str, conn: psycopg.Connection[Any] | None = None, *, until: str = "wait_event_type = 'Lock'"
    ) -> psycopg.Connection[Any]:
        """A session that executes `sql` in the background, once pg_stat_activity says `until` of it."""
        conn = conn or self.open()
        thread = threading.Thread(target=_execute, args=(conn, sql), daemon=True)
        self._threads.append(thread)
        thread.start()
        self.wait(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid_of(conn)} AND {until}", 1)
        return conn

    def wait(self, sql: str, expected: object) -> None:
        """Wait until the server answers `expected`."""
        wait_for(lambda: self.observer.execute(sql.encode()).fetchone()[0] == expected, sql)  # type: ignore[index]

    def finished(self) -> None:
        """Wait until all that was started has ended."""
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def close(self) -> None:
        self.observer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        self.finished()
        for conn in self._opened:
            conn.close()


def _execute(conn: psycopg.Connection[Any], sql: str) -> None:
    with suppress(psycopg.Error):  # cancelled, terminated or a victim: the test looks at the server
        conn.execute(sql.encode())


def wait_for(fact: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain for: {what}"
        time.sleep(0.01)


def pid_of(conn: psycopg.Connection[Any]) -> int:
    return conn.info.backend_pid


@contextmanager
def sessions_of(database: ScratchDatabase) -> Iterator[Sessions]:
    sessions = Sessions(database)
    try:
        yield sessions
    finally:
        sessions.close()


@contextmanager
def role(server: Any, name: str, options: str = "LOGIN") -> Iterator[str]:
    """A role of that name, for the block."""
    identifier = psycopg.sql.Identifier(name)
    with server.connect() as conn:
        conn.execute(psycopg.sql.SQL("CREATE ROLE {} " + options).format(identifier))  # type: ignore[arg-type]
        try:
            yield name
        finally:
            conn.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE usename = %s AND pid <> pg_backend_pid()",
                [name],
            )
            conn.execute(psycopg.sql.SQL("DROP ROLE {}").format(identifier))


def nodes(trees: Sequence[Tree]) -> int:
    """How many nodes trees have in all."""
    count, left = 0, list(trees)
    while left:
        left.extend(left.pop().children)
        count += 1
    return count
