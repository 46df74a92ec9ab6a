"""test_connection: what came of trying, as an answer; it raises only where it is unclear what is meant."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from pgops.db.trial import ConnectionTest, TrialOutcome, test_connection, test_connection_async
from pgops.errors import ConfigNotFoundError, ConninfoError, UnknownProfileError
from pgops.render.text import to_text
from tests.db.conftest import PASSWORD
from tests.db.poolers import start_pgbouncer

ENV: dict[str, str] = {}


@pytest.fixture(params=["sync", "async"])
def trial(request: pytest.FixtureRequest) -> Any:
    if request.param == "sync":
        return lambda *args, **arguments: test_connection(*args, **{"env": ENV, **arguments})
    return lambda *args, **arguments: asyncio.run(test_connection_async(*args, **{"env": ENV, **arguments}))


def test_it_connects(trial, any_database) -> None:
    found: ConnectionTest = trial(url=any_database.conninfo(password=PASSWORD))
    assert found.ok
    assert found.outcome is TrialOutcome.CONNECTED
    assert found.info is not None
    assert found.info.database == any_database.name
    assert (found.error, found.cure, found.profile, found.fallback) == (None, "", None, None)
    assert found.because == "The call named a URL."
    assert found.seconds > 0
    assert PASSWORD not in f"{found} {found!r} {to_text(found.to_document())}"


def test_the_connection_is_closed_afterwards(trial, any_database) -> None:
    trial(url=any_database.conninfo(), application_name="on trial")
    with any_database.connect() as conn:
        gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'on trial'"
        for _ in range(100):
            if conn.execute(gone).fetchone() == (0,):
                return
            conn.execute("SELECT pg_sleep(0.05)")
    pytest.fail("the session is still there")


def test_refusals(trial, plain_server) -> None:
    found = trial(url=plain_server.conninfo(host="127.0.0.1", user="takes_both", password=PASSWORD + "x"))
    assert found.outcome is TrialOutcome.REFUSED
    assert not found.ok
    assert "password authentication failed" in found.error
    assert found.cure == "Mend the password or the user."
    assert found.info is None
    assert PASSWORD not in f"{found} {found!r} {to_text(found.to_document())}"
    assert trial(url=plain_server.conninfo("nosuch")).outcome is TrialOutcome.REFUSED
    tls = trial(url=plain_server.conninfo(host="127.0.0.1", user="takes_both", password=PASSWORD, sslmode="require"))
    assert tls.outcome is TrialOutcome.REFUSED
    assert "no TLS" in tls.cure


def test_nothing_there(trial, tmp_path) -> None:
    found = trial(url=f"host={tmp_path} dbname=shop user=ann")
    assert found.outcome is TrialOutcome.UNREACHABLE
    assert "no such socket" in found.cure
    assert trial(url="host=no-such-host.invalid dbname=shop user=ann").outcome is TrialOutcome.UNREACHABLE


def test_a_pooler_that_can_not_be_made_read_only(trial, any_server) -> None:
    with start_pgbouncer(any_server, ignore_startup_parameters="options", pool_mode="statement") as pooler:
        found = trial(url=pooler.conninfo())
    assert found.outcome is TrialOutcome.REFUSED
    assert "pool_mode" in found.cure


def test_tls_that_was_not_asked_for_is_told(trial, tls_server, caplog) -> None:
    params = {"dbname": "postgres", "host": "127.0.0.1", "user": "wants_tls", "password": PASSWORD}
    with caplog.at_level(logging.WARNING, "pgops"):
        found = trial(url=tls_server.conninfo(sslmode="disable", **params))
    assert found.ok
    assert found.fallback is not None
    assert found.fallback.to_sslmode == "require"
    assert found.info.tls is not None
    assert not caplog.records  # the answer says it


PROFILES = """\
[configuration]
schema_version = 1
[database.shop]
host = "{host}"
port = {port}
database = "postgres"
user = "{user}"
[database.later]
host = "{host}"
port = {port}
database = "postgres"
user = "{user}"
password_env = "SHOP_PASSWORD"
"""


@pytest.fixture
def config(any_server, tmp_path):
    file = tmp_path / "postgres.toml"
    file.write_text(PROFILES.format(host=any_server.host, port=any_server.port, user=any_server.superuser))
    return file


def test_a_profile(trial, config) -> None:
    found = trial("shop", config=config)
    assert found.ok
    assert found.profile == "shop"
    assert found.because == "The call named profile 'shop'."


def test_a_profile_whose_password_is_not_to_be_had(trial, config) -> None:
    found = trial("later", config=config)
    assert found.outcome is TrialOutcome.REFUSED
    assert "SHOP_PASSWORD" in found.error
    assert trial("later", config=config, env={"SHOP_PASSWORD": "x"}).ok


def test_what_is_meant_has_to_be_clear(trial, config, tmp_path) -> None:
    with pytest.raises(UnknownProfileError):
        trial("shpo", config=config)
    with pytest.raises(ConninfoError):
        trial(url="host=db prot=1")
    with pytest.raises(ConfigNotFoundError):
        trial(cwd=tmp_path / "elsewhere")
