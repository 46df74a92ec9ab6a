"""The runner survives everything that goes wrong: each is an outcome, and the rest of the run goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import attrs
import pytest

import pgops
from pgops import Finding, Outcome, Query, Requires, Severity, Target, run_checks
from tests.checks.making import NOTHING, Row, make_check, trusted, untrusted
from tests.checks.states import (
    NAME,
    QUIET,
    ROUTES,
    SLOW,
    outcomes,
)

# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("registry_of", ROUTES)
def test_statement_timeout(registry_of, any_database):
    with any_database.connect() as conn:
        report = run_checks(conn, registry=registry_of(SLOW, QUIET), statement_timeout_s=0.2)
    assert outcomes(report) == {"slow": "failed", "quiet": "clean"}
    assert report["made.slow"].reason == "stopped by the statement timeout of 0.2 s"
    assert report["made.slow"].sqlstate == "57014"
    assert not report.interrupted


@pytest.mark.parametrize("registry_of", ROUTES)
def test_deadline(registry_of, any_database):
    with any_database.connect() as conn:
        report = run_checks(conn, registry=registry_of(NAME, SLOW, QUIET), deadline_s=0.5)
        assert conn.execute("SELECT 1").fetchone() == (1,)
    assert outcomes(report) == {"name": "found", "slow": "failed", "quiet": "failed"}
    assert report["made.slow"].reason == "stopped by the deadline of 0.5 s"
    assert report.interrupted == "the deadline of 0.5 s"
    assert "not run" in report["made.quiet"].reason


def test_lock_timeout_is_a_failure_of_that_check_only(any_database):
    locked = make_check("locked", "SELECT count(*)::text AS name FROM public.t")
    with any_database.connect() as conn, any_database.connect() as other:
        other.execute("CREATE TABLE t (a int)")
        with other.transaction():
            other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
            report = run_checks(conn, registry=trusted(locked, QUIET))
    assert outcomes(report) == {"locked": "failed", "quiet": "clean"}
    assert report["made.locked"].sqlstate == "55P03"


def terminated_by(other, conn):
    return make_check("victim", f"SELECT pg_catalog.pg_terminate_backend({conn.info.backend_pid})::text AS name")


@pytest.mark.parametrize("registry_of", ROUTES)
def test_a_lost_connection_fails_the_rest(registry_of, any_database):
    with any_database.connect() as conn:
        report = run_checks(conn, registry=registry_of(NAME, terminated_by(conn, conn), QUIET))
    assert outcomes(report) == {"name": "found", "victim": "failed", "quiet": "failed"}
    assert report["made.victim"].reason.startswith("connection lost: ")
    assert report["made.quiet"].reason == "connection lost"


def test_a_connection_that_was_closed_before(any_database):
    conn = any_database.connect()
    conn.close()
    report = run_checks(conn, registry=trusted(NAME))
    assert outcomes(report) == {"name": "failed"}
    assert "connection lost" in report["made.name"].reason
    assert report.server is None
    assert pgops.Report.from_json(report.to_json()) == report


def test_a_server_that_stops_answering(any_server, monkeypatch):
    """A backend that is stopped (SIGSTOP) does not even keep its own timeout: the watchdog lets go of it."""
    from pgops.checks import watchdog

    if not Path("/proc").is_dir():
        pytest.skip("needs /proc to find the backend's process")
    monkeypatch.setattr(watchdog, "GRACE_S", 0.5)
    conn = any_server.connect()
    pid = conn.info.backend_pid
    freezing = threading.Timer(0.3, os.kill, (pid, signal.SIGSTOP))
    freezing.start()
    try:
        began = time.monotonic()
        report = run_checks(conn, registry=trusted(SLOW, QUIET), statement_timeout_s=1)
        assert time.monotonic() - began < 20
    finally:
        freezing.join()
        os.kill(pid, signal.SIGCONT)
    assert outcomes(report) == {"slow": "failed", "quiet": "failed"}
    assert "connection lost" in report["made.slow"].reason


def test_missing_things_are_skipped_with_their_cure(any_database, any_server):
    needs_role = make_check("role", requires=Requires(role="pg_monitor"))
    needs_extension = make_check("extension", requires=Requires(extension="hstore"))
    needs_version = make_check("version", queries=[Query(since=99, sql=NOTHING)])
    needs_facility = make_check("facility", queries=[], probe=pgops.Probe(facility="project", read=lambda _: []))
    with any_database.connect() as conn:
        conn.execute('CREATE ROLE "bare ""one"""')
        try:
            conn.execute('SET ROLE "bare ""one"""')
            report = run_checks(conn, registry=trusted(needs_role, needs_extension, needs_version, needs_facility))
        finally:
            conn.execute("RESET ROLE")
            conn.execute('DROP ROLE "bare ""one"""')
    assert {result.outcome for result in report.results} == {Outcome.SKIPPED}
    assert report["made.role"].cure == 'GRANT pg_monitor TO "bare ""one""";'
    assert report["made.extension"].cure == "CREATE EXTENSION hstore;"
    assert "PostgreSQL 99" in report["made.version"].reason
    assert "'project'" in report["made.facility"].reason


