"""replication.* and wal.*: a primary and its standby, a publisher and its subscriber, archives that hang."""

from __future__ import annotations

import os
import signal

import pytest

from pgops import Outcome, Severity, run_checks
from pgops.checks.activity.wait_event_pressure import CHECK as PRESSURE
from pgops.checks.locks.lock_wait import CHECK as WAIT
from pgops.checks.replication.lag import CHECK as LAG
from pgops.checks.replication.logical_slot_spill import CHECK as SPILL
from pgops.checks.replication.orphaned_origin import CHECK as ORIGIN
from pgops.checks.replication.publications import CHECK as PUBLICATIONS
from pgops.checks.replication.standby_missing import CHECK as MISSING
from pgops.checks.replication.standbys import CHECK as STANDBYS
from pgops.checks.replication.subscription_down import CHECK as DOWN
from pgops.checks.replication.subscription_table_not_ready import CHECK as NOT_READY
from pgops.checks.replication.subscriptions import CHECK as SUBSCRIPTIONS
from pgops.checks.replication.synchronous_standby_missing import CHECK as SYNCHRONOUS
from pgops.checks.wal.archiving_stalled import CHECK as STALLED
from pgops.checks.wal.backend_fsync import CHECK as FSYNC
from pgops.checks.wal.overview import CHECK as WAL_OVERVIEW
from pgops.checks.wal.wal_buffers_full import CHECK as BUFFERS
from pgops.checks.wal.wal_level_mismatch import CHECK as LEVEL
from pgops.errors import NotApprovedError, StaleProposalError
from pgops.scratch import ScratchDatabase, restart_server, start_server, stop_server
from pgops.scripting import propose_sql
from tests.checks.replicas import NAME, start_pair
from tests.checks.sessions import ask, role, sessions_of, wait_for
from tests.servers import SETTINGS

LIVE = (
    "activity.wait_event_pressure",
    "replication.lag",
    "replication.logical_slot_spill",
    "replication.orphaned_origin",
    "replication.standby_missing",
    "replication.subscription_table_not_ready",
    "replication.synchronous_standby_missing",
    "wal.archiving_stalled",
    "wal.backend_fsync",
    "wal.wal_buffers_full",
    "wal.wal_level_mismatch",
)


HOSTILE = """it's "mine" %s {x}"""


@pytest.fixture(scope="module")
def pair(server):
    with start_pair(server.binaries) as pair:
        yield pair


def write(conn, rows: int = 20_000) -> None:
    conn.execute("CREATE TABLE IF NOT EXISTS bulk (a text)")
    conn.execute("INSERT INTO bulk SELECT repeat('x', 100) FROM generate_series(1, %s)", [rows])


# --- a primary and its standby ----------------------------------------------------------------------------------------


def test_a_standby_is_listed_and_its_lag_is_found_on_both_sides(pair):
    with pair.primary.connect() as primary, pair.standby.connect() as standby:
        [row] = ask(primary, STANDBYS).rows
        assert (row.application, row.state, row.slot, row.logical) == (NAME, "streaming", "standby_slot", False)
        wait_for(lambda: ask(primary, LAG, warn_bytes=1).outcome is Outcome.CLEAN, "the standby to catch up")
        assert ask(standby, LAG, warn_bytes=1).outcome is Outcome.CLEAN
        write(primary, 1)  # the age of what was replayed is known from the first transaction on
        replayed = "SELECT pg_last_xact_replay_timestamp()"
        wait_for(lambda: standby.execute(replayed).fetchone() != (None,), "a transaction to arrive")
        standby.execute("SELECT pg_wal_replay_pause()")
        try:
            write(primary)

            def behind():
                return ask(primary, LAG, warn_bytes=1_000_000).findings

            wait_for(lambda: bool(behind()), "the lag to be seen")
            [finding] = behind()
            assert (finding.severity, finding.target.name) == (Severity.WARNING, NAME)
            assert "The standby is" in finding.message
            assert ask(primary, LAG, crit_bytes=1_000_000).findings[0].severity is Severity.CRITICAL
            assert ask(primary, LAG).outcome is Outcome.CLEAN
            wait_for(lambda: bool(ask(standby, LAG, warn_bytes=1_000_000).findings), "the WAL to arrive")
            [here] = ask(standby, LAG, warn_bytes=1_000_000).findings
            assert "not replayed yet" in here.message
            wait_for(lambda: bool(ask(standby, LAG, warn_s=0.1, min_bytes_for_time=1).findings), "it to get old")
            assert ask(standby, LAG, warn_s=0.1).outcome is Outcome.CLEAN, "less than a WAL file: a commit may be long"
        finally:
            standby.execute("SELECT pg_wal_replay_resume()")
        wait_for(lambda: ask(primary, LAG, warn_bytes=1).outcome is Outcome.CLEAN, "the standby to catch up")


