"""A guard against servers that no longer answer: not even to their own statement timeout.

Normally the server ends a statement by itself, in time. When it has vanished without a word (a stopped process, a
network that swallows packets), only this side can end the wait: the watchdog shuts the socket, and psycopg reports the
connection as lost.
"""

from __future__ import annotations

import _thread
import os
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from types import TracebackType

GRACE_S = 5.0
"""How much longer than its time limit a server may take to say anything at all."""


class Watchdog:
    """Watches the connections of one run from a thread of its own; the thread ends with the `with` block."""

    def __init__(self) -> None:
        self._until: dict[psycopg.Connection[Any], float] = {}
        self._changed = threading.Condition()
        self._done = False

    def __enter__(self) -> Watchdog:
        _thread.start_new_thread(self._watch, ())  # Thread.start() would wait until it runs: longer than many a check
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._done = True
            self._changed.notify()

    def watch(self, conn: psycopg.Connection[Any], seconds: float) -> None:
        """Give the server `seconds` and the grace to answer; no lock is taken, since this stands before every check."""
        self._until[conn] = time.monotonic() + seconds + GRACE_S

    def release(self, conn: psycopg.Connection[Any]) -> None:
        """The server has answered."""
        self._until.pop(conn, None)

    def cancel(self) -> None:
        """Ask the server to cancel what every watched connection is doing."""
        for conn in list(self._until):
            with suppress(psycopg.Error, OSError):
                conn.cancel_safe(timeout=2)

    def _watch(self) -> None:
        with self._changed:
            while not self._done:
                self._changed.wait(timeout=0.5)
                now = time.monotonic()
                for conn in [conn for conn, until in list(self._until.items()) if until < now]:
                    self._until.pop(conn, None)
                    _hang_up(conn)


def _hang_up(conn: psycopg.Connection[Any]) -> None:
    """End the wait of another thread, which owns the connection: shut the socket, and leave the closing to it."""
    with suppress(OSError, psycopg.Error):
        copy = socket.socket(fileno=os.dup(conn.fileno()))
        with copy:
            copy.shutdown(socket.SHUT_RDWR)
