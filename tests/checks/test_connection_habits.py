"""connections.*: who is connected and how, with real sessions, and what the server has counted of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from pgops.checks.api import Seen
from pgops.checks.connections.abandoned_sessions import CHECK as ABANDONED
from pgops.checks.connections.by_application import CHECK as BY_APPLICATION
from pgops.checks.connections.long_idle import CHECK as LONG_IDLE
from pgops.checks.connections.oversized_pool import CHECK as OVERSIZED
from pgops.checks.connections.reserved_slots import CHECK as RESERVED
from pgops.checks.connections.short_sessions import CHECK as SHORT
from pgops.checks.report import Outcome
from pgops.db.server import Server
from pgops.findings import Severity
from pgops.scratch import start_server
from pgops.testing import run_script
from tests.checks.sessions import ask, role, sessions_of, wait_for
from tests.servers import SETTINGS

if TYPE_CHECKING:
    from pgops.scratch import ScratchDatabase, ScratchServer

LIVE = (
    "connections.abandoned_sessions",
    "connections.long_idle",
    "connections.oversized_pool",
    "connections.reserved_slots",
    "connections.short_sessions",
)
"""Whose faults no script can plant: the tests below make the real trouble."""

APPLICATION = "habits <b> %s {x}"


def test_idle_sessions_are_counted_by_who_they_are(database: ScratchDatabase) -> None:
    with sessions_of(database) as sessions:
        for _ in range(4):
            sessions.open(application_name=APPLICATION).execute("SELECT 1")
        sessions.open(application_name=APPLICATION).execute("BEGIN")
        sessions.open(application_name="other")
        observer = sessions.observer

        (row,) = (row for row in ask(observer, BY_APPLICATION).rows if row.application == APPLICATION)
        assert (row.sessions, row.idle, row.idle_in_transaction, row.active) == (5, 4, 1, 0)
        assert (row.database, row.addresses) == (database.name, 0)
        assert row.oldest_s >= row.longest_idle_s > 0

        assert ask(observer, LONG_IDLE).outcome is Outcome.CLEAN
        found = ours(ask(observer, LONG_IDLE, idle_s=0.0, min_sessions=4, warn_pct=99.0))
        assert [(finding.severity, finding.details["sessions"]) for finding in found] == [(Severity.INFO, 4)]
        assert ours(ask(observer, LONG_IDLE, idle_s=0.0, min_sessions=5, warn_pct=99.0)) == []
        (warned,) = ours(ask(observer, LONG_IDLE, idle_s=0.0, min_sessions=4, warn_pct=5.0))
        assert warned.severity is Severity.WARNING

        assert ours(ask(observer, OVERSIZED)) == []
        (large,) = ours(ask(observer, OVERSIZED, min_sessions=5, idle_pct=80.0, idle_s=0.0))
        assert large.severity is Severity.INFO
        assert "4 of 5 sessions" in large.message
        assert ours(ask(observer, OVERSIZED, min_sessions=5, idle_pct=81.0, idle_s=0.0)) == []
        assert ours(ask(observer, OVERSIZED, min_sessions=5, idle_pct=80.0, idle_s=60.0)) == []


def ours(result: Any) -> list[Any]:
    return [finding for finding in result.findings if finding.target.also == (APPLICATION,)]


def test_a_bare_role_does_not_see_what_others_do(database: ScratchDatabase, server: ScratchServer) -> None:
    with role(server, "habits_bare"), database.connect(user="habits_bare") as conn:
        for check in (LONG_IDLE, OVERSIZED, BY_APPLICATION):
            result = ask(conn, check)
            assert (result.outcome, result.cure) == (Outcome.SKIPPED, "GRANT pg_read_all_stats TO habits_bare;")
        for check in (ABANDONED, SHORT, RESERVED):
            assert ask(conn, check).outcome in (Outcome.CLEAN, Outcome.FOUND)


def test_sessions_that_end_badly_are_counted(database: ScratchDatabase) -> None:
    with sessions_of(database) as sessions:
        for _ in range(5):
            lost = sessions.open()
            sessions.observer.execute("SELECT pg_terminate_backend(%s)", [lost.info.backend_pid])
        for _ in range(3):
            sessions.open().close()

        def mine() -> Any:
            rows = ask(sessions.observer, ABANDONED, min_sessions=1).rows
            return next((row for row in rows if row.database == database.name), None)

        wait_for(lambda: mine() is not None and mine().killed == 5, "the statistics of ended sessions")
        # Other databases of this server have had whatever sessions the other tests made.
        told = {finding.target.name for finding in ask(sessions.observer, ABANDONED).findings}
        assert database.name not in told, "too few of them to tell"
        result = ask(sessions.observer, ABANDONED, min_sessions=1, info_pct=5.0, warn_pct=20.0)
        (finding,) = (finding for finding in result.findings if finding.target.name == database.name)
        assert finding.severity is Severity.WARNING
        assert "5 killed" in finding.message

        (short,) = (
            finding
            for finding in ask(sessions.observer, SHORT, min_sessions=5, mean_s=3600.0, per_s=0.0).findings
            if finding.target.name == database.name
        )
        assert short.severity is Severity.INFO
        assert database.name not in {finding.target.name for finding in ask(sessions.observer, SHORT).findings}


SEEN = Seen(
    limits=SHORT.limits(),
    server=Server(
        version=180000,
        database="shop",
        user="postgres",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        in_recovery=False,
        is_superuser=True,
        encoding="UTF8",
    ),
    now=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("sessions", "mean_s", "per_s", "found"),
    [(5000, 0.05, 3.0, 1), (5000, 30.0, 3.0, 0), (5000, 0.05, 0.01, 0), (10, 0.05, 3.0, 0), (5000, 0.05, None, 1)],
)
def test_short_sessions_matter_when_there_are_many(
    sessions: int, mean_s: float, per_s: float | None, found: int
) -> None:
    row = SHORT.row(database="shop", sessions=sessions, mean_s=mean_s, sessions_per_s=per_s, counted_since=None)
    assert SHORT.judge is not None
    assert len(list(SHORT.judge([row], SEEN))) == found


def test_a_server_without_reserved_slots(server: ScratchServer) -> None:
    settings = {**SETTINGS, "superuser_reserved_connections": "0"}
    with start_server(server.binaries, settings=settings) as own, own.connect() as conn:
        (finding,) = ask(conn, RESERVED).findings
        assert finding.severity is Severity.WARNING
        run_script(conn, finding.fix or "")
        assert "superuser_reserved_connections" in str(
            conn.execute("SELECT name FROM pg_file_settings WHERE setting = '3'").fetchall()
        )
    with server.connect() as conn:
        assert ask(conn, RESERVED).outcome is Outcome.CLEAN


def test_members_of_the_reserved_role_count_for_reserved_slots() -> None:
    row = RESERVED.row(for_superusers=0, for_members=3, max_connections=100)
    assert RESERVED.judge is not None
    (finding,) = RESERVED.judge([row], attrs.evolve(SEEN, limits=RESERVED.limits()))
    assert finding.severity is Severity.INFO


def test_a_server_that_tracks_no_activities_has_nothing_to_tell(database: ScratchDatabase) -> None:
    with database.connect(options="-c track_activities=off") as conn:
        for check in (LONG_IDLE, OVERSIZED):
            result = ask(conn, check)
            assert result.outcome is Outcome.SKIPPED
            assert "track_activities" in result.cure
