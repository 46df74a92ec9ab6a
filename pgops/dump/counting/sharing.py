"""Several sessions of one snapshot take tables from one queue, each on a thread; answers come on the caller's thread.

Whatever ends it early (an error on one of them, Ctrl-C) cancels what the server is still at.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg
from psycopg import errors

from pgops.dump.counting.countable import CountableTable
from pgops.dump.counting.table_content import count_one
from pgops.dump.manifest import TableContent
from pgops.errors import CountError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CANCEL_AGAIN_S = 0.2
_CANCEL_S = 5.0


@attrs.frozen
class _Begun:
    table: CountableTable


@attrs.frozen
class _Ended:
    table: CountableTable
    answer: TableContent | str | None
    """None where the table is left to the session that has it locked."""


@attrs.frozen
class _Gone:
    """A session has nothing left to do, or has failed."""

    problem: BaseException | None


_Event: TypeAlias = _Begun | _Ended | _Gone


@attrs.frozen
class _Tables:
    """What the sessions share."""

    waiting: deque[CountableTable]
    encoding: tuple[str, bool]
    events: queue.SimpleQueue[_Event] = attrs.field(factory=queue.SimpleQueue)
    stopped: threading.Event = attrs.field(factory=threading.Event)


def share_tables(
    leader: psycopg.Connection[Any],
    helpers: Sequence[psycopg.Connection[Any]],
    tables: Sequence[CountableTable],
    *,
    encoding: tuple[str, bool],
    begin: Callable[[CountableTable], object],
    end: Callable[[CountableTable, TableContent | str], object],
    stop: threading.Event | None = None,
) -> list[CountableTable]:
    """Count them all. Gives those whose lock a helper did not get in time: they are left to the leader, which has it.

    Raises the first error of any session, when all have come to rest; `CountError` soon after `stop` is set.
    """
    shared = _Tables(deque(tables), encoding)
    sessions = (leader, *helpers)
    threads = [
        threading.Thread(target=_take_tables, args=(session, shared, session is not leader), daemon=True)
        for session in sessions
    ]
    left_over: list[CountableTable] = []
    try:
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            event = _next_event(shared, stop)
            if isinstance(event, _Begun):
                begin(event.table)
            elif isinstance(event, _Gone):
                running -= 1
                if event.problem is not None:
                    raise event.problem
            elif event.answer is None:
                left_over.append(event.table)
            else:
                end(event.table, event.answer)
    finally:
        shared.stopped.set()
        _wait_for(threads, sessions)
    return left_over


def _next_event(shared: _Tables, stop: threading.Event | None) -> _Event:
    while True:
        if stop is not None and stop.is_set():
            raise CountError("Counting was ended before its end.")
        with suppress(queue.Empty):
            return shared.events.get(timeout=_CANCEL_AGAIN_S)


def _take_tables(session: psycopg.Connection[Any], shared: _Tables, may_leave: bool) -> None:
    problem: BaseException | None = None
    try:
        while not shared.stopped.is_set():
            try:
                table = shared.waiting.popleft()
            except IndexError:  # all are taken
                break
            shared.events.put(_Begun(table))
            shared.events.put(_Ended(table, _answer(session, table, shared.encoding, may_leave=may_leave)))
    except BaseException as caught:  # raised again on the caller's thread
        problem = caught
    shared.events.put(_Gone(problem))


def _answer(
    session: psycopg.Connection[Any], table: CountableTable, encoding: tuple[str, bool], *, may_leave: bool
) -> TableContent | str | None:
    try:
        return count_one(session, table, encoding)
    except CountError as problem:
        if may_leave and isinstance(problem.__cause__, errors.LockNotAvailable):
            return None
        raise


def _wait_for(threads: Sequence[threading.Thread], sessions: Sequence[psycopg.Connection[Any]]) -> None:
    """Cancel what is still running, again and again: a cancel that comes between two statements hits nothing."""
    for thread in threads:  # those that are through need a moment to end, and no cancel
        if thread.ident is not None:
            thread.join(_CANCEL_AGAIN_S / len(threads))
    while any(thread.is_alive() for thread in threads):
        for session, thread in zip(sessions, threads, strict=True):
            if thread.is_alive():
                with suppress(psycopg.Error):
                    session.cancel_safe(timeout=_CANCEL_S)
                thread.join(_CANCEL_AGAIN_S)
