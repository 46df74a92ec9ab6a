"""wait_until_ready: it waits for a server that is starting or absent, within bounds, and for nothing else."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from pgops.db.readiness import Standing, standing
from pgops.db.waiting import Waiting, wait_until_ready, wait_until_ready_async
from pgops.errors import ConnectError, ConninfoError, NotReadyError
from pgops.scratch import restart_server, start_server, stop_server
from tests.db.conftest import PASSWORD
from tests.db.poolers import start_pgbouncer
from tests.db.standby import start_closed_standby, start_standby

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.db.description import ConnectionInfo
    from pgops.scratch import ScratchServer

ENV: dict[str, str] = {}
TCP = 'connection failed: connection to server at "127.0.0.1", port 1 failed: '
SOCKET = 'connection to server on socket "/s/.s.PGSQL.5432" failed: '
LIST = "\nMultiple connection attempts failed. All failures were:\n- host: 'a', port: '1', hostaddr: '::1': "


@pytest.fixture(params=["sync", "async"])
def wait(request: pytest.FixtureRequest) -> Any:
    if request.param == "sync":
        return lambda **arguments: wait_until_ready(env=ENV, **arguments)
    return lambda **arguments: asyncio.run(wait_until_ready_async(env=ENV, **arguments))


@pytest.fixture(scope="module")
def own_server(any_server) -> Iterator[ScratchServer]:
    """One that a test may stop, and starts again."""
    with start_server(any_server.binaries, tcp=True) as server:
        yield server


WORDS: dict[str, tuple[str, Standing | None]] = {
    "starting": (TCP + "FATAL:  the database system is starting up", Standing.STARTING),
    "crashed": (TCP + "FATAL:  the database system is in recovery mode", Standing.STARTING),
    "stopping": (TCP + "FATAL:  the database system is shutting down", Standing.STARTING),
    "no hot standby yet": (TCP + "FATAL:  the database system is not yet accepting connections", Standing.STARTING),
    "hot standby off": (TCP + "FATAL:  the database system is not accepting connections", Standing.STARTING),
    "no primary yet": (TCP + "session is read-only", Standing.STARTING),
    "a pooler without its server": (
        TCP + "FATAL:  server login has been failing, try again later (server_login_retry)",
        Standing.STARTING,
    ),
    "nobody listens": (TCP + "Connection refused\n\tIs the server running on that host?", Standing.ABSENT),
    "no socket": (SOCKET + "No such file or directory\n\tIs the server running locally?", Standing.ABSENT),
    "no such host": ("failed to resolve host 'db': [Errno -2] Name or service not known", Standing.ABSENT),
    "no answer": ("connection timeout expired", Standing.ABSENT),
    "hung up": (TCP + "server closed the connection unexpectedly\n\tThis probably means the server", Standing.ABSENT),
    "wrong password": (TCP + 'FATAL:  password authentication failed for user "ann"', None),
    "missing database": (TCP + 'FATAL:  database "the database system is starting up" does not exist', None),
    "a pooler's server refuses": (TCP + "FATAL:  server login has been failing, cached error: password wrong", None),
    "certificate": (TCP + "SSL error: certificate verify failed", None),
    "certificate file": ('root certificate file "/No such file or directory" does not exist', None),
    "full": (TCP + "FATAL:  sorry, too many clients already", None),
    "German": (TCP + "FATAL:  Das Datenbanksystem startet gerade", None),
    "two addresses, both absent": (f"{TCP}Connection refused{LIST}{TCP}Connection refused", Standing.ABSENT),
    "two addresses, one starts": (
        f"{TCP}Connection refused{LIST}{TCP}FATAL:  the database system is starting up\n- host: 'a', port: '1', "
        f"hostaddr: '127.0.0.1': {TCP}Connection refused",
        Standing.STARTING,
    ),
    "two addresses, one refuses": (
        f"{TCP}FATAL:  password authentication failed{LIST}{TCP}Connection refused\n- host: 'a', port: '1', "
        f"hostaddr: '127.0.0.1': {TCP}FATAL:  password authentication failed",
        None,
    ),
}


@pytest.mark.parametrize(("words", "expected"), WORDS.values(), ids=WORDS.keys())
def test_what_the_words_say(words: str, expected: Standing | None) -> None:
    assert standing(words) is expected


def test_a_server_that_is_there(wait, any_database) -> None:
    found: ConnectionInfo = wait(url=any_database.conninfo(), on_wait=pytest.fail)
    assert found.database == any_database.name
    assert not found.in_recovery


@pytest.mark.parametrize("host", ["socket", "TCP"])
def test_a_server_that_starts_late(wait, own_server, host: str) -> None:
    url = own_server.conninfo(**({} if host == "socket" else {"host": "127.0.0.1"}))
    stop_server(own_server)
    told: list[Waiting] = []
    seen_to_be_absent = threading.Event()

    def note(waiting: Waiting) -> None:
        told.append(waiting)
        seen_to_be_absent.set()

    def start_late() -> None:
        seen_to_be_absent.wait(30)
        restart_server(own_server)

    starting = threading.Thread(target=start_late)
    starting.start()
    try:
        found = wait(url=url, timeout_s=60, on_wait=note)
    finally:
        starting.join()
    assert found.database == "postgres"
    assert told[0].standing is Standing.ABSENT
    assert [each.tries for each in told] == list(range(1, len(told) + 1))
    assert all(0 <= each.pause_s < 2.2 for each in told)


def test_a_server_that_says_that_it_is_starting_until_the_time_is_over(wait, any_server, tmp_path_factory) -> None:
    with start_closed_standby(any_server, tmp_path_factory.mktemp("programs")) as conninfo:
        told: list[Waiting] = []
        with pytest.raises(NotReadyError, match=r"was not ready within 2 s: .*database system") as caught:
            wait(url=conninfo(password=PASSWORD), timeout_s=2, on_wait=told.append)
    assert Standing.STARTING in {each.standing for each in told}
    assert told[-1].waited_s + told[-1].pause_s <= 2.01
    assert PASSWORD not in f"{caught.value} {caught.value.words} {told}"
    assert caught.value.__context__ is None


def test_a_standby_is_ready_unless_a_primary_is_asked_for(wait, any_server) -> None:
    with start_standby(any_server) as conninfo:
        assert wait(url=conninfo, timeout_s=20).in_recovery
        told: list[Waiting] = []
        with pytest.raises(NotReadyError, match="hot standby"):
            wait(url=conninfo, timeout_s=0.5, on_wait=told.append, params={"target_session_attrs": "primary"})
        assert told


def test_a_pooler_whose_server_starts_late(wait, own_server) -> None:
    with start_pgbouncer(own_server, server_login_retry="1", query_wait_timeout="3") as pooler:
        stop_server(own_server)
        told: list[Waiting] = []
        with pytest.raises(NotReadyError):
            wait(url=pooler.conninfo(), timeout_s=0.1, on_wait=told.append, connect_timeout_s=2)
        restart_server(own_server)
        found = wait(url=pooler.conninfo(), timeout_s=30)
    assert found.through_pooler


MISTAKES = {
    "wrong password": {"host": "127.0.0.1", "user": "takes_both", "password": "wrong"},
    "missing database": {"dbname": "nosuch"},
    "missing role": {"user": "nosuch"},
    "no TLS there": {"host": "127.0.0.1", "user": "takes_both", "password": PASSWORD, "sslmode": "require"},
    "no certificate": {"host": "127.0.0.1", "sslmode": "verify-full", "sslrootcert": "/nowhere/No such file"},
}


@pytest.mark.parametrize("params", MISTAKES.values(), ids=MISTAKES.keys())
def test_what_time_does_not_mend_is_raised_at_once(wait, plain_server, params: dict[str, str]) -> None:
    with pytest.raises(ConnectError) as caught:
        wait(url=plain_server.conninfo(**{"dbname": "postgres", **params}), on_wait=pytest.fail)
    assert not isinstance(caught.value, NotReadyError)


def test_a_wrong_parameter_is_raised_at_once(wait) -> None:
    with pytest.raises(ConninfoError):
        wait(url="host=db prot=5", on_wait=pytest.fail)


def test_what_on_wait_raises_ends_it(wait, tmp_path) -> None:
    def give_up(waiting: Waiting) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait(url=f"host={tmp_path} dbname=shop", on_wait=give_up)


async def test_others_go_on_meanwhile(tmp_path) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    with pytest.raises(NotReadyError):
        await wait_until_ready_async(url=f"host={tmp_path} dbname=shop", env=ENV, timeout_s=0.5)
    ticking.cancel()
    assert len(ticks) > 5
