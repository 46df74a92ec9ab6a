"""A server that speaks German, as Debian's do with lc_messages set: what it means is understood all the same."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pgops.db.connecting import connect
from pgops.db.readiness import Standing, find_standing, standing
from pgops.db.trial import TrialOutcome, test_connection, test_connection_async
from pgops.db.waiting import wait_until_ready
from pgops.errors import ConnectError, ScratchError
from pgops.scratch import start_server
from tests.db.conftest import HBA, PASSWORD, with_roles
from tests.db.poolers import count_in_log
from tests.db.standby import start_closed_standby
from tests.servers import lack, system_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.db.fallback import Fallback
    from pgops.scratch import Binaries, ScratchServer

ENV: dict[str, str] = {}
GERMAN = "de_DE.UTF-8"
ARRIVED = "Verbindung empfangen"


@pytest.fixture(scope="module")
def translated() -> Binaries:
    """Server programs with translations: a distribution's. Those from npm and PyPI are built without."""
    named = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower().split()
    if GERMAN.lower().replace("-", "") not in [name.replace("-", "") for name in named]:
        lack(f"the locale {GERMAN} is missing (Debian: locales-all)")
    return system_binaries()


@pytest.fixture(scope="module")
def german_server(translated, certificates) -> Iterator[ScratchServer]:
    files = {"server.crt": certificates.certificate.read_text(), "server.key": certificates.key.read_text()}
    settings = {
        "ssl": "on",
        "log_connections": "on",
        "password_encryption": "scram-sha-256",
        "lc_messages": GERMAN,
    }
    try:
        with start_server(translated, settings=settings, files=files, hba=HBA, tcp=True) as server:
            yield with_roles(server)
    except ScratchError as error:
        if "lc_messages" not in str(error):
            raise
        lack(f"that server does not know the locale {GERMAN}")


def url(server: ScratchServer, role: str, **params: object) -> str:
    return server.conninfo(**{"dbname": "postgres", "host": "127.0.0.1", "user": role, "password": PASSWORD, **params})


@pytest.fixture(autouse=True)
def _no_certificates_of_the_user(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def test_it_does_speak_german(german_server) -> None:
    with german_server.connect() as conn:
        assert conn.execute("SHOW lc_messages").fetchone() == (GERMAN,)
    with pytest.raises(ConnectError, match="existiert nicht"):
        connect(url=german_server.conninfo("nosuch"), env=ENV)


@pytest.mark.parametrize(("role", "says"), [("wants_tls", "kein pg_hba.conf-Eintrag"), ("rejected", "pg_hba.conf")])
def test_its_demand_for_encryption_is_understood(german_server, role: str, says: str) -> None:
    told: list[Fallback] = []
    with connect(url=url(german_server, role, sslmode="disable"), env=ENV, on_fallback=told.append) as conn:
        assert conn.pgconn.ssl_in_use
    (fallback,) = told
    assert says in fallback.message
    assert "keine Verschl?sselung" in fallback.message  # in ASCII, as before every session


REFUSALS = {
    "wrong password": {"password": "wrong"},
    "missing database": {"dbname": "nosuch"},
    "a database with a telling name": {"dbname": "pg_hba.conf, keine Verschlüsselung"},
}


@pytest.mark.parametrize("params", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_no_demand_is_not_tried_again(german_server, params: dict[str, str]) -> None:
    before = count_in_log(german_server.log, ARRIVED)
    told: list[Fallback] = []
    with pytest.raises(ConnectError):
        connect(url=url(german_server, "takes_both", sslmode="disable", **params), env=ENV, on_fallback=told.append)
    assert not told
    assert count_in_log(german_server.log, ARRIVED) == before + 1


def test_a_refusal_of_an_encrypted_connection_is_no_demand(german_server) -> None:
    before = count_in_log(german_server.log, ARRIVED)
    with pytest.raises(ConnectError, match="SSL-Verschl"):
        connect(url=url(german_server, "wants_none", sslmode="require"), env=ENV)
    assert count_in_log(german_server.log, ARRIVED) == before + 1


def test_a_wrong_password_is_not_waited_for(german_server) -> None:
    with pytest.raises(ConnectError, match="Passwort-Authentifizierung"):
        wait_until_ready(
            url=url(german_server, "takes_both", password="wrong"), env=ENV, timeout_s=30, on_wait=pytest.fail
        )
    assert test_connection(url=url(german_server, "takes_both", password="wrong")).outcome is TrialOutcome.REFUSED


async def test_one_that_is_starting_is_known_without_a_word_of_english(translated, tmp_path_factory) -> None:
    settings = {"lc_messages": GERMAN}
    with start_closed_standby(translated, tmp_path_factory.mktemp("programs"), settings=settings) as conninfo:
        words: list[str] = []
        tries = 0
        while "FATAL" not in "".join(words[-1:]) and tries < 200:
            with pytest.raises(ConnectError) as caught:
                wait_until_ready(url=conninfo(), env=ENV, timeout_s=0, on_wait=lambda each: words.append(each.message))
            words.append(caught.value.words)
            tries += 1
        assert "Datenbanksystem" in words[-1]
        assert standing(words[-1]) is None
        from pgops.conninfo import Conninfo

        assert find_standing(Conninfo.parse(conninfo()), words[-1]) is Standing.STARTING
        assert test_connection(url=conninfo(), env=ENV).outcome is TrialOutcome.NOT_READY
        assert (await test_connection_async(url=conninfo(), env=ENV)).outcome is TrialOutcome.NOT_READY
