"""`pgops sessions`: found, shown, agreed to, ended, and the exit code that says whether it was."""

from __future__ import annotations

import json
import signal

import pytest

from tests.checks.sessions import pid_of, role, sessions_of

YES = {"DB_CONFIRM": "YES"}
HEEDS_NO_CANCEL = (
    "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(300); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"
)


@pytest.fixture
def sessions(any_database):
    with sessions_of(any_database) as opened:
        yield opened


def test_listing(pgops_here, any_database, sessions):
    busy = sessions.open(autocommit=False, application_name="busy")
    busy.execute("SELECT 'a\x1b[2J' AS long_text")
    here = ("--database", any_database.name)
    shown = pgops_here("sessions", *here)
    assert (shown.code, shown.err) == (0, "")
    assert "idle in transaction" in shown.out
    assert "\\x1b[2J" in shown.out
    facts = pgops_here("sessions", "list", "--query", "LONG_", *here, "--json", DB_QUERY_TEXT_MAX_CHARS="6").json
    assert facts["schema"] == "pgops.sessions/1"
    assert [(each["pid"], each["query"]) for each in facts["sessions"]] == [(pid_of(busy), "SELECT")]


def test_ending_those_that_were_shown_and_agreed_to(pgops_here, sessions):
    idle = sessions.open(application_name="idler")
    unasked = pgops_here("sessions", "terminate", "--pid", str(pid_of(idle)))
    assert (unasked.code, unasked.out) == (3, "")
    assert "nobody has approved this" in unasked.err
    assert idle.execute("SELECT 1").fetchone() == (1,)

    ended = pgops_here("sessions", "terminate", "--application", "idler", "--state", "idle", "--json", **YES)
    assert ended.code == 0
    assert ended.json["schema"] == "pgops.endings/1"
    assert [(each["pid"], each["outcome"]) for each in ended.json["results"]] == [(pid_of(idle), "ended")]
    assert "pg_terminate_backend" in ended.err  # the proposal

    stubborn = sessions.start(HEEDS_NO_CANCEL, until="wait_event = 'PgSleep'")
    some = pgops_here("sessions", "cancel", "--pid", str(pid_of(stubborn)), "--wait", "0.1", **YES)
    assert some.code == 1
    assert "still there" in some.out


def test_ctrl_c_while_it_looks_says_what_was_done(pgops_here, sessions):
    noted = HEEDS_NO_CANCEL.replace("NULL", "PERFORM pg_advisory_lock(77)")
    stubborn = sessions.start(noted, until="wait_event = 'PgSleep'")
    args = ("sessions", "cancel", "--pid", str(pid_of(stubborn)), "--wait", "60", "--json")
    with pgops_here.with_env(**YES).started(*args) as running:
        sessions.wait("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND objid = 77", True)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 130
    assert [each["outcome"] for each in json.loads(out)["results"]] == ["unknown"]


def test_queues_for_locks(pgops_here, sessions):
    root = sessions.open()
    root.execute("SELECT pg_advisory_lock(7)")
    waiter = sessions.start("SELECT pg_advisory_lock(7)")
    shown = pgops_here("sessions", "blocking", "--json").json
    assert shown["schema"] == "pgops.blocking/1"
    assert [each["root"]["pid"] for each in shown["trees"]] == [pid_of(root)]
    resolved = pgops_here("sessions", "resolve", str(pid_of(waiter)), **YES)
    assert (resolved.code, "1 of 1 waiters released" in resolved.out) == (0, True)
    sessions.finished()


def test_what_is_no_answer_and_what_is_no_command(pgops_here, any_server, any_database, sessions):
    sessions.open(autocommit=False, application_name="seen").execute("SELECT 1")
    cases = {
        "all of them": (["terminate"], 2, "Say which sessions"),
        "no regular expression": (["--query", "[", "--regex"], 2, "can't read that regular expression"),
        "no session": (["terminate", "--pid", "1"], 3, "nothing was done"),
        "nothing to cancel": (["cancel", "--application", "seen"], 3, "no query that could be cancelled"),
    }
    for name, (args, code, words) in cases.items():
        ended = pgops_here("sessions", *args, **YES)
        assert (ended.code, words in ended.err) == (code, True), name
    assert pgops_here("sessions", DB_QUERY_TEXT_MAX_CHARS="many").code == 2
    with role(any_server, "bare") as bare:
        hidden = pgops_here("sessions", "--application", "seen", "--url", any_database.conninfo(user=bare))
        assert (hidden.code, "could not be looked at" in hidden.out) == (3, True)
