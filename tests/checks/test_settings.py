"""settings.*: a server set as badly as it can be, the remedies that set it right, and broken files."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

import pgops
from pgops.checks.report import Outcome
from pgops.checks.settings.config_overridden import CHECK as OVERRIDDEN
from pgops.checks.settings.file_error import CHECK as FILE_ERROR
from pgops.checks.settings.file_not_reloaded import CHECK as RELOAD
from pgops.checks.settings.memory_overcommit import CHECK as MEMORY
from pgops.checks.settings.overview import CHECK as OVERVIEW
from pgops.checks.settings.pending_restart import CHECK as PENDING
from pgops.checks.settings.role_database_override import CHECK as OVERRIDE
from pgops.checks.settings.timeouts_unset import CHECK as TIMEOUTS
from pgops.findings import Severity
from pgops.scratch import restart_server, start_server
from pgops.testing import run_script
from tests.checks.sessions import ask, role, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.scratch import ScratchDatabase, ScratchServer

LIVE = (
    "settings.config_overridden",
    "settings.file_error",
    "settings.file_not_reloaded",
    "settings.fsync_off",
    "settings.full_page_writes_off",
    "settings.logging",
    "settings.pending_restart",
    "settings.removed_setting",
    "settings.role_database_override",
)
"""Whose faults no script can plant: the tests below make the real trouble."""

HOSTILE = 'set "ti" 100% {ng} \\ ü'

# A throwaway server has fsync, full_page_writes and synchronous_commit off by itself.
WRONG = {
    "max_connections": "600",
    "superuser_reserved_connections": "0",
    "restart_after_crash": "off",
    "ignore_invalid_pages": "on",
    "zero_damaged_pages": "on",
    "data_sync_retry": "on",
    "pre_auth_delay": "0",
    "track_counts": "off",
    "enable_nestloop": "off",
    "password_encryption": "md5",
    "default_statistics_target": "5000",
    "work_mem": "1GB",
    "maintenance_work_mem": "1GB",
    "effective_cache_size": "8GB",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_statement": "all",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "log_line_prefix": "",
    "log_duration": "on",
    "log_min_duration_statement": "0",
    "row_security": "off",
    "huge_pages": "off",
}
OF_SOME_VERSIONS = {"force_parallel_mode": ("on", 15), "old_snapshot_threshold": ("1h", 16)}

FOUND = {
    "settings.dangerous_option": {
        "restart_after_crash",
        "ignore_invalid_pages",
        "zero_damaged_pages",
        "data_sync_retry",
        "row_security",
    },
    "settings.fsync_off": {"fsync"},
    "settings.full_page_writes_off": {"full_page_writes"},
    "settings.logging": {
        "log_autovacuum_min_duration",
        "log_checkpoints",
        "log_connections",
        "log_duration",
        "log_line_prefix",
        "log_lock_waits",
        "log_min_duration_statement",
        "log_min_error_statement",
        "log_min_messages",
        "log_statement",
        "log_temp_files",
    },
    "settings.max_connections_high": {"max_connections"},
    "settings.memory_overcommit": {"work_mem"},
    "settings.password_encryption": {"password_encryption"},
    "settings.planner_switch_off": {"enable_nestloop"},
    "settings.statistics_target": {"default_statistics_target"},
    "settings.synchronous_commit_off": {"synchronous_commit"},
    "settings.timeouts_unset": {"idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout"},
    "settings.track_io_timing_off": {"track_io_timing"},
    "settings.tracking_off": {"track_counts"},
}


@pytest.fixture(scope="module")
def wrong(server: ScratchServer) -> Iterator[ScratchServer]:
    """A server that is set as badly as it can be."""
    settings = {**WRONG, **{name: value for name, (value, last) in OF_SOME_VERSIONS.items() if server.major <= last}}
    with start_server(server.binaries, settings=settings) as started:
        yield started


def found(report: pgops.Report) -> dict[str, set[str]]:
    return {
        result.check: {finding.target.name for finding in result.findings}
        for result in report.results
        if result.findings
    }


def test_what_is_set_wrong_is_found_and_the_remedies_set_it_right(wrong: ScratchServer) -> None:
    with wrong.connect() as conn:
        report = pgops.run_checks(conn, ["settings", "!settings.minor_outdated", "!settings.version_end_of_life"])
        assert report.failed == ()
        there = found(report)
        expected = dict(FOUND)
        if wrong.major < 16:
            expected["settings.removed_setting"] = {"force_parallel_mode", "old_snapshot_threshold"}
            expected["settings.dangerous_option"] = FOUND["settings.dangerous_option"] | {"force_parallel_mode"}
        elif wrong.major == 16:
            expected["settings.removed_setting"] = {"old_snapshot_threshold"}
        there.pop("settings.random_page_cost_high", None)  # by what the disk here seems to be
        assert there == expected
        remedies = [finding.fix for finding in report.findings if finding.fix]
        assert len(remedies) > 20
        for remedy in remedies:
            conn.execute(remedy.encode())  # as it is, in one go
    restart_server(wrong)
    with wrong.connect() as conn:
        left = pgops.run_checks(conn, sorted(FOUND))
        assert {finding.target.name for finding in left.findings if finding.fix} == set()
        assert found(left) == {
            "settings.max_connections_high": {"max_connections"},
            "settings.memory_overcommit": {"work_mem"},
            "settings.timeouts_unset": {"lock_timeout", "statement_timeout"},
        }


# --- the files --------------------------------------------------------------------------------------------------------


def test_errors_overridden_lines_and_pending_restarts(server: ScratchServer) -> None:
    with start_server(server.binaries, settings={"work_mem": "7MB"}) as own, own.connect() as conn:
        for check in (FILE_ERROR, PENDING, RELOAD):
            assert ask(conn, check).outcome is Outcome.CLEAN
        assert ask(conn, OVERRIDDEN).outcome is Outcome.CLEAN  # initdb's own values are overridden, as usual
        conn.execute("ALTER SYSTEM SET work_mem = '9MB'")
        conn.execute("ALTER SYSTEM SET maintenance_work_mem = '90MB'")
        conn.execute("ALTER SYSTEM SET max_connections = 77")
        conn.execute("ALTER SYSTEM SET primary_conninfo = 'host=h password=hunter2 user=u'")
        conn.execute("ALTER SYSTEM SET restore_command = 'fetch https://me:hunter2@h/%f'")
        conn.execute("SELECT pg_reload_conf()")
        wait_for(lambda: ask(conn, PENDING).outcome is Outcome.FOUND, "the reload")
        (pending,) = ask(conn, PENDING).findings
        assert (pending.target.name, pending.severity) == ("max_connections", Severity.WARNING)
        overridden = {finding.target.name: finding for finding in ask(conn, OVERRIDDEN).findings}
        assert overridden["work_mem"].severity is Severity.INFO
        assert "work_mem = 7MB in " in overridden["work_mem"].message
        assert "is overridden by 9MB in " in overridden["work_mem"].message
        assert "maintenance_work_mem" not in overridden
        assert ask(conn, FILE_ERROR).outcome is Outcome.CLEAN  # a pending restart is no error
        listed = {row.name: row.value for row in ask(conn, OVERVIEW).rows}
        assert "maintenance_work_mem" in listed
        assert listed["primary_conninfo"] == "host=h password=******** user=u"
        assert listed["restore_command"] == "fetch https://me:********@h/%f"
        for line, name in (("enable_seqscan = perhaps", "enable_seqscan"), ("work_mum = 1", "work_mum")):
            with (own.folder / "postgresql.conf").open("a") as file:
                file.write(f"{line}\n")
            errors = {finding.target.name: finding.severity for finding in ask(conn, FILE_ERROR).findings}
            assert errors[name] is Severity.CRITICAL
            assert "max_connections" not in errors


def test_files_that_nobody_reloaded(any_server: ScratchServer) -> None:
    with start_server(any_server.binaries) as own, own.connect() as conn:
        file = own.folder / "postgresql.conf"
        soon = int(time.time()) + 2
        os.utime(file, (soon, soon))
        assert ask(conn, RELOAD).outcome is Outcome.CLEAN  # a moment ago: somebody may be at it
        (late,) = ask(conn, RELOAD, grace_s=0.0).findings
        assert (late.target.name, late.severity) == (str(file), Severity.INFO)
        time.sleep(max(0.0, soon + 0.2 - time.time()))
        run_script(conn, late.fix or "")
        wait_for(lambda: ask(conn, RELOAD, grace_s=0.0).outcome is Outcome.CLEAN, "the reload")


def test_files_are_skipped_for_a_monitoring_role_with_the_grants_that_cure_it(
    database: ScratchDatabase, server: ScratchServer
) -> None:
    with (
        role(server, HOSTILE, "LOGIN IN ROLE pg_monitor"),
        database.connect() as admin,
        database.connect(user=HOSTILE) as conn,
    ):
        for check in (FILE_ERROR, OVERRIDDEN, RELOAD):
            result = ask(conn, check)
            assert result.outcome is Outcome.SKIPPED
            assert "pg_file_settings" in result.cure
        admin.execute(f"BEGIN; {result.cure} COMMIT".encode())
        try:
            for check in (FILE_ERROR, OVERRIDDEN, RELOAD):
                assert ask(conn, check).outcome is Outcome.CLEAN
        finally:
            admin.execute(psycopg.sql.SQL("DROP OWNED BY {}").format(psycopg.sql.Identifier(HOSTILE)))


def test_a_bare_role_is_told_what_it_can_not_see(database: ScratchDatabase, server: ScratchServer) -> None:
    with role(server, "settings_bare"), database.connect(user="settings_bare") as conn:
        result = ask(conn, PENDING)
        assert result.outcome is Outcome.SKIPPED
        assert result.cure == "GRANT pg_read_all_settings TO settings_bare;"
        report = pgops.run_checks(conn, "settings")
        assert report.failed == ()


# --- roles and databases ----------------------------------------------------------------------------------------------


def test_settings_of_roles_and_databases(database: ScratchDatabase, server: ScratchServer) -> None:
    lines = (
        "ALTER DATABASE {db} SET enable_seqscan = off",
        "ALTER DATABASE {db} SET statement_timeout = '0s'",
        "ALTER DATABASE {db} SET default_transaction_read_only = on",
        'ALTER DATABASE {db} SET search_path = "$user", "no one\'s", public',
        "ALTER DATABASE {db} SET app.secret = 'hunter2'",
        "ALTER ROLE {role} SET session_replication_role = replica",
        "ALTER ROLE {role} SET work_mem = '64MB'",
        "ALTER ROLE {role} SET statement_timeout = 0",
        "ALTER ROLE {role} SET search_path = public, pg_catalog",
        "ALTER ROLE {role} IN DATABASE {db} SET row_security = off",
        "ALTER ROLE {role} IN DATABASE {db} SET synchronous_commit = off",
        "ALTER ROLE {role} IN DATABASE {db} SET search_path = pg_catalog, public",
    )
    with role(server, HOSTILE), database.connect() as conn:
        names = {"db": psycopg.sql.Identifier(database.name), "role": psycopg.sql.Identifier(HOSTILE)}
        for line in lines:
            conn.execute(psycopg.sql.SQL(line).format(**names))  # type: ignore[arg-type]
        result = ask(conn, OVERRIDE)
        there = {
            (finding.target.kind, finding.target.sub, *finding.target.also): finding.severity
            for finding in result.findings
            if finding.target.name in (HOSTILE, database.name)
        }
        assert there == {
            ("database", "enable_seqscan"): Severity.WARNING,
            ("database", "statement_timeout"): Severity.WARNING,
            ("database", "default_transaction_read_only"): Severity.INFO,
            ("database", "search_path"): Severity.WARNING,
            ("role", "session_replication_role"): Severity.CRITICAL,
            ("role", "search_path"): Severity.WARNING,
            ("role", "row_security", database.name): Severity.WARNING,
            ("role", "synchronous_commit", database.name): Severity.INFO,
        }
        assert "no one's does not exist here" in " ".join(finding.message for finding in result.findings)
        assert "hunter2" not in str(result)
        for finding in result.findings:
            run_script(conn, finding.fix or "")
        assert ask(conn, OVERRIDE).findings == ()
        assert {row.name for row in ask(conn, OVERRIDE).rows if row.role == HOSTILE and row.database is None} == {
            "work_mem",
            "statement_timeout",
        }


def test_a_connection_that_brings_its_own_timeouts(database: ScratchDatabase, server: ScratchServer) -> None:
    everything = {"idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout"}
    with role(server, HOSTILE, "LOGIN IN ROLE pg_monitor"):
        with pgops.connect(url=database.conninfo()) as ours:  # it may read what the files say
            assert {finding.target.name for finding in ask(ours, TIMEOUTS).findings} == everything
        with pgops.connect(url=database.conninfo(user=HOSTILE)) as ours:
            result = ask(ours, TIMEOUTS)
            assert (result.outcome, {each.target.name for each in result.unseen}) == (Outcome.SKIPPED, everything)
            assert "GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings() TO " in result.cure
    with database.connect(options="-c enable_seqscan=off") as conn:
        report = pgops.run_checks(conn, "settings.planner_switch_off")
        assert report.results[0].outcome is Outcome.SKIPPED


def test_timeouts_of_the_server_are_seen_behind_those_of_the_connection(any_server: ScratchServer) -> None:
    settings = {"statement_timeout": "5min", "lock_timeout": "0", "idle_in_transaction_session_timeout": "060000"}
    with (
        start_server(any_server.binaries, settings=settings) as own,
        pgops.connect(url=own.conninfo()) as ours,
        own.connect() as plain,
    ):
        for conn in (ours, plain):
            assert [finding.target.name for finding in ask(conn, TIMEOUTS).findings] == ["lock_timeout"]


def test_without_knowing_the_memory_nothing_is_said_of_it(database: ScratchDatabase) -> None:
    with database.connect() as conn:
        result = ask(conn, MEMORY)
        assert result.outcome is Outcome.SKIPPED
        assert "memory_bytes" in result.cure
