"""replication.*: slots left behind, standbys without a primary, subscriptions that do nothing."""

from __future__ import annotations

import psycopg
import pytest

import pgops
from pgops import Outcome, Severity
from pgops.checks.activity.xmin_horizon import CHECK as HORIZON
from pgops.checks.replication.inactive_slot import CHECK as INACTIVE
from pgops.checks.replication.replay_paused import CHECK as PAUSED
from pgops.checks.replication.slot_lost import CHECK as LOST
from pgops.checks.replication.slot_retains_wal import CHECK as RETAINS
from pgops.checks.replication.slot_wal_uncapped import CHECK as UNCAPPED
from pgops.checks.replication.slots import CHECK as SLOTS
from pgops.checks.replication.slots_near_max import CHECK as NEAR_MAX
from pgops.checks.replication.subscription_down import CHECK as DOWN
from pgops.checks.replication.wal_receiver_down import CHECK as RECEIVER
from pgops.scratch import fresh_database, start_server
from tests.checks.sessions import ask, role, wait_for
from tests.db.standby import start_standby
from tests.servers import SETTINGS

LIVE = (
    "replication.inactive_slot",
    "replication.replay_paused",
    "replication.slot_lost",
    "replication.slot_retains_wal",
    "replication.slot_wal_uncapped",
    "replication.slots_near_max",
    "replication.subscription_down",
    "replication.wal_receiver_down",
)

SMALL = {"max_replication_slots": "5", "min_wal_size": "32MB", "max_wal_size": "32MB", "max_wal_senders": "5"}


@pytest.fixture(scope="module")
def alone(server):
    """A server of its own: slots and their limits are the whole server's."""
    with start_server(server.binaries, settings={**SETTINGS, **SMALL}) as alone:
        yield alone


@pytest.fixture
def conn(alone):
    with fresh_database(alone) as database, database.connect() as conn:
        yield conn
        for (slot,) in conn.execute("SELECT slot_name FROM pg_replication_slots").fetchall():
            conn.execute("SELECT pg_drop_replication_slot(%s)", [slot])


def write_wal(conn, megabytes: int) -> None:
    conn.execute("CREATE TABLE IF NOT EXISTS bulk (a text)")
    for _ in range(megabytes):
        conn.execute("INSERT INTO bulk SELECT repeat('x', 1000) FROM generate_series(1, 1000)")


def test_a_slot_left_behind_is_found_and_dropped(conn):
    assert ask(conn, INACTIVE).outcome is Outcome.CLEAN
    conn.execute("SELECT pg_create_physical_replication_slot('left_behind', true)")
    (row,) = ask(conn, SLOTS).rows
    assert (row.kind, row.active, row.temporary) == ("physical", False, False)
    if conn.info.server_version >= 170000:  # until then nobody knows since when
        assert ask(conn, INACTIVE).outcome is Outcome.CLEAN
    (finding,) = ask(conn, INACTIVE, idle_s=0.0).findings
    assert (finding.severity, finding.target.name) == (Severity.WARNING, "left_behind")
    conn.execute(finding.fix)
    assert ask(conn, INACTIVE, idle_s=0.0).outcome is Outcome.CLEAN


def test_a_slot_that_nobody_ever_used_keeps_nothing(conn):
    conn.execute("SELECT pg_create_physical_replication_slot('never_used')")
    (finding,) = ask(conn, INACTIVE, idle_s=0.0).findings
    assert finding.severity is Severity.INFO
    assert "keeps no WAL" in finding.message
    assert "disk" not in finding.message


def test_a_temporary_slot_is_its_sessions_own(conn):
    conn.execute("SELECT pg_create_physical_replication_slot('passing', true, true)")
    assert ask(conn, INACTIVE, idle_s=0.0).outcome is Outcome.CLEAN
    assert ask(conn, UNCAPPED).outcome is Outcome.CLEAN
    conn.execute("SELECT pg_drop_replication_slot('passing')")


def test_what_a_slot_keeps_is_measured(conn):
    conn.execute("SELECT pg_create_physical_replication_slot('keeper', true)")
    write_wal(conn, 3)
    result = ask(conn, RETAINS)
    assert result.outcome is Outcome.CLEAN
    (row,) = result.rows
    assert 1_000_000 < row.retained_bytes < 100_000_000
    assert ask(conn, RETAINS, warn_bytes=1).findings[0].severity is Severity.WARNING
    (finding,) = ask(conn, RETAINS, warn_bytes=1, crit_bytes=1000).findings
    assert finding.severity is Severity.CRITICAL
    assert "Nothing bounds that" in finding.message
    assert ask(conn, UNCAPPED).findings[0].details["slots"] == 1


