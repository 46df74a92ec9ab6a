"""wal.*: an archive_command that fails, checkpoints that are forced, and how much WAL there is."""

from __future__ import annotations

import pytest

from pgops import Outcome, Severity
from pgops.checks.wal.archiving_failing import CHECK as FAILING
from pgops.checks.wal.archiving_off import CHECK as OFF
from pgops.checks.wal.forced_checkpoints import CHECK as FORCED
from pgops.checks.wal.pg_wal_size import CHECK as SIZE
from pgops.scratch import start_server
from tests.checks.sessions import ask, role, wait_for
from tests.servers import SETTINGS

LIVE = ("wal.archiving_failing", "wal.archiving_off", "wal.forced_checkpoints", "wal.pg_wal_size")

ARCHIVING = {"archive_mode": "on", "archive_command": "false", "max_wal_size": "64MB", "min_wal_size": "32MB"}


@pytest.fixture(scope="module")
def archiving(server):
    with start_server(server.binaries, settings={**SETTINGS, **ARCHIVING}) as archiving:
        yield archiving


def switch(conn) -> None:
    conn.execute("CREATE TABLE IF NOT EXISTS t (a int); INSERT INTO t VALUES (1)")
    conn.execute("SELECT pg_switch_wal()")


def test_an_archive_command_that_fails_and_works_again(archiving):
    with archiving.connect() as conn:
        assert ask(conn, FAILING).outcome is Outcome.CLEAN
        assert ask(conn, OFF).outcome is Outcome.CLEAN
        switch(conn)
        wait_for(lambda: bool(ask(conn, FAILING).findings), "archiving to fail")
        (finding,) = ask(conn, FAILING).findings
        assert finding.severity is Severity.CRITICAL
        assert finding.details["last_failed_wal"] in finding.message
        conn.execute("ALTER SYSTEM SET archive_command = 'true'")
        conn.execute("SELECT pg_reload_conf()")

        def mended():
            switch(conn)
            return ask(conn, FAILING).findings[0].severity is Severity.INFO

        wait_for(mended, "archiving to work again")
        (taken,) = ask(conn, OFF).findings
        assert taken.severity is Severity.WARNING
        assert "keeps none" in taken.message
        conn.execute("SELECT pg_stat_reset_shared('archiver')")
        wait_for(lambda: ask(conn, FAILING).outcome is Outcome.CLEAN, "the counters to be reset")


def test_a_server_without_an_archive_is_told_so(any_database):
    with any_database.connect() as conn:
        (finding,) = ask(conn, OFF).findings
    assert finding.severity is Severity.INFO


def test_archiving_without_a_command_is_a_warning(archiving):
    with archiving.connect() as conn:
        conn.execute("ALTER SYSTEM SET archive_command = ''")
        conn.execute("SELECT pg_reload_conf()")
        wait_for(lambda: bool(ask(conn, OFF).findings), "the command to be gone")
        assert ask(conn, OFF).findings[0].severity is Severity.WARNING


def test_forced_checkpoints_are_a_share_of_all(archiving):
    with archiving.connect() as conn:
        of = "checkpointer" if archiving.major >= 17 else "bgwriter"
        conn.execute("SELECT pg_stat_reset_shared(%s)", [of])
        wait_for(lambda: ask(conn, FORCED).outcome is Outcome.CLEAN, "the counters to be reset")
        for _ in range(10):
            switch(conn)
            conn.execute("CHECKPOINT")
        wait_for(lambda: ask(conn, FORCED).rows[0].requested >= 10, "the checkpoints to be counted")
        (finding,) = ask(conn, FORCED).findings
        assert finding.severity is Severity.CRITICAL
        assert finding.fix == "ALTER SYSTEM SET max_wal_size = '128MB';"
        conn.execute(finding.fix)
        assert ask(conn, FORCED, min_checkpoints=10_000).outcome is Outcome.CLEAN


def test_pg_wal_is_measured(archiving):
    with archiving.connect() as conn:
        assert ask(conn, SIZE, warn_ratio=1000.0).outcome is Outcome.CLEAN
        (finding,) = ask(conn, SIZE, warn_ratio=0.01).findings
        assert finding.severity is Severity.WARNING


def test_a_bare_role_is_told_what_it_lacks(any_database):
    with role(any_database.server, "no_wal") as name, any_database.connect(user=name) as bare:
        result = ask(bare, SIZE)
    assert (result.outcome, result.cure) == (Outcome.SKIPPED, "GRANT pg_monitor TO no_wal;")
