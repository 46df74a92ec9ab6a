"""What checks may be run over, and the errors for everything else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.errors import WrongConnectionError

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool, ConnectionPool

UNBOUNDED_POOL = 4
"""How many connections are taken from a pool that would give any number."""


def is_pool(source: object, name: str) -> bool:
    """Whether it is a pool of psycopg_pool, which is imported only by those who have one."""
    pools = sys.modules.get("psycopg_pool")
    return pools is not None and isinstance(source, getattr(pools, name))


def side_by_side(pool: ConnectionPool[Any] | AsyncConnectionPool[Any], waiting: int) -> int:
    """Over how many connections of `pool` that many checks run. A null pool may have no bound (max_size 0)."""
    return max(1, min(pool.max_size or UNBOUNDED_POOL, waiting))


def wrong_kind(source: object, called: str, other: str) -> WrongConnectionError:
    """The error for a source that `called` can't drive."""
    kind = type(source).__name__
    asynchronous = isinstance(source, psycopg.AsyncConnection) or is_pool(source, "AsyncConnectionPool")
    synchronous = isinstance(source, psycopg.Connection) or is_pool(source, "ConnectionPool")
    if asynchronous or synchronous:
        return WrongConnectionError(f"{called} was handed a {kind}.", cure=f"Use {other} for it.")
    return WrongConnectionError(f"{called} was handed a {kind}.", cure="Hand it a psycopg connection or pool.")