def test_what_a_service_took_out_of_the_server_is_skipped_for_our_own_checks(any_database):
    own, theirs = "wal.overview", "stranger.same"
    stranger = attrs.evolve(pgops.get_check(own), id=theirs, aliases=())
    with any_database.connect() as conn:
        conn.execute("SET allow_system_table_mods = on; DROP VIEW pg_catalog.pg_stat_wal")
        report = run_checks(conn, [own, stranger])
    assert [result.outcome for result in report.results] == [Outcome.SKIPPED, Outcome.FAILED]
    assert "not a whole PostgreSQL" in report[own].reason
    assert 'relation "pg_catalog.pg_stat_wal" does not exist' in report[own].reason


def test_a_refused_privilege_is_skipped_with_the_servers_words(any_database):
    secret = make_check("secret", "SELECT rolname::text AS name FROM pg_catalog.pg_authid")
    with any_database.connect() as conn:
        conn.execute("CREATE ROLE nobody_much")
        try:
            conn.execute("SET ROLE nobody_much")
            result = run_checks(conn, registry=trusted(secret, QUIET))["made.secret"]
        finally:
            conn.execute("RESET ROLE")
            conn.execute("DROP ROLE nobody_much")
    assert result.outcome is Outcome.SKIPPED
    assert "pg_authid" in result.reason
    assert "nobody_much" in result.cure


def test_a_probe_reads_the_facility_that_is_handed_in(any_database):
    check = make_check(
        "probe", queries=[], probe=pgops.Probe(facility="names", read=lambda names: [Row(name=n) for n in names])
    )
    with any_database.connect() as conn:
        report = run_checks(conn, registry=trusted(check), facilities={"names": ["a", "b"]})
    assert [finding.target.name for finding in report.findings] == ["a", "b"]


class SpeechlessError(Exception):
    def __str__(self):
        raise ValueError("no words")


def judging(raised=None, **parts):
    """A judge that raises, or gives one finding whose parts are these."""

    def judge(rows, seen):
        if raised is not None:
            raise raised
        finding = {"severity": Severity.INFO, "target": Target("table", "public", "t"), "message": "It is wrong."}
        return [Finding(**{**finding, **parts})]

    return judge


FAULTY = {
    "a column that Row lacks": make_check("faulty", "SELECT 1 AS other"),
    "a judge that raises": make_check("faulty", "SELECT 'x'::text AS name", judge=lambda rows, seen: 1 / 0),
    "a judge that gives nonsense": make_check("faulty", "SELECT 'x'::text AS name", judge=lambda rows, seen: [42]),
    "no rows at all": make_check("faulty", "SET LOCAL jit = off"),
    **{
        what: make_check("faulty", "SELECT 'x'::text AS name", judge=judge)
        for what, judge in {
            "an error without words": judging(SpeechlessError()),
            "a judge that gives None": lambda rows, seen: None,
            "a message that is no text": judging(message=None),
            "a fix that is no text": judging(fix=5),
            "a confidence that is no number": judging(confidence="high"),
            "a target without a name": judging(target=Target("table", "public", None)),
            "a schema that is no text": judging(target=Target("table", 5, "t")),
        }.items()
    },
}


@pytest.mark.parametrize("check", FAULTY.values(), ids=FAULTY.keys())
def test_a_checks_own_fault_is_its_result(check, any_database, caplog):
    with any_database.connect() as conn:
        report = run_checks(conn, registry=trusted(check, QUIET))
    assert outcomes(report) == {"faulty": "failed", "quiet": "clean"}
    assert "the check itself is at fault" in report["made.faulty"].reason
    assert pgops.Report.from_json(report.to_json()).to_text()


def test_a_strangers_check_does_not_end_the_program(any_database):
    leaving = make_check("leaving", "SELECT 'x'::text AS name", judge=judging(SystemExit(3)))
    with any_database.connect() as conn:
        report = run_checks(conn, registry=untrusted(leaving, QUIET))
        assert outcomes(report) == {"leaving": "failed", "quiet": "clean"}
        assert "sys.exit(3)" in report["made.leaving"].reason
        with pytest.raises(SystemExit):  # one of ours never does: it is the program, told to end
            run_checks(conn, registry=trusted(leaving))
