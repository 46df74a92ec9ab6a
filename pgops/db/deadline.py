"""An end to a question that nobody answers: after so many seconds the connection is hung up on, from a thread.

A pooler lets a client in at once and answers the first statement when it has a server, which may be never. libpq's
connect_timeout is over by then, and a cancel request would wait in the same queue.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def hung_up_after(connection: psycopg.Connection[object], seconds: int) -> Iterator[None]:
    """Within the block, the connection is shut down when `seconds` have passed; 0 is never.

    Raises psycopg's `ConnectionTimeout` then, in place of what the loss of the connection led to.
    """
    if not seconds:
        yield
        return
    ending, ended, hung_up = threading.Lock(), threading.Event(), threading.Event()
    # A duplicate: the number of libpq's own could be another file's by the time that it is used.
    with socket.socket(fileno=os.dup(connection.fileno())) as line:

        def hang_up() -> None:
            with ending:
                if not ended.is_set():
                    hung_up.set()
                    line.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except psycopg.OperationalError:
            if not hung_up.is_set():
                raise
        finally:
            with ending:
                ended.set()
            timer.cancel()
        if hung_up.is_set():
            raise timeout_of(seconds)


def timeout_of(seconds: int) -> psycopg.errors.ConnectionTimeout:
    """What is raised when they have passed."""
    return psycopg.errors.ConnectionTimeout(f"timeout expired: connected, but no statement was answered in {seconds} s")