def test_an_idle_primary_has_no_lag_in_time(pair):
    with pair.primary.connect() as primary, pair.standby.connect() as standby:
        wait_for(lambda: ask(primary, LAG, warn_bytes=1).outcome is Outcome.CLEAN, "the standby to catch up")
        assert ask(standby, LAG, warn_bytes=1, warn_s=0.0001).outcome is Outcome.CLEAN


def test_a_standby_that_is_gone_is_missed(pair):
    with pair.primary.connect() as conn:
        assert ask(conn, MISSING, min_standbys=1).outcome is Outcome.CLEAN
        [few] = ask(conn, MISSING, min_standbys=2).findings
        assert few.severity is Severity.CRITICAL
        assert "2 standbys are expected, and 1 are streaming" in few.message
        before = run_checks(conn, [MISSING.id])
        stop_server(pair.standby)
        try:
            wait_for(lambda: not ask(conn, STANDBYS).rows, "the standby to be gone")
            [finding] = run_checks(conn, [MISSING.id], history=before).findings
            assert (finding.severity, finding.target.name) == (Severity.WARNING, NAME)
            assert ask(conn, MISSING).outcome is Outcome.CLEAN, "nobody has said how many, and nothing is remembered"
        finally:
            restart_server(pair.standby)
            pair.wait_until_streaming()


def test_commits_that_wait_for_a_synchronous_standby(pair):
    database = ScratchDatabase(name="postgres", server=pair.primary)
    with sessions_of(database) as sessions:
        conn = sessions.observer
        conn.execute("CREATE TABLE IF NOT EXISTS committed (a int)")
        assert ask(conn, SYNCHRONOUS).outcome is Outcome.CLEAN

        def wanted(names: str) -> None:
            conn.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'".encode())
            conn.execute("SELECT pg_reload_conf()")

        conn.execute("SET synchronous_commit = off")
        try:
            wanted(f'"{NAME}"')

            def warned():
                return [each.severity for each in ask(conn, SYNCHRONOUS).findings]

            wait_for(lambda: warned() == [Severity.WARNING], "the standby to be synchronous")
            wanted("FIRST 2 (*)")
            wait_for(lambda: warned() == [Severity.CRITICAL], "a second one to be missed")
            wanted('ANY 1 ("nobody", "nowhere")')
            wait_for(lambda: ask(conn, SYNCHRONOUS).rows[0].connected == (), "nobody to confirm")
            for _ in range(3):
                session = sessions.open()
                session.execute("SET synchronous_commit = on")
                sessions.start("INSERT INTO committed VALUES (1)", session, until="wait_event = 'SyncRep'")
            [finding] = ask(conn, SYNCHRONOUS).findings
            assert "3 sessions wait in COMMIT" in finding.message
            # The same, seen as what all sessions wait for.
            [pressure] = ask(conn, PRESSURE, min_sessions=3).findings
            assert pressure.target.name == "IPC:SyncRep"
            assert (pressure.severity, pressure.confidence) == (Severity.WARNING, 0.6)
            assert ask(conn, PRESSURE, min_sessions=4).outcome is Outcome.CLEAN
        finally:
            wanted("")
        wait_for(lambda: ask(conn, SYNCHRONOUS).outcome is Outcome.CLEAN, "nobody to be wanted")


def test_replay_that_waits_for_a_reader(pair):
    with pair.primary.connect() as primary, pair.standby.connect() as standby, pair.standby.connect() as reader:
        primary.execute("CREATE TABLE IF NOT EXISTS altered (a int)")
        there = "SELECT to_regclass('altered')"  # asked in transactions of its own: within one, "no" would stay so
        wait_for(lambda: standby.execute(there).fetchone() != (None,), "the table to arrive")
        reader.execute("BEGIN")
        reader.execute("LOCK TABLE altered IN ACCESS SHARE MODE")
        primary.execute("ALTER TABLE altered ADD COLUMN b int")
        wait_for(lambda: bool(ask(standby, WAIT, info_s=0.0).findings), "replay to wait")
        [finding] = ask(standby, WAIT, info_s=0.0).findings
        assert "Replay stands still" in finding.message
        assert finding.fix is None, "the server cancels sessions only"


def test_a_bare_role_is_told_what_it_lacks(pair):
    with role(pair.primary, "no_replica") as name, pair.primary.connect(user=name) as bare:
        for check in (LAG, STANDBYS, MISSING, SYNCHRONOUS):
            result = ask(bare, check)
            assert (result.outcome, result.cure) == (Outcome.SKIPPED, "GRANT pg_read_all_stats TO no_replica;")


