"""vacuum.* and storage.*: autovacuum at work, crashes, damaged pages, on servers of their own."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pgops.checks.activity.long_autovacuum import CHECK as LONG
from pgops.checks.report import Outcome
from pgops.checks.storage.checksum_failures import CHECK as CHECKSUM_FAILURES
from pgops.checks.storage.checksums_off import CHECK as CHECKSUMS_OFF
from pgops.checks.vacuum.autovacuum_off import CHECK as AUTOVACUUM_OFF
from pgops.checks.vacuum.database_multixact_age import CHECK as DATABASE_MULTIXACTS
from pgops.checks.vacuum.multixact_members import CHECK as MEMBERS
from pgops.checks.vacuum.orphaned_temp_table import CHECK as ORPHANED
from pgops.checks.vacuum.throttled_vacuum import CHECK as THROTTLED
from pgops.checks.vacuum.workers_saturated import CHECK as WORKERS
from pgops.checks.vacuum.wraparound_vacuum import CHECK as WRAPAROUND
from pgops.checks.vacuum.wraparound_vacuum import Row as Wraparound
from pgops.findings import Severity
from pgops.scratch import fresh_database, restart_server, start_server
from pgops.testing import run_script
from tests.checks.sessions import ask, role, sessions_of, wait_for
from tests.servers import SETTINGS

LIVE = (
    "activity.long_autovacuum",
    "storage.checksum_failures",
    "storage.checksums_off",
    "vacuum.autovacuum_off",
    "vacuum.database_multixact_age",
    "vacuum.multixact_members",
    "vacuum.orphaned_temp_table",
    "vacuum.throttled_vacuum",
    "vacuum.workers_saturated",
    "vacuum.wraparound_vacuum",
)
"""Whose faults no script can plant: the tests below make the real trouble."""

M = 1_000_000
HOSTILE = 'hos"tile %s {x}'
QUOTED = '"hos""tile %s {x}"'

ID_OF_AGE = "((txid_snapshot_xmax(txid_current_snapshot()) + 4294967296 - {age}) % 4294967296)::text::xid"
MULTIXACT_OF_AGE = (
    "(((SELECT next_multixact_id FROM pg_control_checkpoint())::text::bigint + 4294967296 - {age}) % 4294967296)"
    "::text::xid"
)
SLOW = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1"


@pytest.fixture(scope="module")
def tidy(server):
    """A server whose autovacuum looks round each second, with a single worker."""
    settings = {**SETTINGS, "autovacuum": "on", "autovacuum_naptime": "1s", "autovacuum_max_workers": "1"}
    with start_server(server.binaries, settings=settings) as alone:
        yield alone


@pytest.fixture(scope="module")
def untidy(server):
    """A server without autovacuum and with checksums, which may crash."""
    with start_server(server.binaries, settings=SETTINGS, initdb_options=["--data-checksums"]) as alone:
        yield alone


# --- autovacuum -------------------------------------------------------------------------------------------------------


def test_autovacuum_off_is_found_and_mended(tidy):
    with tidy.connect() as conn:
        assert ask(conn, AUTOVACUUM_OFF).outcome is Outcome.CLEAN
        for setting in ("autovacuum", "track_counts"):
            conn.execute(f"ALTER SYSTEM SET {setting} = off".encode())
            conn.execute("SELECT pg_reload_conf()")
            wait_for(lambda: bool(ask(conn, AUTOVACUUM_OFF).findings), f"{setting} to be off")
            (finding,) = ask(conn, AUTOVACUUM_OFF).findings
            assert f"{setting} is off" in finding.message.lower()
            run_script(conn, finding.fix)
            conn.execute("SELECT pg_reload_conf()")
            wait_for(lambda: ask(conn, AUTOVACUUM_OFF).outcome is Outcome.CLEAN, f"{setting} to be on")


def test_track_counts_off_in_the_session_alone_is_no_finding(tidy):
    with tidy.connect() as conn:
        conn.execute("SET track_counts = off")
        assert ask(conn, AUTOVACUUM_OFF).outcome is Outcome.CLEAN


def test_busy_workers_are_found_when_none_becomes_free(tidy):
    with fresh_database(tidy) as database, database.connect() as conn:
        wait_for(lambda: ask(conn, WORKERS, info_s=0.0).outcome is Outcome.CLEAN, "autovacuum to have ended elsewhere")
        conn.execute(f"CREATE TABLE slow (a int) WITH ({SLOW}, autovacuum_vacuum_insert_threshold = 0)".encode())
        conn.execute("INSERT INTO slow SELECT generate_series(1, 200000)")
        said = lambda: "".join(finding.message for finding in ask(conn, WORKERS, info_s=0.0).findings)  # noqa: E731
        wait_for(lambda: "public.slow" in said(), "autovacuum to be at work")
        (finding,) = ask(conn, WORKERS, info_s=0.0).findings
        assert (finding.severity, finding.details["workers"], finding.details["most"]) == (Severity.INFO, 1, 1)
        assert ask(conn, WORKERS, info_s=0.0, warn_s=0.0).findings[0].severity is Severity.WARNING
        assert ask(conn, WORKERS).outcome is Outcome.CLEAN  # all busy for a moment is how it works


def test_a_long_autovacuum_is_found_wherever_it_is(tidy):
    with fresh_database(tidy) as database, database.connect() as conn:
        assert ask(conn, LONG, info_s=0.0).outcome is Outcome.CLEAN
        conn.execute(f"CREATE TABLE {QUOTED} (a int) WITH ({SLOW}, autovacuum_vacuum_insert_threshold = 0)".encode())
        conn.execute(f"INSERT INTO {QUOTED} SELECT generate_series(1, 200000)".encode())

        def found(**limits):
            findings = ask(conn, LONG, info_s=0.0, **limits).findings
            return [each for each in findings if each.target.name == HOSTILE and each.details["phase"]]

        wait_for(lambda: bool(found()), "autovacuum to be at work")
        [finding] = found()
        assert finding.severity is Severity.INFO
        assert "scanned" in finding.message
        assert found(warn_s=0.0)[0].severity is Severity.WARNING
        assert ask(conn, LONG).outcome is Outcome.CLEAN
        with tidy.connect() as elsewhere:
            [of_another] = ask(elsewhere, LONG, info_s=0.0).findings
            assert HOSTILE in of_another.target.name
            assert database.name in of_another.message


def test_a_vacuum_against_wraparound_is_found_and_who_waits_for_it(tidy):
    with fresh_database(tidy) as database, sessions_of(database) as sessions:
        conn = sessions.observer
        assert ask(conn, WRAPAROUND).outcome is Outcome.CLEAN
        conn.execute(f"CREATE TABLE {QUOTED} (a int) WITH ({SLOW}, autovacuum_enabled = off)".encode())
        conn.execute(f"INSERT INTO {QUOTED} SELECT generate_series(1, 200000)".encode())
        age = ID_OF_AGE.format(age=300 * M)
        conn.execute(f"UPDATE pg_class SET relfrozenxid = {age} WHERE oid = '{QUOTED}'::regclass".encode())
        wait_for(lambda: bool(ask(conn, WRAPAROUND).findings), "autovacuum to come")
        (finding,) = ask(conn, WRAPAROUND).findings
        assert (finding.severity, finding.target.schema, finding.target.name) == (Severity.INFO, "public", HOSTILE)
        with tidy.connect() as elsewhere:
            (of_another,) = ask(elsewhere, WRAPAROUND).findings
            assert of_another.details["failsafe"] is None
            assert HOSTILE in of_another.target.name
            assert database.name in of_another.message
        sessions.start(f"ALTER TABLE {QUOTED} ADD b int")
        (finding,) = ask(conn, WRAPAROUND).findings
        assert (finding.severity, finding.details["waiting"]) == (Severity.WARNING, 1)


def test_a_vacuum_that_sleeps_most_of_the_time_is_found_where_it_is_measured(untidy):
    with fresh_database(untidy) as database, sessions_of(database) as sessions:
        conn = sessions.observer
        conn.execute(f"CREATE TABLE {QUOTED} AS SELECT g AS a FROM generate_series(1, 100000) AS g".encode())
        if untidy.major < 18:
            assert ask(conn, THROTTLED).outcome is Outcome.SKIPPED
            return
        slow = sessions.open()
        slow.execute("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1; SET track_cost_delay_timing = on")
        sessions.start(f"VACUUM {QUOTED}", slow, until="wait_event = 'VacuumDelay'")
        wait_for(lambda: bool(ask(conn, THROTTLED, min_running_s=0.5).findings), "it to have slept for long")
        (finding,) = ask(conn, THROTTLED, min_running_s=0.5).findings
        assert (finding.severity, finding.target.name) == (Severity.INFO, HOSTILE)
        assert ask(conn, THROTTLED).outcome is Outcome.CLEAN  # it has only begun


def test_pauses_that_are_not_measured_are_unknown(untidy):
    if untidy.major < 18:
        return
    with fresh_database(untidy) as database, sessions_of(database) as sessions:
        conn = sessions.observer
        conn.execute("CREATE TABLE large AS SELECT g AS a FROM generate_series(1, 100000) AS g")
        slow = sessions.open()
        slow.execute("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
        sessions.start("VACUUM large", slow, until="wait_event = 'VacuumDelay'")
        result = ask(conn, THROTTLED, min_running_s=0.0)
        assert result.outcome is Outcome.SKIPPED
        assert "track_cost_delay_timing = on" in result.cure


def test_past_the_failsafe_is_critical():
    row = Wraparound(
        pid=1,
        database="shop",
        schema="public",
        table="t",
        running_s=60.0,
        waiting=0,
        failsafe=True,
        xid_age=1700 * M,
        phase="scanning heap",
        scanned_pct=12.0,
    )
    assert WRAPAROUND.judge.severity(row, None) is Severity.CRITICAL
    assert "leaves out the indexes" in WRAPAROUND.judge.message(row, None)


@pytest.mark.parametrize("check", [WORKERS, WRAPAROUND], ids=lambda check: check.id)
def test_who_may_not_see_other_sessions_is_told_so(database, check):
    with role(database.server, "bare_for_workers") as name, database.connect(user=name) as bare:
        result = ask(bare, check)
        assert result.outcome is Outcome.SKIPPED
        assert result.cure == "GRANT pg_read_all_stats TO bare_for_workers;"


# --- multixacts -------------------------------------------------------------------------------------------------------


def test_an_old_multixact_of_a_database_is_found_from_everywhere_and_vacuum_mends_it(untidy):
    with (
        fresh_database(untidy, HOSTILE) as old,
        old.connect() as conn,
        untidy.connect() as elsewhere,
    ):
        assert ask(conn, DATABASE_MULTIXACTS).outcome is Outcome.CLEAN
        conn.execute("CHECKPOINT")
        conn.execute("CREATE TABLE t (a text)")
        age = MULTIXACT_OF_AGE.format(age=1700 * M)
        conn.execute(f"UPDATE pg_class SET relminmxid = {age} WHERE oid = 't'::regclass".encode())
        conn.execute(f"UPDATE pg_database SET datminmxid = {age} WHERE datname = current_database()".encode())
        for asked, fix in ((conn, "VACUUM;"), (elsewhere, None)):
            (finding,) = ask(asked, DATABASE_MULTIXACTS).findings
            assert (finding.target.name, finding.severity, finding.fix) == (HOSTILE, Severity.CRITICAL, fix)
        conn.execute("VACUUM")
        assert ask(conn, DATABASE_MULTIXACTS).outcome is Outcome.CLEAN


def test_a_database_without_any_multixact_is_young(untidy):
    with fresh_database(untidy) as database, database.connect() as conn:
        conn.execute("UPDATE pg_database SET datminmxid = '0' WHERE datname = current_database()")
        result = ask(conn, DATABASE_MULTIXACTS)
        assert result.outcome is Outcome.CLEAN
        assert {row.database: row.multixact_age for row in result.rows}[database.name] == 0


def test_members_are_counted_by_their_files(untidy):
    with fresh_database(untidy) as database, sessions_of(database) as sessions:
        conn = sessions.observer
        conn.execute("CREATE TABLE locked (a int); INSERT INTO locked VALUES (1)")
        for session in (sessions.open(autocommit=False), sessions.open(autocommit=False)):
            session.execute("SELECT a FROM locked FOR SHARE")
        conn.execute("CHECKPOINT")
        result = ask(conn, MEMBERS)
        assert result.outcome is Outcome.CLEAN
        (row,) = result.rows
        files = list((untidy.folder / "pg_multixact" / "members").iterdir())
        assert row.members == len(files) * 52_352 > 0
        (finding,) = ask(conn, MEMBERS, warn_pct=row.used_pct).findings
        assert finding.severity is Severity.WARNING
        assert ask(conn, MEMBERS, crit_pct=row.used_pct).findings[0].severity is Severity.CRITICAL


def test_members_that_may_not_be_counted_are_unknown(database):
    with role(database.server, "bare_for_members", "LOGIN IN ROLE pg_monitor") as name:
        with database.connect(user=name) as bare:
            result = ask(bare, MEMBERS)
        assert result.outcome is Outcome.SKIPPED
        with database.connect() as conn:
            conn.execute(result.cure.encode())
        try:
            with database.connect(user=name) as bare:
                assert ask(bare, MEMBERS).outcome is Outcome.CLEAN
        finally:
            with database.connect() as conn:
                conn.execute(re.sub("GRANT (.*) TO ", r"REVOKE \1 FROM ", result.cure).encode())


# --- crashes and damage -----------------------------------------------------------------------------------------------


def test_temporary_tables_that_a_crash_left_are_found_and_dropped(untidy):
    names = (HOSTILE, "second", "third")
    with fresh_database(untidy) as database:
        with ExitStack() as crashed:
            for name in names:
                conn = crashed.enter_context(database.connect())
                conn.execute("SET synchronous_commit = on")  # or the crash takes them along
                conn.execute(sql.SQL("CREATE TEMPORARY TABLE {} (a text)").format(sql.Identifier(name)))
                # what sessions have that are still there is not found, nor, on old versions, called healthy
                assert not ask(conn, ORPHANED).findings
            restart_server(untidy, mode="immediate")
        with database.connect() as conn:
            conn.execute("SELECT pg_sleep(2.5)")
        # Whoever came later than the checkpoint at the end of recovery left none of them, whatever place it has.
        with database.connect() as alive, database.connect() as conn:
            alive.execute("SELECT 1")
            findings = ask(conn, ORPHANED).findings
            assert sorted(finding.target.name for finding in findings) == sorted(names)
            for finding in findings:
                conn.execute(finding.fix.encode())
            assert ask(conn, ORPHANED).outcome is Outcome.CLEAN


def test_an_old_temporary_table_that_may_have_an_owner_is_unknown(untidy):
    with fresh_database(untidy) as database, database.connect(autocommit=False) as owner, database.connect() as conn:
        owner.execute("CREATE TEMPORARY TABLE of_session (a int)")
        owner.commit()
        owner.execute("SELECT 1")  # in a transaction its place is known on every version
        assert ask(conn, ORPHANED).outcome is Outcome.CLEAN
        age = ID_OF_AGE.format(age=300 * M)
        conn.execute(f"UPDATE pg_class SET relfrozenxid = {age} WHERE relname = 'of_session'".encode())
        assert ask(conn, ORPHANED).outcome is Outcome.SKIPPED
        owner.rollback()


def test_a_damaged_page_is_found(untidy):
    with fresh_database(untidy) as database:
        with database.connect() as conn:
            for check in (CHECKSUM_FAILURES, CHECKSUMS_OFF):
                assert ask(conn, check).outcome is Outcome.CLEAN
            conn.execute("CREATE TABLE damaged (a int); INSERT INTO damaged SELECT generate_series(1, 1000)")
            conn.execute("CHECKPOINT")
            (path,) = conn.execute("SELECT pg_relation_filepath('damaged')").fetchone()
        with Path(untidy.folder / path).open("r+b") as file:
            file.seek(4000)
            file.write(b"spoiled by the disk")
        restart_server(untidy)
        with database.connect() as conn, database.connect() as reader:
            with pytest.raises(psycopg.errors.DataCorrupted):
                reader.execute("SELECT count(*) FROM damaged")
            reader.close()
            wait_for(lambda: bool(ask(conn, CHECKSUM_FAILURES).findings), "the failure to be counted")
            (finding,) = ask(conn, CHECKSUM_FAILURES).findings
            assert (finding.severity, finding.target.name) == (Severity.CRITICAL, database.name)
            assert finding.details["failures"] == 1


def test_without_checksums_nobody_knows_of_damage(server):
    with server.connect() as conn:
        off = conn.execute("SHOW data_checksums").fetchone()[0] == "off"
        assert off == (server.major < 18)
        expected = (Outcome.FOUND, Outcome.SKIPPED) if off else (Outcome.CLEAN, Outcome.CLEAN)
        assert (ask(conn, CHECKSUMS_OFF).outcome, ask(conn, CHECKSUM_FAILURES).outcome) == expected
