"""Behind a pooler that hands a server connection on after each transaction: every check, nothing left set, no clash."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import pytest

import pgops
from pgops.db.connecting import connect, connect_async
from pgops.db.pooling import open_async_pool, open_pool
from tests.db.poolers import start_pgbouncer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.db.poolers import Pooler

ENV: dict[str, str] = {}
SERVER_CONNECTIONS = 3
WATCHED = (
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "search_path",
    "default_transaction_read_only",
    "transaction_read_only",
    "jit",
    "client_encoding",
    "timezone",
    "role",
)


@pytest.fixture(scope="module")
def pooler(any_server) -> Iterator[Pooler]:
    """Few server connections, always the same, and never reset: what one client leaves, the next one gets."""
    settings = {"default_pool_size": str(SERVER_CONNECTIONS), "server_reset_query": "", "max_client_conn": "200"}
    with start_pgbouncer(any_server, **settings) as pooler:
        yield pooler


@pytest.fixture
def url(pooler, any_database) -> str:
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE orders (id int, customer int); CREATE INDEX one ON orders (customer)")
        conn.execute("CREATE INDEX two ON orders (customer)")
    return pooler.conninfo(any_database.name)


def seen_by_every_server_connection(url: str) -> dict[int, dict[str, str]]:
    """What the server connections have set, each held by a transaction of its own so that all are looked at."""
    found: dict[int, dict[str, str]] = {}
    with ExitStack() as open_at_once:
        for _ in range(SERVER_CONNECTIONS):
            conn = open_at_once.enter_context(psycopg.connect(url, prepare_threshold=None))
            (pid,) = conn.execute("SELECT pg_backend_pid()").fetchone()
            rows = conn.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(WATCHED)])
            found[pid] = dict(rows.fetchall())
            found[pid]["prepared"] = str(conn.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0])
            found[pid]["locks"] = str(
                conn.execute(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                ).fetchone()[0]
            )
    assert len(found) == SERVER_CONNECTIONS
    return found


def outcomes(report: pgops.Report) -> dict[str, tuple[object, str | None]]:
    return {result.check: (result.outcome, _timeless(result.reason)) for result in report.results}


def _timeless(reason: str) -> str:
    """How long a server has counted is another time for each who asks."""
    return re.sub(r"for .{1,20} only", "for a moment only", reason)


async def run(how: str, url: str) -> pgops.Report:
    if how == "a connection":
        with connect(url=url, env=ENV) as conn:
            return pgops.run_checks(conn)
    if how == "a pool":
        with open_pool(url=url, env=ENV, max_size=4) as pool:
            return pgops.run_checks(pool)
    if how == "an async connection":
        async with await connect_async(url=url, env=ENV) as conn:
            return await pgops.run_checks_async(conn)
    async with await open_async_pool(url=url, env=ENV, max_size=4) as pool:
        return await pgops.run_checks_async(pool)


@pytest.mark.parametrize("how", ["a connection", "a pool", "an async connection", "an async pool"])
async def test_every_check_answers_as_it_does_on_a_direct_connection(how: str, url: str, any_database) -> None:
    before = await asyncio.to_thread(seen_by_every_server_connection, url)
    with connect(url=any_database.conninfo(), env=ENV) as conn:
        direct = pgops.run_checks(conn)
    pooled = await run(how, url)
    assert len(pooled.results) == sum(not check.opt_in for check in pgops.list_checks())
    assert outcomes(pooled) == outcomes(direct)
    assert not pooled.failed
    assert "two" in " ".join(str(finding.target) for finding in pooled["duplicate_indexes"].findings)
    assert await asyncio.to_thread(seen_by_every_server_connection, url) == before


def test_many_clients_at_once(url: str) -> None:
    """Statements are not prepared by name: the next transaction may be on a connection that lacks or has that name."""
    before = seen_by_every_server_connection(url)
    asked: Counter[str] = Counter()
    failed: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            with connect(url=url, env=ENV) as conn:
                for turn in range(12):
                    assert conn.execute("SELECT %s::int + %s::int", [number, turn]).fetchone() == (number + turn,)
                    conn.commit()
                    asked["rows"] += 1
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert asked["rows"] == 144
    assert seen_by_every_server_connection(url) == before


def test_psycopg_left_to_itself_does_clash_here(url: str) -> None:
    """The trap is real: with psycopg's automatic preparing, names meet names that others gave."""
    with psycopg.connect(url, autocommit=True) as one, psycopg.connect(url, autocommit=True) as two:

        def take_turns() -> None:
            for number in range(30):
                one.execute("SELECT %s::int AS one", [number])
                two.execute("SELECT %s::int AS two", [number])

        with pytest.raises((psycopg.errors.DuplicatePreparedStatement, psycopg.errors.InvalidSqlStatementName)):
            take_turns()
        for conn in (one, two):
            conn.execute("DEALLOCATE ALL")
