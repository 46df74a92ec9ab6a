"""backup.*: repositories as they are handed in, base backups that run, jobs of pg_cron. The tools: tests/backups."""

from __future__ import annotations

import datetime as dt

import attrs
import psycopg
import pytest

import pgops
from pgops import Outcome, Severity
from pgops.backups import Backup, Repository, WalGap
from pgops.checks.backup.cron_jobs_failed import CHECK as CRON
from pgops.checks.backup.online_backup_running import CHECK as RUNNING
from pgops.scratch import start_server
from tests.checks.sessions import ask, role, wait_for
from tests.servers import SETTINGS, need_extension, system_binaries

LIVE = (
    "backup.age",
    "backup.archive_gap",
    "backup.cron_jobs_failed",
    "backup.failed",
    "backup.online_backup_running",
)

NOW = dt.datetime.now(dt.UTC)
HOUR = dt.timedelta(hours=1)


def backup(label: str, hours_ago: float, kind: str = "full", wal: tuple[str, str] | None = None, **more) -> Backup:
    first, last = wal or (None, None)
    at = NOW - hours_ago * HOUR
    return Backup(label=label, kind=kind, started_at=at, stopped_at=at, first_wal=first, last_wal=last, **more)


def wal(number: int, timeline: int = 1) -> str:
    return f"{timeline:08X}00000000{number:08X}"


def repository(*backups: Backup, **more) -> Repository:
    return Repository(tool="barman", server='the "shop"', read_at=NOW, backups=backups, **more)


def told(conn, slug: str, *repositories: Repository, **limits):
    check = f"backup.{slug}"
    report = pgops.run_checks(conn, [check], limits={check: limits}, facilities={"backups": repositories})
    return report.results[0]


# --- what the tools say -----------------------------------------------------------------------------------------------


@pytest.fixture
def conn(any_database):
    with any_database.connect() as conn:
        yield conn


def test_without_the_facility_it_is_skipped_with_the_way_to_hand_it_in(conn):
    for slug in ("age", "failed", "archive_gap"):
        [result] = pgops.run_checks(conn, [f"backup.{slug}"]).results
        assert result.outcome is Outcome.SKIPPED
        assert "facilities={'backups': ...}" in result.cure


@pytest.mark.parametrize(
    ("backups", "severity", "words"),
    [
        ([], Severity.CRITICAL, "has no backup."),
        ([backup("a", 5)], None, ""),
        ([backup("a", 30)], Severity.WARNING, "a (full), was finished 1 d 6 h ago"),
        ([backup("a", 60)], Severity.CRITICAL, "2 d 12 h ago"),
        ([backup("a", 100), backup("b", 5)], None, ""),
        ([backup("b", 5), backup("a", 100)], None, ""),
        ([backup("a", 100), backup("b", 5, "incr")], None, ""),
        ([backup("a", 300), backup("b", 5, "incr")], Severity.WARNING, "newest full backup was finished 12 d 12 h ago"),
        ([backup("b", 5, "diff")], Severity.WARNING, "needs a full one"),
        ([backup("a", 60), backup("b", 5, error="torn")], Severity.CRITICAL, "a (full)"),
        ([backup("a", 5, error="torn")], Severity.CRITICAL, "none of 1 is usable"),
        ([Backup(label="a", kind="full", started_at=NOW)], Severity.CRITICAL, "none of 1 is usable"),
        ([backup("shop.dump", 5, "dump")], None, ""),
    ],
)
def test_age(conn, backups, severity, words):
    result = told(conn, "age", repository(*backups))
    assert [finding.severity for finding in result.findings] == ([severity] if severity else [])
    assert all(words in finding.message for finding in result.findings), result.findings
    assert all(finding.target.sql == '"the ""shop"""' for finding in result.findings)


