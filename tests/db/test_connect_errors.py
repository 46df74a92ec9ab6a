"""Connections that can't be made: the server's words, a cure, and no password anywhere."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
import traceback
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pgops.db.connecting import connect, connect_async
from pgops.errors import ConnectError
from tests.db.conftest import PASSWORD
from tests.db.standby import start_closed_standby

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENV: dict[str, str] = {}


def everything(error: BaseException) -> str:
    """All that a log, a traceback or a debugger that prints the locals of our frames would show."""
    seen = [str(error), repr(error), *traceback.format_exception(error)]
    chain: BaseException | None = error
    while chain is not None:
        seen += [repr(vars(chain)), repr(chain.args)]
        trace = chain.__traceback__
        while trace is not None:
            if "/pgops/" in trace.tb_frame.f_code.co_filename:
                seen += [repr(value) for value in trace.tb_frame.f_locals.values()]
            trace = trace.tb_next
        chain = chain.__context__
    return "\n".join(seen)


async def refused(how: str, url: str, **wanted: Any) -> str:
    async def try_it() -> None:
        if how == "sync":
            connect(url=url, env=ENV, **wanted)
        else:
            await connect_async(url=url, env=ENV, **wanted)

    with pytest.raises(ConnectError) as caught:
        await try_it()
    assert caught.value.__context__ is None
    assert PASSWORD not in everything(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    return str(caught.value)


@contextmanager
def listening() -> Iterator[socket.socket]:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock


pytestmark = pytest.mark.parametrize("how", ["sync", "async"])


async def test_wrong_password(how: str, plain_server) -> None:
    url = plain_server.conninfo(host="127.0.0.1", user="takes_both", password=PASSWORD + "x")
    message = await refused(how, url)
    assert 'password authentication failed for user "takes_both"' in message
    assert "Mend the password" in message
    assert "takes_both:********@127.0.0.1" in message


async def test_no_password(how: str, plain_server, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    assert ".pgpass" in await refused(how, plain_server.conninfo(host="127.0.0.1", user="takes_both", password=None))


async def test_missing_database(how: str, any_server) -> None:
    message = await refused(how, any_server.conninfo("nosuch db", password=PASSWORD))
    assert 'database "nosuch db" does not exist' in message
    assert "or create it" in message


async def test_missing_role(how: str, any_server) -> None:
    assert "create the role" in await refused(how, any_server.conninfo(user="nosuch", password=PASSWORD))


async def test_a_database_that_takes_no_connections(how: str, any_server) -> None:
    assert "ALLOW_CONNECTIONS" in await refused(how, any_server.conninfo("template0", password=PASSWORD))


async def test_a_role_that_may_not_log_in(how: str, any_server) -> None:
    assert "LOGIN" in await refused(how, any_server.conninfo(user="pg_monitor", password=PASSWORD))


async def test_too_many_connections(how: str, any_database) -> None:
    with any_database.connect() as conn:
        conn.execute("CREATE ROLE crowd LOGIN CONNECTION LIMIT 1")
    try:
        with any_database.connect(user="crowd"):
            assert "CONNECTION LIMIT" in await refused(how, any_database.conninfo(user="crowd", password=PASSWORD))
    finally:
        with any_database.connect() as conn:
            conn.execute("DROP ROLE crowd")


async def test_nothing_listens(how: str) -> None:
    with listening() as sock:
        port = sock.getsockname()[1]
    message = await refused(how, f"host=127.0.0.1 port={port} user=ann dbname=shop password='{quoted(PASSWORD)}'")
    assert "Connection refused" in message
    assert "Nothing listens there" in message


async def test_several_hosts(how: str) -> None:
    with listening() as sock:
        port = sock.getsockname()[1]
    message = await refused(
        how, f"host=127.0.0.1,127.0.0.2 port={port} user=ann dbname=shop password='{quoted(PASSWORD)}'"
    )
    assert "127.0.0.1" in message
    assert "127.0.0.2" in message


async def test_no_such_socket(how: str, tmp_path: Path) -> None:
    message = await refused(how, f"host={tmp_path} user=ann dbname=shop password='{quoted(PASSWORD)}'")
    assert "no such socket" in message


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70, "sp ace"])
async def test_no_such_host(how: str, host: str) -> None:
    message = await refused(how, f"host='{host}' user=ann dbname=shop password='{quoted(PASSWORD)}'")
    assert "No such host" in message


async def test_a_server_that_never_answers(how: str) -> None:
    with listening() as sock:
        url = f"host=127.0.0.1 port={sock.getsockname()[1]} user=ann dbname=shop password='{quoted(PASSWORD)}'"
        assert "No answer in time" in await refused(how, url, connect_timeout_s=1)


async def test_a_peer_that_hangs_up(how: str) -> None:
    with listening() as sock:

        def hang_up() -> None:
            peer, _ = sock.accept()
            peer.recv(1)
            peer.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        url = f"host=127.0.0.1 port={sock.getsockname()[1]} user=ann sslmode=disable password='{quoted(PASSWORD)}'"
        assert "hung up" in await refused(how, url)


async def test_a_peer_that_speaks_something_else(how: str) -> None:
    with listening() as sock:

        def greet() -> None:
            peer, _ = sock.accept()
            peer.recv(1000)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.close()

        threading.Thread(target=greet, daemon=True).start()
        url = f"host=127.0.0.1 port={sock.getsockname()[1]} user=ann sslmode=disable password='{quoted(PASSWORD)}'"
        assert "another protocol" in await refused(how, url)


async def test_a_missing_service(how: str, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "none"))
    assert "service" in await refused(how, f"service=nosuch password='{quoted(PASSWORD)}'")


async def test_target_session_attrs_that_no_host_has(how: str, any_server) -> None:
    message = await refused(how, any_server.conninfo(target_session_attrs="standby", password=PASSWORD))
    assert "No host has what target_session_attrs asks for" in message


async def test_a_server_that_is_starting(how: str, any_server, tmp_path_factory) -> None:
    with start_closed_standby(any_server, tmp_path_factory.mktemp("programs")) as conninfo:
        message = ""
        for _ in range(200):
            message = await refused(how, conninfo(password=PASSWORD))
            if "no such socket" not in message and "Nothing listens" not in message:
                break
            await asyncio.sleep(0.05)
        assert "The server is starting or recovering" in message


def quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
