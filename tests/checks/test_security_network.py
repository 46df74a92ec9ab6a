"""security.*: who is let in from where, and whether anybody listens on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
import pytest

from pgops.checks.api import Seen
from pgops.checks.report import Outcome
from pgops.checks.security._hba import Rule
from pgops.checks.security.hba import CHECK as HBA
from pgops.checks.security.tls_off import CHECK as TLS_OFF
from pgops.checks.security.tls_unused import CHECK as TLS_UNUSED
from pgops.checks.security.weak_hba import CHECK as WEAK_HBA
from pgops.db.server import Server
from pgops.findings import Severity
from pgops.scratch import start_server
from tests.checks.sessions import ask, role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.api import Check
    from pgops.findings import Finding
    from pgops.scratch import ScratchDatabase, ScratchServer

LIVE = ("security.tls_off", "security.tls_unused", "security.weak_hba")
"""Whose faults no script can plant: the tests below make the real trouble."""

HBA_FILE = """\
local      all          all                                trust
host       all          all          127.0.0.1/32          trust
host       all          scram        ::1/128               scram-sha-256
host       all          trusted      10.0.0.0/8            trust
host       shop         clear        10.0.0.0/8            password
hostssl    shop         clear_ssl    10.0.0.0/8            password
host       all          believed     192.168.0.0/16        ident
host       all          old          10.0.0.0/8            md5
host       all          all          0.0.0.0/0             scram-sha-256
hostssl    all          all          0.0.0.0/0             scram-sha-256
host       all          all          0.0.0.0/0             reject
host       all          some         all                   scram-sha-256
host       replication  "re pl"      10.0.0.0 255.0.0.0    scram-sha-256
"""


@pytest.fixture(scope="module")
def open_server(server: ScratchServer) -> Iterator[ScratchServer]:
    """A server that lets too many in."""
    with start_server(server.binaries, hba=HBA_FILE, tcp=True) as started:
        yield started


def test_weak_lines_of_pg_hba(open_server: ScratchServer) -> None:
    with open_server.connect() as conn:
        result = ask(conn, WEAK_HBA)
        assert {finding.target.name: finding.severity for finding in result.findings} == {
            "local all all trust": Severity.WARNING,
            "host all all 127.0.0.1 255.255.255.255 trust": Severity.WARNING,
            "host all trusted 10.0.0.0 255.0.0.0 trust": Severity.CRITICAL,
            "host shop clear 10.0.0.0 255.0.0.0 password": Severity.WARNING,
            "host all believed 192.168.0.0 255.255.0.0 ident": Severity.WARNING,
            "host all old 10.0.0.0 255.0.0.0 md5": Severity.INFO,
            "host all all 0.0.0.0 0.0.0.0 scram-sha-256": Severity.INFO,
            # the server has no TLS, so they fit nobody
            "hostssl shop clear_ssl 10.0.0.0 255.0.0.0 password": Severity.INFO,
            "hostssl all all 0.0.0.0 0.0.0.0 scram-sha-256": Severity.INFO,
        }
        listed = ask(conn, HBA)
        assert listed.outcome is Outcome.LISTED
        assert sorted(row.line for row in listed.rows) == list(range(1, 14))
        assert {row.users for row in listed.rows if row.databases == ("replication",)} == {("re pl",)}

        file = open_server.folder / "pg_hba.conf"
        before = file.read_text()
        file.write_text(f"{before}host all all 10.0.0.0/8 telepathy\n")
        try:
            broken = [finding for finding in ask(conn, WEAK_HBA).findings if "telepathy" in finding.message]
            assert [finding.severity for finding in broken] == [Severity.CRITICAL]
        finally:
            file.write_text(before)


def test_pg_hba_is_skipped_with_the_grants_that_cure_it(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        role(server, "hba_monitor", "LOGIN IN ROLE pg_monitor"),
        database.connect() as admin,
        database.connect(user="hba_monitor") as conn,
    ):
        result = ask(conn, WEAK_HBA)
        assert result.outcome is Outcome.SKIPPED
        try:
            admin.execute(result.cure.encode())
            assert ask(conn, WEAK_HBA).outcome is Outcome.FOUND
        finally:
            admin.execute("DROP OWNED BY hba_monitor")


def test_unencrypted_sessions(open_server: ScratchServer) -> None:
    with (
        open_server.connect() as conn,
        open_server.connect(host="127.0.0.1", user="postgres", sslmode="disable") as _,
    ):
        result = ask(conn, TLS_UNUSED)
        (row,) = result.rows
        assert (row.user, row.database, row.loopback, row.sessions) == ("postgres", "postgres", True, 1)
        assert result.outcome is Outcome.CLEAN  # they stay on the machine
        far = attrs.evolve(row, loopback=False, addresses=("10.0.0.1", "10.0.0.2"), sessions=7)
        (finding,) = judged(TLS_UNUSED, far)
        assert finding.severity is Severity.WARNING
        assert "7 sessions of postgres in postgres" in finding.message
        assert "10.0.0.1, 10.0.0.2" in finding.message


def test_a_bare_role_can_not_tell_what_is_encrypted(database: ScratchDatabase, server: ScratchServer) -> None:
    with role(server, "tls_bare"), database.connect(user="tls_bare") as conn:
        assert ask(conn, TLS_UNUSED).outcome is Outcome.SKIPPED


def test_servers_without_tls(server: ScratchServer, open_server: ScratchServer) -> None:
    with server.connect() as conn:
        assert ask(conn, TLS_OFF).outcome is Outcome.CLEAN  # it listens on a socket only
    with open_server.connect() as conn:
        (row,) = ask(conn, TLS_OFF).rows
        assert (row.ssl, row.on_network) == (False, False)
        (finding,) = judged(TLS_OFF, attrs.evolve(row, on_network=True, listen_addresses="*"))
        assert (finding.severity, finding.target.name) == (Severity.WARNING, "ssl")
        (old,) = judged(TLS_OFF, attrs.evolve(row, on_network=True, ssl=True, min_version="TLSv1"))
        assert (old.severity, old.target.name) == (Severity.WARNING, "ssl_min_protocol_version")
        assert judged(TLS_OFF, attrs.evolve(row, on_network=True, ssl=True, min_version="TLSv1.2")) == []


@pytest.mark.parametrize(
    ("addresses", "on_network"),
    [("", False), ("localhost", False), ("127.0.0.1, ::1", False), ("*", True), ("localhost,10.0.0.1", True)],
)
def test_what_counts_as_the_network(any_server: ScratchServer, addresses: str, on_network: bool) -> None:
    sql = str(TLS_OFF.queries[0].sql).replace("%%", "%")
    quoted = psycopg.sql.Literal(addresses).as_string(None)
    with any_server.connect() as conn:
        row = conn.execute(sql.replace("pg_catalog.current_setting('listen_addresses')", quoted).encode()).fetchone()
    assert row is not None
    assert row[3] is on_network


SERVER = Server(
    version=180000,
    database="shop",
    user="postgres",
    now=datetime(2026, 1, 1, tzinfo=UTC),
    in_recovery=False,
    is_superuser=True,
    encoding="UTF8",
)


def judged(check: Check[Any, Any], row: Any) -> list[Finding]:
    assert check.judge is not None
    return list(check.judge([row], Seen(limits=check.limits(), server=SERVER, now=SERVER.now)))  # type: ignore[arg-type]


RULE = Rule(
    file=None,
    line=1,
    type="host",
    databases=["all"],
    users=["all"],
    address="all",
    netmask=None,
    method="trust",
    options=(),
    error=None,
)


@pytest.mark.parametrize(
    ("address", "netmask", "method", "severity"),
    [
        ("all", None, "trust", Severity.CRITICAL),
        ("samehost", None, "trust", Severity.WARNING),
        ("db.example.org", None, "trust", Severity.CRITICAL),
        ("::", "::", "scram-sha-256", Severity.INFO),
        ("all", None, "scram-sha-256", Severity.INFO),
        ("0.0.0.0", "0.0.0.0", "reject", None),
        ("0.0.0.0", "255.255.255.255", "scram-sha-256", None),
        ("10.0.0.0", "255.0.0.0", "cert", None),
        ("127.0.0.1", "255.255.255.255", "password", None),
    ],
)
def test_addresses(address: str, netmask: str | None, method: str, severity: Severity | None) -> None:
    rule = attrs.evolve(RULE, address=address, netmask=netmask, method=method)
    assert [finding.severity for finding in judged(WEAK_HBA, rule)] == ([] if severity is None else [severity])


def test_a_certificate_makes_up_for_trust() -> None:
    rule = attrs.evolve(RULE, type="hostssl", method="trust", options=["clientcert=verify-full"])
    assert judged(WEAK_HBA, rule) == []
