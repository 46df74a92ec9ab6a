"""Which sessions are found, and what is said of those that can't be looked at."""

from __future__ import annotations

import json
import math
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from pgops.actions import list_sessions
from pgops.errors import NotListedError, WrongConnectionError
from tests.checks.sessions import pid_of, role, sessions_of

SLEEP = "SELECT pg_sleep(300) /* Sleepy */"


def test_each_filter_finds_its_sessions(any_server, any_database):
    with role(any_server, "o'brien.x") as brian, sessions_of(any_database) as sessions:
        active = sessions.start(
            SLEEP, sessions.open(user=brian, application_name="job 100%"), until="wait_event = 'PgSleep'"
        )
        in_transaction = sessions.open(application_name="web", autocommit=False)
        in_transaction.execute("CREATE TABLE made (a int)")
        idle = sessions.open(application_name="idler")
        idle.execute("SELECT 'Sleepy once'")
        names = {pid_of(active): "active", pid_of(in_transaction): "in transaction", pid_of(idle): "idle"}
        names[pid_of(sessions.observer)] = "itself"
        here = {"database": any_database.name}

        cases: dict[str, tuple[dict[str, Any], set[str]]] = {
            "neither idle nor itself": (here, {"active", "in transaction"}),
            "a part of the query in another case": ({"query": "sleepy", **here}, {"active"}),
            "what LIKE and regular expressions would heed": ({"query": "pg_sleep(300) /*", **here}, {"active"}),
            "a regular expression": ({"query": r"pg_sleep\(\d+\)", "regex": True, **here}, {"active"}),
            "the last query of an idle one": (
                {"query": "sleepy", "state": ["idle", "active"], **here},
                {"active", "idle"},
            ),
            "a hostile user": ({"user": brian}, {"active"}),
            "an application": ({"application": ["web", "job 100%"]}, {"active", "in transaction"}),
            "a state": ({"state": "idle", **here}, {"idle"}),
            "an old query": ({"min_age_s": 3600, **here}, set()),
            "a transaction of any age": ({"min_transaction_s": 0, "application": "web"}, {"in transaction"}),
            "pids, idle or itself": ({"pids": list(names), "itself": True}, set(names.values())),
            "pids are bound by the other filters too": (
                {"pids": list(names), "application": "web"},
                {"in transaction"},
            ),
            "another database": ({"database": "postgres", "application": "web"}, set()),
            "no pids": ({"pids": []}, set()),
        }
        for name, (filters, expected) in cases.items():
            found = list_sessions(sessions.observer, **filters)
            assert {names.get(each.pid, each.pid) for each in found} == expected, name
            assert found.hidden == (), name

        (seen,) = list_sessions(sessions.observer, application="web")
        assert (seen.state, seen.has_written, seen.is_own, seen.query) == (
            "idle in transaction",
            True,
            False,
            "CREATE TABLE made (a int)",
        )