# --- a publisher and its subscriber -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def subscriber(server):
    settings = {**SETTINGS, "wal_retrieve_retry_interval": "100ms"}
    with start_server(server.binaries, settings=settings) as alone:
        yield alone


def test_a_table_that_is_not_replicated_and_one_that_is(pair, subscriber):
    with pair.primary.connect() as publisher, subscriber.connect() as conn:
        publisher.execute("CREATE TABLE copied (a int PRIMARY KEY); INSERT INTO copied VALUES (1)")
        publisher.execute('CREATE TABLE "clash ing" (a int PRIMARY KEY); INSERT INTO "clash ing" VALUES (1)')
        publisher.execute('CREATE PUBLICATION pub FOR TABLE copied, "clash ing"')
        [published] = ask(publisher, PUBLICATIONS).rows
        assert (published.publication, published.tables, published.all_tables) == ("pub", 2, False)
        assert published.actions == ("insert", "update", "delete", "truncate")
        conn.execute("CREATE TABLE copied (a int PRIMARY KEY)")
        conn.execute('CREATE TABLE "clash ing" (a int PRIMARY KEY); INSERT INTO "clash ing" VALUES (1)')
        assert ask(conn, NOT_READY).outcome is Outcome.CLEAN
        source = f"host={pair.primary.host} port={pair.primary.port} user={pair.primary.superuser} dbname=postgres"
        conn.execute(f"CREATE SUBSCRIPTION sub CONNECTION '{source}' PUBLICATION pub".encode())
        try:

            def stuck():
                return [(each.severity, each.target.name) for each in ask(conn, NOT_READY).findings]

            wait_for(lambda: stuck() == [(Severity.WARNING, "clash ing")], "one to be ready and one to fail")
            [row] = ask(conn, SUBSCRIPTIONS).rows
            assert (row.subscription, row.tables, row.ready_tables, row.slot) == ("sub", 2, 1, "sub")
            assert row.publications == ("pub",)
            assert any(each.logical for each in ask(publisher, STANDBYS).rows)
            conn.execute('DELETE FROM "clash ing"')
            wait_for(lambda: ask(conn, NOT_READY).outcome is Outcome.CLEAN, "it to be copied")
            assert ask(conn, ORIGIN).outcome is Outcome.CLEAN, "each belongs to the subscription"
            assert ask(conn, DOWN).outcome is Outcome.CLEAN
            if subscriber.major >= 15:
                conn.execute("ALTER SUBSCRIPTION sub SET (disable_on_error = true)")
                conn.execute("INSERT INTO copied VALUES (2)")
                publisher.execute("INSERT INTO copied VALUES (2)")
                wait_for(lambda: bool(ask(conn, DOWN).findings), "the subscription to give up")
                wait_for(lambda: not ask(conn, DOWN).rows[0].enabled, "it to be disabled")
                [down] = ask(conn, DOWN).findings
                assert (down.severity, "disabled itself" in down.message) == (Severity.CRITICAL, True)
        finally:
            conn.execute("DROP SUBSCRIPTION sub")
            publisher.execute("DROP PUBLICATION pub")


def test_an_origin_that_was_left_behind(any_database):
    with any_database.connect() as conn:
        for name in ("once a subscription", HOSTILE):
            conn.execute("SELECT pg_replication_origin_create(%s)", [name])
        conn.execute("UPDATE pg_replication_origin SET roname = 'pg_4711' WHERE roname = 'once a subscription'")
        try:
            findings = {finding.target.name: finding for finding in ask(conn, ORIGIN).findings}
            assert set(findings) == {"pg_4711", HOSTILE}
            assert "any more" in findings["pg_4711"].message
        finally:
            for finding in ask(conn, ORIGIN).findings:
                conn.execute(finding.fix.encode())
        assert ask(conn, ORIGIN).outcome is Outcome.CLEAN


def test_decoding_that_spills(pair):
    with pair.primary.connect() as conn:
        conn.execute("CREATE TABLE spilled (a int PRIMARY KEY, b text)")
        conn.execute("SELECT pg_create_logical_replication_slot('spilling', 'test_decoding')")
        try:
            conn.execute("INSERT INTO spilled SELECT g, repeat('x', 100) FROM generate_series(1, 20000) AS g")
            assert ask(conn, SPILL).outcome is Outcome.CLEAN
            conn.execute("SET logical_decoding_work_mem = '64kB'")
            conn.execute("SELECT count(*) FROM pg_logical_slot_get_changes('spilling', NULL, NULL)")

            def found():
                return ask(conn, SPILL, min_bytes=100_000).findings

            wait_for(lambda: bool(found()), "the statistics to arrive")
            assert (found()[0].severity, found()[0].target.name) == (Severity.INFO, "spilling")
            assert ask(conn, SPILL).outcome is Outcome.CLEAN
        finally:
            conn.execute("SELECT pg_drop_replication_slot('spilling')")