def test_each_repository_is_judged_by_itself_and_one_may_come_alone(conn):
    good, none = repository(backup("a", 5)), Repository(tool="folder", server="/backups", read_at=NOW)
    assert [finding.target.name for finding in told(conn, "age", good, none).findings] == ["/backups"]
    report = pgops.run_checks(conn, ["backup.age"], facilities={"backups": none})
    assert len(report.findings) == 1
    assert told(conn, "age", good, warn_s=3_600.0).findings[0].severity is Severity.WARNING


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (repository(backup("a", 5)), []),
        (repository(backup("a", 5), backup("b", 1, error="torn")), [(Severity.WARNING, "b")]),
        (repository(backup("b", 5, error="torn"), backup("a", 1)), [(Severity.INFO, "b")]),
        (repository(Backup(label="b", kind="full")), [(Severity.WARNING, "b")]),
        (repository(backup("a", 5), problem="no stanza"), [(Severity.WARNING, None)]),
    ],
)
def test_failures(conn, given, found):
    findings = told(conn, "failed", given).findings
    assert [(finding.severity, finding.target.sub) for finding in findings] == found


def test_gaps_in_the_archive(conn):
    gap = WalGap(first=wal(8), last=wal(9), files=2)
    archive = {"first_wal": wal(1), "last_wal": wal(20)}
    base = backup("a", 5, wal=(wal(4), wal(5)))
    assert told(conn, "archive_gap", repository(base, wal_gaps=(), **archive)).outcome is Outcome.CLEAN
    unseen = told(conn, "archive_gap", repository(base, **archive))
    assert unseen.outcome is Outcome.SKIPPED
    assert "nobody has looked" in unseen.reason
    tried = told(conn, "archive_gap", repository(base, wal_unseen="the bucket is gone", **archive))
    assert (tried.outcome, "the bucket is gone" in tried.reason) == (Outcome.SKIPPED, True)
    [finding] = told(conn, "archive_gap", repository(base, wal_gaps=(gap,), **archive)).findings
    assert (finding.severity, finding.target.sub) == (Severity.CRITICAL, wal(8))
    assert "2 WAL files are missing" in finding.message
    later = backup("b", 1, wal=(wal(12), wal(13)))
    [harmless] = told(conn, "archive_gap", repository(later, wal_gaps=(gap,), **archive)).findings
    assert (harmless.severity, "no backup needs it" in harmless.message) == (Severity.INFO, True)
    [older] = told(conn, "archive_gap", repository(base, later, wal_gaps=(gap,), **archive)).findings
    assert (older.severity, "backups before it" in older.message) == (Severity.WARNING, True)
    torn = attrs.evolve(base, missing_wal=wal(4))
    [own] = told(conn, "archive_gap", repository(torn, wal_gaps=(), **archive)).findings
    assert (own.severity, "can't be restored" in own.message) == (Severity.CRITICAL, True)
    dumps = repository(backup("shop.dump", 1, "dump"), wal_gaps=(gap,), **archive)
    assert told(conn, "archive_gap", dumps).findings[0].severity is Severity.INFO


def test_nothing_handed_in_is_no_answer(conn):
    for given, reason in (([], "No repository"), (iter([repository(backup("a", 5))]), "as an iterator")):
        for slug in ("age", "failed", "archive_gap"):
            [result] = pgops.run_checks(conn, [f"backup.{slug}"], facilities={"backups": given}).results
            assert result.outcome is Outcome.SKIPPED
            assert reason in result.reason
            assert result.cure


def test_a_tool_that_did_not_answer_is_unseen(conn):
    for slug in ("age", "failed", "archive_gap"):
        result = told(conn, slug, repository(unread="barman can't be run"))
        assert result.outcome is Outcome.SKIPPED
        assert result.unseen[0].reason == "barman can't be run"


# --- what the server says ---------------------------------------------------------------------------------------------


