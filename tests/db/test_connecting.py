"""connect and connect_async: the session they give, on each route; INSERT is refused on all of them."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pgops.db.connecting import connect, connect_async
from pgops.errors import ConnectError, ConninfoError
from pgops.secret import Secret
from tests.db.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOWHERE: dict[str, str] = {}


class Driven:
    """An async connection behind the calls of a sync one, so that both run through the same tests."""

    def __init__(self, loop: asyncio.AbstractEventLoop, conn: psycopg.AsyncConnection[Any]) -> None:
        self._loop, self._conn = loop, conn

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._conn, name)
        if not inspect.iscoroutinefunction(found):
            return found
        return lambda *args, **kwargs: self._loop.run_until_complete(found(*args, **kwargs))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        async def ask() -> list[tuple[Any, ...]]:
            return await (await self._conn.execute(query)).fetchall()

        return self._loop.run_until_complete(ask())


@pytest.fixture(params=["sync", "async"])
def connected(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`connect`, or `connect_async` driven to its end."""
    opened: list[Any] = []
    if request.param == "sync":

        def call(*args: Any, **kwargs: Any) -> Any:
            conn = connect(*args, **kwargs)
            opened.append(conn)
            return conn

        yield call
        for conn in opened:
            conn.close()
        return
    with asyncio.Runner() as runner:

        def call_async(*args: Any, **kwargs: Any) -> Any:
            driven = Driven(runner.get_loop(), runner.run(connect_async(*args, **kwargs)))
            opened.append(driven)
            return driven

        yield call_async
        for driven in opened:
            driven.close()


def rows(conn: Any, query: str) -> list[tuple[Any, ...]]:
    return conn.rows(query) if isinstance(conn, Driven) else conn.execute(query).fetchall()


def shown(conn: Any, setting: str) -> str:
    (found,) = rows(conn, f"SHOW {setting}")
    if not conn.autocommit:
        conn.rollback()
    return str(found[0])


@pytest.fixture
def url(database) -> str:
    with database.connect() as conn:
        conn.execute("CREATE TABLE notes (text text)")
    return database.conninfo()


def test_the_session(connected, url: str) -> None:
    conn = connected(url=url, env=NOWHERE)
    assert conn.autocommit
    assert shown(conn, "application_name") == "pgops"
    assert shown(conn, "default_transaction_read_only") == "on"
    assert shown(conn, "statement_timeout") == "1min"
    assert shown(conn, "lock_timeout") == "5s"
    assert shown(conn, "idle_in_transaction_session_timeout") == "5min"
    for name in ("statement_timeout", "lock_timeout", "default_transaction_read_only"):
        ((source,),) = rows(conn, f"SELECT source FROM pg_settings WHERE name = '{name}'")
        assert source == "client"  # so RESET ALL and DISCARD ALL keep them


def test_what_the_call_and_the_environment_say(connected, url: str) -> None:
    env = {"DB_APPLICATION_NAME": "night job", "DB_STATEMENT_TIMEOUT_MS": "7000", "DB_LOCK_TIMEOUT_MS": "800"}
    conn = connected(url=url, env=env, lock_timeout_s=0.25)
    assert shown(conn, "application_name") == "night job"
    assert shown(conn, "statement_timeout") == "7s"
    assert shown(conn, "lock_timeout") == "250ms"


def test_options_of_the_url_stay(connected, url: str) -> None:
    conn = connected(
        url=url + r" options='-c search_path=\"a\\ b\" -c my.x=1 -c default_transaction_read_only=off'", env={}
    )
    assert shown(conn, "search_path") == '"a b"'
    assert shown(conn, "my.x") == "1"
    assert shown(conn, "default_transaction_read_only") == "on"


def test_writing_has_to_be_asked_for(connected, url: str) -> None:
    conn = connected(url=url, env=NOWHERE, read_only=False)
    assert conn.autocommit
    conn.execute("INSERT INTO notes VALUES ('x')")
    assert rows(conn, "SELECT count(*) FROM notes") == [(1,)]


def test_params_replace_those_of_the_url(connected, url: str) -> None:
    conn = connected(url=Secret(url), env=NOWHERE, params={"dbname": "postgres"})
    assert rows(conn, "SELECT current_database()") == [("postgres",)]
    with pytest.raises(ConninfoError, match="Did you mean 'dbname'"):
        connected(url=url, env=NOWHERE, params={"dbnam": "postgres"})


def test_statements_are_not_prepared_by_themselves(connected, url: str) -> None:
    conn = connected(url=url, env=NOWHERE)
    for _ in range(10):
        conn.execute("SELECT %s::int", [1])
    assert rows(conn, "SELECT count(*) FROM pg_prepared_statements") == [(0,)]


# --- read-only ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["direct", "pgbouncer", "swallowing_pgbouncer"])
def route(request: pytest.FixtureRequest, any_database) -> str:
    with any_database.connect() as conn:
        conn.execute("CREATE TABLE notes (text text); CREATE SEQUENCE counter")
    if request.param == "direct":
        return any_database.conninfo()
    return request.getfixturevalue(request.param).conninfo(any_database.name)