# --- WAL --------------------------------------------------------------------------------------------------------------


def test_an_archive_command_that_hangs(server):
    settings = {**SETTINGS, "archive_mode": "on", "archive_command": "sleep 1000"}
    with start_server(server.binaries, settings=settings) as hanging, hanging.connect() as conn:
        assert ask(conn, STALLED, min_idle_s=0.0, warn_files=1).outcome is Outcome.CLEAN
        for _ in range(3):
            write(conn, 10)
            conn.execute("SELECT pg_switch_wal()")
        wait_for(lambda: ask(conn, STALLED).rows[0].waiting_files == 3, "WAL to wait")
        [finding] = ask(conn, STALLED, min_idle_s=0.0, warn_files=3).findings
        assert finding.severity is Severity.WARNING
        assert "3 WAL files (48 MiB) wait" in finding.message
        assert ask(conn, STALLED, min_idle_s=0.0, crit_files=3).findings[0].severity is Severity.CRITICAL
        assert ask(conn, STALLED, warn_files=3).outcome is Outcome.CLEAN, "it may only be slow"
        stop_server(hanging, mode="immediate")


def test_a_wal_level_that_does_not_fit(server):
    with start_server(server.binaries, settings={**SETTINGS, "wal_level": "replica"}) as alone:
        with alone.connect() as conn:
            assert ask(conn, LEVEL).outcome is Outcome.CLEAN
            conn.execute("SET client_min_messages = error; CREATE PUBLICATION p FOR ALL TABLES")
            [finding] = ask(conn, LEVEL).findings
            assert finding.severity is Severity.WARNING
            assert finding.message.endswith("at the next restart.")
            conn.execute(finding.fix.encode())
        restart_server(alone)
        with alone.connect() as conn:
            assert ask(conn, LEVEL).outcome is Outcome.CLEAN
            conn.execute("DROP PUBLICATION p")
            [needless] = ask(conn, LEVEL).findings
            assert (needless.severity, needless.fix) == (Severity.INFO, "ALTER SYSTEM SET wal_level = 'replica';")


def test_wal_buffers_that_are_full(server):
    with start_server(server.binaries, settings={**SETTINGS, "wal_buffers": "32kB"}) as small, small.connect() as conn:
        assert ask(conn, BUFFERS).outcome is Outcome.CLEAN
        write(conn, 50_000)

        def found():
            return ask(conn, BUFFERS, min_times=10, info_pct=0.01).findings

        wait_for(lambda: bool(found()), "the statistics to arrive")
        assert found()[0].fix == "ALTER SYSTEM SET wal_buffers = '1MB';"
        assert ask(conn, BUFFERS).outcome is Outcome.CLEAN
        [row] = ask(conn, WAL_OVERVIEW).rows
        assert row.wal_records > 50_000
        assert row.wal_level == "logical"


def test_sessions_that_fsync_themselves(server):
    """The checkpointer is held, so that its queue fills up."""
    settings = {**SETTINGS, "shared_buffers": "256kB", "fsync": "on", "max_connections": "20", "bgwriter_delay": "10s"}
    with start_server(server.binaries, settings=settings) as small, small.connect() as conn:
        assert ask(conn, FSYNC, warn_times=1).outcome is Outcome.CLEAN
        processes = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        [(checkpointer,)] = conn.execute(processes).fetchall()
        os.kill(checkpointer, signal.SIGSTOP)
        try:
            for number in range(60):
                conn.execute(f"CREATE TABLE t{number} AS SELECT g FROM generate_series(1, 300) AS g".encode())
            for number in range(60):
                conn.execute(f"UPDATE t{number} SET g = g + 1".encode())
        finally:
            os.kill(checkpointer, signal.SIGCONT)

        def found():
            return ask(conn, FSYNC, warn_times=1).findings

        wait_for(lambda: bool(found()), "the statistics to arrive")
        assert found()[0].severity is Severity.WARNING
        assert ask(conn, FSYNC, warn_times=1_000_000).outcome is Outcome.CLEAN


def test_a_physical_copy_is_another_target_for_an_approval(pair):
    with pair.primary.connect() as conn, pair.standby.connect() as on_copy:
        proposal, same_there = propose_sql(conn, "SELECT 1"), propose_sql(on_copy, "SELECT 1")
        assert proposal.target | {"address": None} == same_there.target | {"address": None}
        with pytest.raises(NotApprovedError):
            proposal.apply(conn, approval=same_there.approve(by="ann"))
        with pytest.raises(StaleProposalError, match="another address"):
            proposal.apply(on_copy, approval=proposal.approve(by="ann"))