def test_a_base_backup_that_hangs_is_found_and_ended(server):
    with start_server(server.binaries, settings=SETTINGS) as alone, alone.connect() as conn:
        assert ask(conn, RUNNING, warn_s=0.0).outcome is Outcome.CLEAN
        settings = {"replication": "true", "application_name": "it's 100% %s {x}"}
        walsender = psycopg.pq.PGconn.connect(alone.conninfo(**settings).encode())
        walsender.send_query(b"BASE_BACKUP (CHECKPOINT 'fast')" if server.major >= 15 else b"BASE_BACKUP FAST")
        # and nobody takes what comes
        wait_for(lambda: bool(ask(conn, RUNNING, warn_s=0.0).findings), "the backup to begin")
        wait_for(lambda: "streaming" in ask(conn, RUNNING, warn_s=0.0).rows[0].phase, "it to stream")
        [finding] = ask(conn, RUNNING, warn_s=0.0).findings
        assert finding.target.name == "it's 100% %s {x}"
        assert ask(conn, RUNNING).outcome is Outcome.CLEAN
        conn.execute(finding.fix.encode())
        wait_for(lambda: ask(conn, RUNNING, warn_s=0.0).outcome is Outcome.CLEAN, "it to end")
        walsender.finish()


def test_an_exclusive_backup_that_was_left_behind(server):
    if server.major > 14:
        pytest.skip("there is no exclusive mode any more")
    with start_server(server.binaries, settings=SETTINGS) as alone, alone.connect() as conn:
        conn.execute("SELECT pg_start_backup('left', true)")
        [finding] = ask(conn, RUNNING, warn_s=0.0).findings
        assert "exclusive mode" in finding.message
        conn.execute(finding.fix.encode())
        assert ask(conn, RUNNING, warn_s=0.0).outcome is Outcome.CLEAN


def test_a_bare_role_is_told_what_it_lacks(any_database):
    with role(any_database.server, "no_backup") as name, any_database.connect(user=name) as bare:
        result = ask(bare, RUNNING)
    assert (result.outcome, result.cure) == (Outcome.SKIPPED, "GRANT pg_read_all_stats TO no_backup;")


def test_jobs_of_pg_cron():
    settings = {**SETTINGS, "shared_preload_libraries": "pg_cron"}
    with start_server(system_binaries(), settings=SETTINGS) as plain:
        need_extension(plain, "pg_cron")
        with plain.connect() as conn:
            assert ask(conn, CRON).outcome is Outcome.SKIPPED
    with start_server(system_binaries(), settings=settings) as server, server.connect() as conn:
        conn.execute("CREATE EXTENSION pg_cron")
        assert ask(conn, CRON).outcome is Outcome.CLEAN
        # It runs jobs by the minute: what it would note of them is noted here.
        for name, outcomes in (("it's fine", "fails works"), ('bro"ken %s', "works fails fails"), ("off", "fails")):
            [(job,)] = conn.execute("SELECT cron.schedule(%s, '0 0 1 1 *', 'SELECT 1')", [name]).fetchall()
            for number, outcome in enumerate(outcomes.split()):
                conn.execute(
                    "INSERT INTO cron.job_run_details (jobid, runid, status, return_message, start_time)"
                    " VALUES (%s, %s, %s, %s, clock_timestamp())",
                    [job, 10 * job + number, {"works": "succeeded", "fails": "failed"}[outcome], "ERROR: no\nmore"],
                )
        conn.execute("UPDATE cron.job SET active = false WHERE jobname = 'off'")
        [finding] = ask(conn, CRON).findings
        assert (finding.severity, finding.target.name) == (Severity.WARNING, 'bro"ken %s')
        assert "The last 2 runs" in finding.message
        assert finding.message.endswith("failed: ERROR: no.")
        assert ask(conn, CRON, crit_failures=2).findings[0].severity is Severity.CRITICAL
        assert ask(conn, CRON, window_days=0.0).outcome is Outcome.CLEAN
        # What never came to run has no time.
        conn.execute("SELECT cron.schedule('unconnected', '0 0 1 1 *', 'SELECT 1')")
        conn.execute(
            "INSERT INTO cron.job_run_details (jobid, runid, status, return_message)"
            " SELECT jobid, 1000, 'failed', 'connection failed' FROM cron.job WHERE jobname = 'unconnected'"
        )
        assert {finding.target.name for finding in ask(conn, CRON).findings} == {'bro"ken %s', "unconnected"}
        conn.execute("SELECT cron.unschedule(jobid) FROM cron.job")
        assert ask(conn, CRON).outcome is Outcome.CLEAN
