"""PGSERVICE that names no service there is: libpq then refuses every connection, a profile's too.

Any other variable is warded off by stating its keyword (`pgops.config.pinning`), and so is what a service says. That
there is no such service can't be: libpq looks for it first, and takes the empty name for a name. So while a profile
connects, and only then, PGSERVICE is put aside if libpq can't use it. Whoever connects meanwhile in another thread
could have got nothing but that error from it.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.conninfo import Conninfo

_VARIABLE = "PGSERVICE"
# libpq takes services in before it looks at this value, and refuses it before it does anything else.
_REFUSED_VALUE = b"none-of-libpqs-modes"


class _Aside:
    """The variable, while at least one connection is made without it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.value = ""


_aside = _Aside()


def stands_in_the_way(target: Conninfo) -> bool:
    """Whether `target`, a profile's, can't be connected to for the PGSERVICE that is set."""
    if not target.pins or "service" in target.params or not (_aside.users or _VARIABLE in os.environ):
        return False
    with _aside.lock:
        return bool(_aside.users) or _is_lost()


def _is_lost() -> bool:
    tried = pq.PGconn.connect_start(b"sslmode=" + _REFUSED_VALUE)
    try:
        return _VARIABLE in os.environ and _REFUSED_VALUE not in tried.error_message
    finally:
        tried.finish()


@contextmanager
def service_put_aside(target: Conninfo) -> Iterator[None]:
    """Without PGSERVICE where it stands in the way of `target`; otherwise nothing changes."""
    if not stands_in_the_way(target):
        yield
        return
    with _aside.lock:
        _aside.users += 1
        if _VARIABLE in os.environ:
            _aside.value = os.environ.pop(_VARIABLE)
    try:
        yield
    finally:
        with _aside.lock:
            _aside.users -= 1
            if not _aside.users:
                os.environ.setdefault(_VARIABLE, _aside.value)


def connection_class(target: Conninfo) -> type[psycopg.Connection[Any]]:
    """What a pool makes its connections with: psycopg's own class, or one that puts the variable aside meanwhile."""
    if not stands_in_the_way(target):
        return psycopg.Connection

    class Connection(psycopg.Connection[Any]):
        @classmethod
        def connect(cls, *args: Any, **kwargs: Any) -> Any:
            with service_put_aside(target):
                return super().connect(*args, **kwargs)

    return Connection


def async_connection_class(target: Conninfo) -> type[psycopg.AsyncConnection[Any]]:
    """`connection_class` on asyncio."""
    if not stands_in_the_way(target):
        return psycopg.AsyncConnection

    class AsyncConnection(psycopg.AsyncConnection[Any]):
        @classmethod
        async def connect(cls, *args: Any, **kwargs: Any) -> Any:
            with service_put_aside(target):
                return await super().connect(*args, **kwargs)

    return AsyncConnection
