"""connections.saturation: who holds the slots, on real servers, and the judgement by hand-made rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
import pytest

from pgops.checks.api import Seen
from pgops.checks.connections.saturation import CHECK, Limits, Row, judge
from pgops.checks.report import Outcome
from pgops.db.server import Server
from pgops.findings import Severity
from pgops.scratch import start_server
from tests.checks.sessions import ask, role, sessions_of
from tests.servers import SETTINGS

LIVE = ("connections.saturation",)
"""Whose faults no script can plant: the tests below make the real trouble."""

if TYPE_CHECKING:
    from pgops.checks.report import CheckResult
    from pgops.findings import Finding
    from pgops.scratch import ScratchDatabase, ScratchServer

HOSTILE = 'co "nn" 100% {used} \\ <b> ü'
SERVER = Server(
    version=180000,
    database="shop",
    user="postgres",
    now=datetime(2026, 1, 1, tzinfo=UTC),
    in_recovery=False,
    is_superuser=True,
    encoding="UTF8",
)
FULL = Row(
    kind="server",
    name="max_connections",
    allowed=97,
    reserved=3,
    used=97,
    uncertain=0,
    states=["idle", "active"],
    state_counts=[90, 7],
    users=["app", "postgres"],
    user_counts=[95, 2],
)


def judged(row: Row, limits: Limits | None = None) -> Finding | None:
    found: list[Any] = list(judge([row], Seen(limits=limits or Limits(), server=SERVER, now=SERVER.now)))
    return found[0] if found else None


def row_of(result: CheckResult, kind: str, name: str) -> Row:
    row: Row = next(row for row in result.rows if (row.kind, row.name) == (kind, name))
    return row


# --- the judgement ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "allowed", "severity"),
    [
        (0, 97, None),
        (58, 97, None),
        (59, 97, Severity.INFO),
        (77, 97, Severity.INFO),
        (78, 97, Severity.WARNING),
        (92, 97, Severity.WARNING),
        (93, 97, Severity.CRITICAL),
        (97, 97, Severity.CRITICAL),
        (100, 97, Severity.CRITICAL),
        (1, 0, Severity.CRITICAL),
    ],
)
def test_severity_by_share(used: int, allowed: int, severity: Severity | None) -> None:
    finding = judged(attrs.evolve(FULL, used=used, allowed=allowed))
    assert (finding.severity if finding else None) is severity


def test_message_says_who_holds_the_slots() -> None:
    finding = judged(FULL)
    assert finding is not None
    assert finding.message == (
        "Clients use 97 of the 97 connections that the server admits (3 more are reserved): 100 %. "
        "By state: idle 90, active 7. By user: app 95, postgres 2."
    )
    assert finding.details["by_user"] == {"app": 95, "postgres": 2}
    assert (finding.fix, finding.confidence) == (None, None)


def test_message_names_the_five_most_frequent() -> None:
    users = [f"u{number}" for number in range(8)]
    finding = judged(attrs.evolve(FULL, users=users, user_counts=[90, 1, 1, 1, 1, 1, 1, 1]))
    assert finding is not None
    assert "By user: u0 90, u1 1, u2 1, u3 1, u4 1, others 3." in finding.message


def test_what_may_be_no_client_lowers_the_confidence() -> None:
    doubtful = judged(attrs.evolve(FULL, uncertain=60, states=(), state_counts=()))
    assert doubtful is not None
    assert doubtful.confidence == 0.7
    assert "60 may be background workers" in doubtful.message
    sure = judged(attrs.evolve(FULL, uncertain=1))
    assert sure is not None
    assert sure.confidence is None  # with or without that one it is critical


# --- on a server ------------------------------------------------------------------------------------------------------


def test_slots_of_the_server(database: ScratchDatabase, server: ScratchServer) -> None:
    with sessions_of(database) as sessions:
        before = row_of(ask(sessions.observer, CHECK), "server", "max_connections")
        assert (before.allowed, before.reserved) == (int(SETTINGS["max_connections"]) - 3, 3)
        for _ in range(4):
            sessions.open()
        sessions.open().execute("BEGIN")
        with psycopg.connect(server.conninfo(), autocommit=True, replication="true") as walsender:  # type: ignore[arg-type]
            walsender.execute("IDENTIFY_SYSTEM")
            after = row_of(ask(sessions.observer, CHECK), "server", "max_connections")
    assert after.used == before.used + 5  # the walsender has a slot of its own kind
    assert sum(after.state_counts) == sum(after.user_counts) == after.used
    assert dict(zip(after.states, after.state_counts, strict=True))["idle in transaction"] == 1


def test_server_nearly_full(server: ScratchServer) -> None:
    settings = {**SETTINGS, "max_connections": "12", "superuser_reserved_connections": "2", "max_wal_senders": "2"}
    if server.major >= 16:
        settings["reserved_connections"] = "1"
    free = 9 if server.major >= 16 else 10
    with start_server(server.binaries, settings=settings) as own, role(own, "app"):
        clients = []
        while True:
            try:
                clients.append(own.connect(user="app"))
            except psycopg.OperationalError:
                break
        with own.connect() as conn:
            result = ask(conn, CHECK)
        row = row_of(result, "server", "max_connections")
        assert row.allowed == free
        assert (row.users[0], row.user_counts[0]) == ("app", len(clients))
        (finding,) = result.findings
        assert finding.severity is Severity.CRITICAL
        assert str(finding.target) == "max_connections"
        for client in clients:
            client.close()


def test_limits_of_database_and_role(database: ScratchDatabase, server: ScratchServer) -> None:
    with (
        role(server, HOSTILE, "LOGIN CONNECTION LIMIT 3"),
        role(server, "connections_closed", "LOGIN CONNECTION LIMIT 0"),
        role(server, "connections_super", "LOGIN SUPERUSER CONNECTION LIMIT 1"),
        sessions_of(database) as sessions,
    ):
        sessions.observer.execute(
            psycopg.sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 5").format(psycopg.sql.Identifier(database.name))
        )
        sessions.open(user="connections_super")
        for _ in range(3):
            sessions.open(user=HOSTILE)
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            sessions.open(user=HOSTILE)

        result = ask(sessions.observer, CHECK)

        assert {row.name for row in result.rows if row.kind == "role"} == {HOSTILE}
        found = {finding.target.kind: finding for finding in result.findings}
        assert (found["role"].target.name, found["role"].severity) == (HOSTILE, Severity.CRITICAL)
        assert f"Clients use 3 of the 3 connections that the role {HOSTILE} admits: 100 %" in found["role"].message
        assert (found["database"].target.name, found["database"].severity) == (database.name, Severity.CRITICAL)
        assert row_of(result, "database", database.name).used == 5


def test_bare_role_counts_too_much_rather_than_too_little(database: ScratchDatabase, server: ScratchServer) -> None:
    with role(server, "connections_bare"), sessions_of(database) as sessions:
        sessions.open()
        exact = row_of(ask(sessions.observer, CHECK), "server", "max_connections").used
        with sessions.open(user="connections_bare") as conn:
            result = ask(conn, CHECK)
            assert result.outcome is Outcome.CLEAN  # even if all that it can't tell were clients
            row = row_of(result, "server", "max_connections")
            assert row.used >= exact + 1
            assert (row.uncertain, row.states) == (row.used - 1, ("active",))
            (finding,) = ask(conn, CHECK, info_pct=2.0, warn_pct=99.0, crit_pct=99.0).findings
            assert finding.confidence == 0.7
