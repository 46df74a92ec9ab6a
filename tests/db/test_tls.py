"""The fallback to TLS: only from sslmode disable, only on the server's demand, once, never weaker than asked for."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest

from pgops.db.connecting import connect
from pgops.errors import ConnectError
from tests.db.conftest import PASSWORD
from tests.db.poolers import count_in_log

if TYPE_CHECKING:
    from pgops.db.fallback import Fallback

ARRIVED = "connection received"
ENV: dict[str, str] = {}


def url(server, role: str, **params: object) -> str:
    return server.conninfo("postgres", **{"host": "127.0.0.1", "user": role, "password": PASSWORD, **params})


@pytest.fixture(autouse=True)
def _no_certificates_of_the_user(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("role", ["wants_tls", "rejected"])
def test_from_disable_to_require(tls_server, role: str) -> None:
    told: list[Fallback] = []
    with connect(url=url(tls_server, role, sslmode="disable"), env=ENV, on_fallback=told.append) as conn:
        assert conn.pgconn.ssl_in_use
        assert conn.autocommit
    (fallback,) = told
    assert (fallback.from_sslmode, fallback.to_sslmode, fallback.profile) == ("disable", "require", None)
    assert "pg_hba.conf" in fallback.message
    assert "sslmode=require" in fallback.display
    assert PASSWORD not in repr(fallback)


def test_without_on_fallback_a_warning_is_logged(tls_server, caplog) -> None:
    with (
        caplog.at_level(logging.WARNING, "pgops"),
        connect(url=url(tls_server, "wants_tls", sslmode="disable"), env=ENV),
    ):
        pass
    (record,) = caplog.records
    assert record.name == "pgops.db"
    assert "sslmode=require instead of disable" in record.getMessage()
    assert PASSWORD not in caplog.text


def test_an_on_fallback_that_refuses_leaves_no_connection(tls_server) -> None:
    def refuse(fallback: Fallback) -> None:
        raise PermissionError(fallback.to_sslmode)

    with pytest.raises(PermissionError, match="require") as caught:
        connect(url=url(tls_server, "wants_tls", sslmode="disable"), env=ENV, on_fallback=refuse)
    frames = [entry.frame.f_locals for entry in caught.traceback]
    (connection,) = {each["connection"] for each in frames if "connection" in each}
    assert connection.closed


def test_no_fallback_where_none_is_needed(tls_server, caplog) -> None:
    told: list[Fallback] = []
    with connect(url=url(tls_server, "takes_both", sslmode="disable"), env=ENV, on_fallback=told.append) as conn:
        assert not conn.pgconn.ssl_in_use
    assert not told
    assert not caplog.records


def test_what_was_decided_holds_for_one_connection_attempt(tls_server) -> None:
    before = count_in_log(tls_server.log, ARRIVED)
    connect(url=url(tls_server, "takes_both", sslmode="disable"), env=ENV).close()
    assert count_in_log(tls_server.log, ARRIVED) == before + 1


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"dbname": "nosuch"}, 'database "nosuch" does not exist'),
        ({"user": "nobody_here"}, "pg_hba.conf"),
    ],
    ids=["wrong password", "missing database", "no line for the user, encrypted or not"],
)
def test_other_refusals_do_not_end_in_a_connection(tls_server, params: dict[str, str], says: str) -> None:
    told: list[Fallback] = []
    base = {"sslmode": "disable", "user": "takes_both", "password": PASSWORD, "host": "127.0.0.1"}
    with pytest.raises(ConnectError, match=says):
        connect(url=tls_server.conninfo(**{"dbname": "postgres", **base, **params}), env=ENV, on_fallback=told.append)
    assert not told


@pytest.mark.parametrize("params", [{"password": "wrong"}, {"dbname": "nosuch"}], ids=["password", "database"])
def test_a_refusal_that_is_no_demand_is_not_retried(tls_server, params: dict[str, str]) -> None:
    before = count_in_log(tls_server.log, ARRIVED)
    base = {"sslmode": "disable", "user": "takes_both", "password": PASSWORD, "host": "127.0.0.1"}
    with pytest.raises(ConnectError):
        connect(url=tls_server.conninfo(**{"dbname": "postgres", **base, **params}), env=ENV)
    assert count_in_log(tls_server.log, ARRIVED) == before + 1


def test_a_sql_error_is_not_retried(tls_server) -> None:
    before = count_in_log(tls_server.log, ARRIVED)
    conn = connect(url=url(tls_server, "takes_both", sslmode="disable"), env=ENV)
    with conn, pytest.raises(psycopg.errors.UndefinedTable):
        conn.execute("SELECT certificate FROM sslmode")
    assert count_in_log(tls_server.log, ARRIVED) == before + 1


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
def test_never_a_downgrade(plain_server, sslmode: str, certificates) -> None:
    before = count_in_log(plain_server.log, ARRIVED)
    params = (
        {"sslmode": sslmode} if sslmode == "require" else {"sslmode": sslmode, "sslrootcert": certificates.authority}
    )
    with pytest.raises(ConnectError, match="The server has no TLS"):
        connect(url=url(plain_server, "takes_both", **params), env=ENV)
    assert count_in_log(plain_server.log, ARRIVED) == before + 1


def test_require_is_kept_where_only_plain_connections_are_let_in(tls_server) -> None:
    with pytest.raises(ConnectError, match="SSL encryption"):
        connect(url=url(tls_server, "wants_none", sslmode="require"), env=ENV)


def test_the_retry_can_fail_too_and_says_why_it_was_tried(plain_server) -> None:
    with pytest.raises(ConnectError, match=r"tried again, since the server demands encryption.*does not support SSL"):
        connect(url=url(plain_server, "wants_tls", sslmode="disable"), env=ENV)


def test_verify_full_with_our_own_authority(tls_server, certificates) -> None:
    params = {
        "sslmode": "verify-full",
        "sslrootcert": certificates.authority,
        "host": "localhost",
        "hostaddr": "127.0.0.1",
    }
    with connect(url=url(tls_server, "wants_tls", **params), env=ENV) as conn:
        assert conn.pgconn.ssl_in_use


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"sslmode": "verify-full", "sslrootcert": "stranger", "host": "localhost"}, "certificate verify failed"),
        ({"sslmode": "verify-ca", "sslrootcert": "stranger", "host": "localhost"}, "certificate verify failed"),
        ({"sslmode": "verify-full", "sslrootcert": "authority", "host": "127.0.0.1"}, "does not match host name"),
        ({"sslmode": "verify-full", "host": "localhost"}, "root certificate file"),
    ],
    ids=["full, a stranger", "ca, a stranger", "another name", "no authority"],
)
def test_a_certificate_that_does_not_verify_is_an_error(tls_server, certificates, params, says: str) -> None:
    if "sslrootcert" in params:
        params = {**params, "sslrootcert": getattr(certificates, params["sslrootcert"])}
    with pytest.raises(ConnectError, match=says):
        connect(url=url(tls_server, "wants_tls", hostaddr="127.0.0.1", **params), env=ENV)


def test_with_a_root_certificate_of_the_user_require_verifies(tls_server, certificates, tmp_path) -> None:
    (tmp_path / ".postgresql").mkdir()
    shutil.copy(certificates.stranger, tmp_path / ".postgresql" / "root.crt")
    with pytest.raises(ConnectError, match=r"root\.crt in ~/\.postgresql"):
        connect(
            url=url(tls_server, "wants_tls", sslmode="disable", sslrootcert=tmp_path / ".postgresql" / "root.crt"),
            env=ENV,
        )


def test_over_a_socket_there_is_no_fallback(any_server) -> None:
    told: list[Fallback] = []
    connect(url=any_server.conninfo(sslmode="disable"), env=ENV, on_fallback=told.append).close()
    assert not told


# --- behind a pooler, and the modes that libpq itself chooses from ----------------------------------------------------


def test_a_missing_database_behind_a_pooler_that_demands_encryption_is_asked_for_once(tls_pgbouncer) -> None:
    told: list[Fallback] = []
    with pytest.raises(ConnectError, match=r"tried again, since .*the server demands encryption.*does not exist"):
        connect(url=tls_pgbouncer.conninfo("nosuch_tls", sslmode="disable"), env=ENV, on_fallback=told.append)
    assert not told
    assert count_in_log(tls_pgbouncer.server.log, 'database "nosuch_tls" does not exist') == 1


@pytest.mark.parametrize(
    ("sslrootcert", "host", "says"),
    [("authority", "localhost", None), ("stranger", "localhost", "certificate verify failed")],
    ids=["its authority", "a stranger"],
)
def test_verify_full_of_a_pooler(tls_pgbouncer, certificates, sslrootcert: str, host: str, says: str | None) -> None:
    params = {"sslmode": "verify-full", "sslrootcert": getattr(certificates, sslrootcert), "hostaddr": "127.0.0.1"}
    target = tls_pgbouncer.conninfo(host=host, **params)
    if says is None:
        with connect(url=target, env=ENV) as conn:
            assert conn.pgconn.ssl_in_use
    else:
        with pytest.raises(ConnectError, match=says):
            connect(url=target, env=ENV)


# What libpq makes of each mode, and we leave to it: whether TLS is in use, or None where it can't connect.
MODES = {
    "allow, TLS demanded": ("wants_tls", "allow", True),
    "allow, both": ("takes_both", "allow", False),
    "prefer, TLS demanded": ("wants_tls", "prefer", True),
    "prefer, both": ("takes_both", "prefer", True),
    "prefer, none taken": ("wants_none", "prefer", False),
    "require, both": ("takes_both", "require", True),
    "require, none taken": ("wants_none", "require", None),
    "disable, none taken": ("wants_none", "disable", False),
}


@pytest.mark.parametrize(("role", "sslmode", "encrypted"), MODES.values(), ids=MODES.keys())
def test_what_is_not_disable_is_libpqs_to_choose(tls_server, role: str, sslmode: str, encrypted: bool | None) -> None:
    target = url(tls_server, role, sslmode=sslmode)
    if encrypted is None:
        with pytest.raises(ConnectError):
            connect(url=target, env=ENV, on_fallback=pytest.fail)
        return
    with connect(url=target, env=ENV, on_fallback=pytest.fail) as conn:
        assert bool(conn.pgconn.ssl_in_use) is encrypted