def test_a_slot_that_is_bounded_is_lost(conn):
    conn.execute("SELECT pg_create_logical_replication_slot('decoder', 'pgoutput')")
    assert {row.name for row in ask(conn, HORIZON).rows if row.kind == "replication slot"} == {"decoder"}
    conn.execute("SELECT pg_create_physical_replication_slot('too_slow', true)")
    conn.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'")
    conn.execute("SELECT pg_reload_conf()")
    try:
        wait_for(lambda: ask(conn, UNCAPPED).outcome is Outcome.CLEAN, "the limit")
        assert ask(conn, LOST).outcome is Outcome.CLEAN
        write_wal(conn, 70)
        conn.execute("CHECKPOINT")
        wait_for(lambda: bool(ask(conn, LOST).findings), "the slot to be lost")
        conn.execute("CHECKPOINT")
        found = ask(conn, LOST).findings
        assert {(each.target.name, each.severity) for each in found} == {
            ("decoder", Severity.CRITICAL),
            ("too_slow", Severity.CRITICAL),
        }
        assert ask(conn, INACTIVE, idle_s=0.0).outcome is Outcome.CLEAN, "it is told once"
        assert "replication slot" not in {row.kind for row in ask(conn, HORIZON).rows}, "it holds back nothing any more"
        for finding in found:
            conn.execute(finding.fix)
        assert ask(conn, LOST).outcome is Outcome.CLEAN
    finally:
        conn.execute("ALTER SYSTEM RESET max_slot_wal_keep_size")
        conn.execute("SELECT pg_reload_conf()")


def test_slots_run_out(conn):
    for number in range(4):
        conn.execute("SELECT pg_create_physical_replication_slot(%s)", [f"slot_{number}"])
    result = ask(conn, NEAR_MAX)
    (finding,) = result.findings
    assert (finding.severity, finding.target.name) == (Severity.WARNING, "max_replication_slots")
    assert {reading.limit for reading in result.readings} == {5}
    conn.execute("SELECT pg_create_physical_replication_slot('last')")
    assert ask(conn, NEAR_MAX).findings[0].severity is Severity.CRITICAL


def test_a_subscription_without_a_publisher(conn):
    assert ask(conn, DOWN).outcome is Outcome.CLEAN
    conn.execute(
        "CREATE SUBSCRIPTION \"my 'sub' 100%s {x}\" CONNECTION 'host=/nowhere dbname=x' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE, enabled = false)"
    )
    try:
        (disabled,) = ask(conn, DOWN).findings
        assert (disabled.severity, disabled.target.name) == (Severity.INFO, "my 'sub' 100%s {x}")
        assert "slot" not in disabled.message, "there is none"
        conn.execute("ALTER SUBSCRIPTION \"my 'sub' 100%s {x}\" SET (slot_name = 's')")
        assert "its slot on the publisher keeps WAL" in ask(conn, DOWN).findings[0].message
        conn.execute("ALTER SUBSCRIPTION \"my 'sub' 100%s {x}\" ENABLE")
        # A worker begins, can't connect and ends, again and again.
        critical = lambda: [each.severity for each in ask(conn, DOWN).findings] == [Severity.CRITICAL]  # noqa: E731
        wait_for(critical, "the worker to give up")
    finally:
        conn.execute("ALTER SUBSCRIPTION \"my 'sub' 100%s {x}\" DISABLE")
        conn.execute("ALTER SUBSCRIPTION \"my 'sub' 100%s {x}\" SET (slot_name = NONE)")
        conn.execute("DROP SUBSCRIPTION \"my 'sub' 100%s {x}\"")


def test_a_standby_that_receives_nothing(server):
    with start_standby(server) as conninfo, psycopg.connect(conninfo, autocommit=True) as conn:
        (finding,) = ask(conn, RECEIVER).findings
        assert finding.severity is Severity.CRITICAL
        assert ask(conn, PAUSED).outcome is Outcome.CLEAN
        conn.execute("SELECT pg_wal_replay_pause()")
        (paused,) = ask(conn, PAUSED).findings
        assert "pause" in paused.message
        conn.execute(paused.fix)
        wait_for(lambda: ask(conn, PAUSED).outcome is Outcome.CLEAN, "replay to go on")
        conn.execute("SELECT pg_create_physical_replication_slot('of_a_cascade', true)")
        (own,) = ask(conn, INACTIVE, idle_s=0.0).findings
        assert (own.target.name, own.severity) == ("of_a_cascade", Severity.WARNING)


def test_a_primary_receives_from_nobody(any_database):
    with any_database.connect() as conn:
        assert {ask(conn, check).outcome for check in (RECEIVER, PAUSED)} == {Outcome.CLEAN}


def test_a_bare_role_is_told_what_it_lacks(any_database):
    with role(any_database.server, "no_subscriber") as name, any_database.connect(user=name) as bare:
        result = pgops.run_checks(bare, ["replication.subscription_down"]).results[0]
    assert (result.outcome, result.cure) == (Outcome.SKIPPED, "GRANT pg_read_all_stats TO no_subscriber;")