WRITES = {
    "INSERT": "INSERT INTO notes VALUES ('x')",
    "UPDATE": "UPDATE notes SET text = 'x'",
    "CREATE": "CREATE TABLE more ()",
    "nextval": "SELECT nextval('counter')",
    "INSERT behind WITH": "WITH new AS (INSERT INTO notes VALUES ('x') RETURNING *) SELECT * FROM new",
    "DO": "DO $$ BEGIN INSERT INTO notes VALUES ('x'); END $$",
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_writes_are_refused_on_each_route(connected, route: str, write: str) -> None:
    conn = connected(url=route, env=NOWHERE)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        conn.execute(write)
    if not conn.autocommit:
        conn.rollback()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):  # after the first error and its rollback too
        conn.execute(write)


def test_reading_works_on_each_route(connected, route: str) -> None:
    conn = connected(url=route, env=NOWHERE)
    for _ in range(8):
        assert rows(conn, "SELECT count(*) FROM notes") == [(0,)]
        if not conn.autocommit:
            conn.commit()


# --- behind a pooler ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["pgbouncer", "swallowing_pgbouncer"])
def test_without_options_there_is_no_autocommit_and_one_warning(connected, request, which: str, caplog) -> None:
    pooler = request.getfixturevalue(which)
    with caplog.at_level(logging.WARNING, "pgops"):
        conn = connected(url=pooler.conninfo(), env=NOWHERE)
    assert not conn.autocommit
    assert conn.read_only is True
    assert conn.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    assert shown(conn, "application_name") == "pgops"
    (record,) = caplog.records
    assert record.name == "pgops.db"
    assert "no timeouts" in record.getMessage()
    assert f"127.0.0.1:{pooler.port}" in record.getMessage()


def test_nothing_is_left_set_on_the_poolers_connection(connected, pgbouncer) -> None:
    connected(url=pgbouncer.conninfo(), env=NOWHERE, statement_timeout_s=7)
    with psycopg.connect(pgbouncer.conninfo(), autocommit=True) as other:
        assert other.execute("SHOW statement_timeout").fetchone() == ("0",)
        assert other.execute("SHOW default_transaction_read_only").fetchone() == ("off",)


def test_a_writable_session_behind_a_pooler_is_in_autocommit(connected, pgbouncer, caplog, any_database) -> None:
    conn = connected(url=pgbouncer.conninfo(any_database.name), env=NOWHERE, read_only=False)
    assert conn.autocommit
    conn.execute("CREATE TABLE notes (text text)")
    assert "no timeouts" in caplog.text


def test_options_of_the_url_are_not_dropped_for_a_pooler(connected, pgbouncer) -> None:
    with pytest.raises(ConnectError, match="take them out of the URL"):
        connected(url=pgbouncer.conninfo(options="-c search_path=x"), env=NOWHERE)


def test_a_pooler_that_demands_encryption_and_refuses_options(connected, tls_pgbouncer) -> None:
    told: list[Any] = []
    conn = connected(url=tls_pgbouncer.conninfo(sslmode="disable"), env=NOWHERE, on_fallback=told.append)
    assert conn.pgconn.ssl_in_use
    assert not conn.autocommit
    assert [(each.from_sslmode, each.to_sslmode) for each in told] == [("disable", "require")]


def test_a_missing_database_behind_a_pooler(connected, pgbouncer) -> None:
    name = f"nosuch_{secrets.token_hex(4)}"  # pgbouncer waits 15 s before it tries the same one again
    with pytest.raises(ConnectError, match=f'database "{name}" does not exist'):
        connected(url=pgbouncer.conninfo(name), env=NOWHERE)


def test_a_pooler_that_pools_single_statements_is_an_error(connected, any_server) -> None:
    from tests.db.poolers import start_pgbouncer

    with start_pgbouncer(any_server, pool_mode="statement") as pooler, pytest.raises(ConnectError, match="pool_mode"):
        connected(url=pooler.conninfo(), env=NOWHERE)


def test_the_servers_notices_go_to_the_log(connected, url: str, caplog) -> None:
    conn = connected(url=url, env=NOWHERE)
    with caplog.at_level(logging.INFO, "pgops.db"):
        conn.execute("DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$")
    assert "WARNING: mind the gap" in caplog.text


def test_a_profile_of_a_config(connected, any_database, tmp_path) -> None:
    server = any_database.server
    file = tmp_path / "postgres.toml"
    file.write_text(
        "[configuration]\nschema_version = 1\n[database.local]\n"
        f'host = "{server.host}"\nport = {server.port}\ndatabase = "{any_database.name}"\nuser = "{server.superuser}"\n'
        f"password = '''{PASSWORD}'''\n"
    )
    conn = connected("local", config=file, env=NOWHERE)
    assert rows(conn, "SELECT current_database()") == [(any_database.name,)]