def test_wrong_filters_and_connections_are_told_from_no_session(sessions):
    cases: list[dict[str, Any]] = [
        {"query": "[", "regex": True},
        {"query": "a\0b"},
        {"user": "a\0b"},
        {"pids": [2**40]},
    ]
    for filters in cases:
        with pytest.raises(NotListedError):
            list_sessions(sessions.observer, **filters)
    for wrong in ({"limit": -1}, {"query_chars": -1}, {"min_age_s": math.nan}, {"min_transaction_s": math.nan}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            list_sessions(sessions.observer, **wrong)
    one = sessions.open(application_name="one word is not its letters")
    assert list_sessions(sessions.observer, state="idle", include="client backend").of(pid_of(one))
    failed = sessions.open(autocommit=False)
    with pytest.raises(psycopg.errors.DivisionByZero):
        failed.execute("SELECT 1/0")
    with pytest.raises(WrongConnectionError, match="transaction has failed"):
        list_sessions(failed)


def test_what_is_hidden_is_counted_and_not_taken_for_no_answer(any_server, any_database):
    with role(any_server, "bare") as bare, sessions_of(any_database) as sessions:
        hidden = sessions.start(SLEEP, until="wait_event = 'PgSleep'")
        own = sessions.start(SLEEP, sessions.open(user=bare), until="wait_event = 'PgSleep'")
        with any_database.connect(user=bare) as conn:
            found = list_sessions(conn, query="sleepy", database=any_database.name)
            assert [each.pid for each in found] == [pid_of(own)]
            assert pid_of(hidden) in found.hidden
            assert "could not be looked at" in found.to_text()
            # An empty answer about others is none either; what can be seen to be another's is no secret.
            assert pid_of(hidden) in list_sessions(conn, state="idle in transaction").hidden
            assert pid_of(hidden) not in list_sessions(conn, user=bare).hidden


def test_the_connection_is_left_as_it_was_and_sees_what_is_new(any_database, sessions):
    with any_database.connect(autocommit=False, row_factory=dict_row, client_encoding="LATIN1") as conn:
        conn.execute("SET DateStyle = 'SQL, DMY'; SET search_path = 'public'")
        conn.commit()
        assert list_sessions(conn, application="late").sessions == ()
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        conn.execute("SET LOCAL stats_fetch_consistency = 'snapshot'; SELECT count(*) FROM pg_stat_activity")
        late = sessions.open(application_name="late", autocommit=False)
        late.execute("SELECT 'Zażółć 日本'")
        (seen,) = list_sessions(conn, application="late", query="zażółć 日本")
        assert seen.query == "SELECT 'Zażółć 日本'"
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        settings = conn.execute(
            "SELECT current_setting('DateStyle') AS d, current_setting('search_path') AS s"
        ).fetchone()
        assert settings == {"d": "SQL, DMY", "s": "public"}
        assert conn.info.encoding == "iso8859-1"


@pytest.fixture
def encoded(any_server):
    """Databases in an encoding and in none."""
    names = {"LATIN1": "in_latin1", "SQL_ASCII": "in_none"}
    with any_server.connect() as conn:
        for encoding, name in names.items():
            conn.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
        yield names
        for name in names.values():
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_texts_of_other_encodings(any_server, sessions, encoded):
    with any_server.connect(encoded["LATIN1"], autocommit=False, client_encoding="UTF8") as other:
        other.execute("SELECT 'é', 'needle'")
        listed = list_sessions(sessions.observer, database=encoded["LATIN1"])
        assert [each.query for each in listed] == ["(not shown: the database has another encoding)"]
        searched = list_sessions(sessions.observer, database=encoded["LATIN1"], query="needle")
        assert (searched.sessions, searched.hidden) == ((), (pid_of(other),))
        # A database without an encoding takes every text as it comes.
        with any_server.connect(encoded["SQL_ASCII"]) as conn:
            (seen,) = list_sessions(conn, database=encoded["LATIN1"], query="needle")
            assert seen.query == "SELECT '\\xe9', 'needle'"


def test_what_is_shown_acts_on_no_terminal_and_tells_no_password(sessions):
    hostile = sessions.open(autocommit=False)
    hostile.execute("SELECT 'a\x1b[2Jb\u202ec',\n 1")
    secret = sessions.open(autocommit=False, application_name="secretive")
    secret.execute("SELECT 'postgres://ann:hunter2@db/shop'")
    found = list_sessions(sessions.observer, pids=[pid_of(hostile), pid_of(secret)])
    text = found.to_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text
    assert "hunter2" not in text + found.to_json()
    facts = json.loads(found.to_json())
    assert facts["schema"] == "pgops.sessions/1"
    assert len(facts["sessions"]) == 2
    assert len(list_sessions(sessions.observer, pids=found.asked["pids"], limit=1)) == 1
    assert list_sessions(sessions.observer, pids=found.asked["pids"], limit=1).more == 1
