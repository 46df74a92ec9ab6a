"""locks.blocking_chain and locks.abandoned_prepared_transaction: real sessions that block one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pgops.checks.lock_waits import key_of
from pgops.checks.locks.abandoned_prepared_transaction import CHECK as PREPARED
from pgops.checks.locks.blocking_chain import CHECK, tree
from pgops.checks.report import Outcome
from pgops.findings import Severity
from pgops.render.document import Document
from pgops.render.html import to_html
from pgops.render.text import to_text
from pgops.scratch import fresh_database, restart_server, start_server
from tests.checks.sessions import Sessions, ask, nodes, pid_of, role, sessions_of
from tests.servers import SETTINGS

LIVE = ("locks.blocking_chain",)
"""Whose faults no script can plant: the tests below make the real trouble."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.scratch import ScratchDatabase, ScratchServer

HOSTILE = 'it\'s "a" 100% {pid} \\ <script>'


@pytest.fixture
def sessions(database: ScratchDatabase) -> Iterator[Sessions]:
    with sessions_of(database) as opened:
        opened.observer.execute("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)")
        yield opened


def text_of(rows: Sequence[Any]) -> str:
    return to_text(Document("locks", blocks=tree(rows)), width=200)


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_nobody_waits(sessions: Sessions) -> None:
    sessions.open().execute("BEGIN; LOCK TABLE t")
    result = ask(sessions.observer, CHECK)
    assert (result.outcome, result.rows) == (Outcome.CLEAN, ())


def test_root_and_waiters_at_any_depth(sessions: Sessions) -> None:
    root = sessions.open(application_name=HOSTILE)
    root.execute("BEGIN; UPDATE t SET v = 1 WHERE id = 1")
    writer = sessions.start("UPDATE t SET v = 2 WHERE id = 1")
    alter = sessions.start("ALTER TABLE t ADD w int")
    reader = sessions.start(f"SELECT * FROM t -- {HOSTILE}")

    result = ask(sessions.observer, CHECK)

    by_pid = {row.pid: row for row in result.rows}
    assert by_pid[pid_of(root)].blocked_by == ()
    assert by_pid[pid_of(writer)].blocked_by == (pid_of(root),)
    assert set(by_pid[pid_of(alter)].blocked_by) == {pid_of(root), pid_of(writer)}
    assert by_pid[pid_of(reader)].blocked_by == (pid_of(alter),)
    assert all(row.waited_s > 0 for row in result.rows if row.blocked_by)
    # The first who waits for a row holds its tuple lock, which tells the table.
    assert {(row.relation_schema, row.relation) for row in result.rows if row.blocked_by} == {("public", "t")}

    (finding,) = result.findings
    assert finding.severity is Severity.CRITICAL
    assert (finding.target.kind, finding.target.name, finding.target.sub) == (
        "session",
        "postgres",
        sessions.database.name,
    )
    assert finding.target.also[0] == HOSTILE
    assert "holds up 3 sessions over public.t" in finding.message
    assert "idle in transaction" in finding.message
    assert finding.details["waiting_pids"] == [pid_of(each) for each in (writer, alter, reader)]
    assert "<script>" not in to_html(Document("locks", blocks=tree(result.rows)))

    assert finding.fix == f"SELECT pg_catalog.pg_terminate_backend({pid_of(root)});"
    sessions.observer.execute(finding.fix)
    sessions.finished()
    assert ask(sessions.observer, CHECK).outcome is Outcome.CLEAN


def test_tree_draws_each_below_whom_it_waits_for(sessions: Sessions) -> None:
    root = sessions.open()
    root.execute("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    alter = sessions.start("ALTER TABLE t ADD w int")
    readers = [sessions.start("TABLE t"), sessions.start("TABLE t")]

    (drawn,) = tree(ask(sessions.observer, CHECK).rows)

    assert str(pid_of(root)) in str(drawn.label)
    (second,) = drawn.children
    assert str(pid_of(alter)) in str(second.label)
    assert [str(pid_of(reader)) in str(leaf.label) for reader, leaf in zip(readers, second.children, strict=True)] == [
        True,
        True,
    ]


def test_waiter_with_two_roots_is_in_both_chains(sessions: Sessions) -> None:
    roots = [sessions.open(), sessions.open()]
    for root in roots:
        root.execute("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    alter = sessions.start("ALTER TABLE t ADD w int")
    sessions.start("TABLE t")

    result = ask(sessions.observer, CHECK)

    assert {finding.details["pid"] for finding in result.findings} == {pid_of(root) for root in roots}
    assert all(len(finding.details["waiting_pids"]) == 2 for finding in result.findings)
    assert len({finding.fingerprint for finding in result.findings}) == 2
    assert text_of(result.rows).count(f"{pid_of(alter)}, shown above") == 1


def test_root_at_work_is_cancelled(sessions: Sessions) -> None:
    root = sessions.start("LOCK TABLE t; SELECT pg_sleep(600)", until="wait_event = 'PgSleep'")
    sessions.start("TABLE t")
    (finding,) = ask(sessions.observer, CHECK).findings
    assert finding.fix == f"SELECT pg_catalog.pg_cancel_backend({pid_of(root)});"
    sessions.observer.execute(finding.fix)
    sessions.finished()
    assert ask(sessions.observer, CHECK).outcome is Outcome.CLEAN


def test_advisory_lock_of_an_idle_session(sessions: Sessions) -> None:
    root = sessions.open()
    root.execute("SELECT pg_advisory_lock(1, 2)")
    sessions.start("SELECT pg_advisory_lock(1, 2)")
    result = ask(sessions.observer, CHECK)
    (finding,) = result.findings
    assert finding.fix == f"SELECT pg_catalog.pg_terminate_backend({pid_of(root)});"
    assert [(row.lock_type, row.relation) for row in result.rows if row.blocked_by] == [("advisory", None)]


def test_session_that_asks_is_no_victim_of_its_own_remedy(sessions: Sessions) -> None:
    asking = sessions.open()
    asking.execute("BEGIN; LOCK TABLE t")
    sessions.start("TABLE t")
    (finding,) = ask(asking, CHECK).findings
    assert finding.fix is None
    assert "It is the session that asks" in finding.message


def test_chain_of_another_database(sessions: Sessions, server: ScratchServer) -> None:
    root = sessions.open()
    root.execute("BEGIN; LOCK TABLE t")
    sessions.start("TABLE t")
    with server.connect() as elsewhere:
        result = ask(elsewhere, CHECK)
    (finding,) = result.findings
    assert finding.target.sub == sessions.database.name
    assert [row.relation for row in result.rows if row.blocked_by] == [None]  # its name is in the other catalogue


@pytest.mark.parametrize(
    ("limits", "outcome", "severity"),
    [
        ({}, Outcome.FOUND, Severity.CRITICAL),
        ({"crit_s": 3600.0}, Outcome.FOUND, Severity.WARNING),
        ({"warn_s": 3600.0, "crit_s": 3600.0}, Outcome.CLEAN, None),
    ],
    ids=["any chain is critical", "a warning at first", "too short to tell"],
)
def test_limits(sessions: Sessions, limits: dict[str, float], outcome: Outcome, severity: Severity | None) -> None:
    sessions.open().execute("BEGIN; LOCK TABLE t")
    sessions.start("TABLE t")
    result = ask(sessions.observer, CHECK, **limits)
    assert result.outcome is outcome
    assert [finding.severity for finding in result.findings] == ([severity] if severity else [])
    assert len(result.rows) == 2


def test_deadlock_that_the_server_has_not_seen_yet(sessions: Sessions) -> None:
    one, other = sessions.open(), sessions.open()
    for conn, row in ((one, 1), (other, 2)):
        conn.execute(f"SET deadlock_timeout = '1h'; BEGIN; UPDATE t SET v = 1 WHERE id = {row}")
    sessions.start("UPDATE t SET v = 2 WHERE id = 2", one)
    sessions.start("UPDATE t SET v = 2 WHERE id = 1", other)
    behind = sessions.start("BEGIN; LOCK TABLE t")

    result = ask(sessions.observer, CHECK)

    (finding,) = result.findings
    assert "a deadlock" in finding.message
    assert f"{pid_of(one)}" in finding.message
    assert f"{pid_of(other)}" in finding.message
    assert pid_of(behind) in finding.details["waiting_pids"]
    assert nodes(tree(result.rows)) == 3
    sessions.observer.execute(finding.fix or "")
    assert "a deadlock" not in "".join(finding.message for finding in ask(sessions.observer, CHECK).findings)


PARALLEL = """
    SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
    SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = on;
"""


def _with_workers(sessions: Sessions, table: str) -> None:
    sessions.observer.execute(
        f"CREATE TABLE {table} AS SELECT i, repeat('x', 1000) AS pad FROM generate_series(1, 2000) AS i;ANALYZE {table}"
    )


def test_parallel_query_is_one_blocker(sessions: Sessions) -> None:
    _with_workers(sessions, "big")
    leader = sessions.open()
    leader.execute(PARALLEL)
    sessions.start("SELECT count(pg_sleep(0.5)) FROM big", leader, until="state = 'active'")
    sessions.wait(f"SELECT count(*) FROM pg_stat_activity WHERE leader_pid = {pid_of(leader)}", 2)
    alter = sessions.start("ALTER TABLE big ADD w int")

    result = ask(sessions.observer, CHECK)

    waiting = next(row for row in result.rows if row.pid == pid_of(alter))
    assert waiting.blocked_by == (pid_of(leader),)
    (finding,) = result.findings
    assert finding.fix == f"SELECT pg_catalog.pg_cancel_backend({pid_of(leader)});"


def test_parallel_query_is_one_waiter(sessions: Sessions) -> None:
    _with_workers(sessions, "big")
    sessions.observer.execute(
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql PARALLEL SAFE VOLATILE"
        " AS 'BEGIN RETURN (SELECT count(*) FROM public.t); END'"
    )
    root = sessions.open()
    root.execute("BEGIN; LOCK TABLE t")
    leader = sessions.open()
    leader.execute(PARALLEL)
    sessions.start("SELECT count(*) FROM big WHERE i > f()", leader, until="state = 'active'")
    sessions.wait("SELECT count(*) > 1 FROM pg_locks WHERE NOT granted", True)

    result = ask(sessions.observer, CHECK)

    assert {row.pid: row.blocked_by for row in result.rows} == {pid_of(root): (), pid_of(leader): (pid_of(root),)}
    (waiting,) = [row for row in result.rows if row.blocked_by]
    assert (waiting.relation, waiting.backend_type) == ("t", "client backend")


def test_bare_role_is_skipped(sessions: Sessions, server: ScratchServer) -> None:
    with role(server, "locks_bare"), sessions.open(user="locks_bare") as conn:
        result = ask(conn, CHECK)
    assert result.outcome is Outcome.SKIPPED
    assert "GRANT pg_read_all_stats TO" in result.cure


# --- prepared transactions --------------------------------------------------------------------------------------------


def test_prepared_transaction_is_a_root(sessions: Sessions) -> None:
    conn = sessions.open()
    conn.execute("BEGIN; SAVEPOINT s; UPDATE t SET v = 1 WHERE id = 1; RELEASE s")
    conn.execute("PREPARE TRANSACTION 'it''s \"a\" 100% {gid} \\ <script>'")
    conn.execute("BEGIN; UPDATE t SET v = 1 WHERE id = 2")
    conn.execute("PREPARE TRANSACTION 'other'")
    writer = sessions.start("UPDATE t SET v = 2 WHERE id = 1")

    result = ask(sessions.observer, CHECK)

    assert {key_of(row): row.blocked_by_prepared for row in result.rows} == {
        'it\'s "a" 100% {gid} \\ <script>': (),
        pid_of(writer): ('it\'s "a" 100% {gid} \\ <script>',),
    }
    (finding,) = result.findings
    assert (finding.severity, finding.target.kind) == (Severity.CRITICAL, "prepared transaction")
    assert "may have promised to commit" in finding.message
    sessions.observer.execute((finding.fix or "").encode())
    sessions.finished()
    assert ask(sessions.observer, CHECK).outcome is Outcome.CLEAN


def test_only_the_prepared_transactions_in_conflict_are_roots(sessions: Sessions) -> None:
    conn = sessions.open()
    for gid, mode in (("reads", "ACCESS SHARE"), ("writes", "ROW EXCLUSIVE"), ("shares", "SHARE UPDATE EXCLUSIVE")):
        conn.execute(f"BEGIN; LOCK TABLE t IN {mode} MODE")
        conn.execute(f"PREPARE TRANSACTION '{gid}'")
    waiter = sessions.start("BEGIN; LOCK TABLE t IN SHARE MODE")
    result = ask(sessions.observer, CHECK)
    assert next(row for row in result.rows if row.pid == pid_of(waiter)).blocked_by_prepared == ("shares", "writes")
    assert {finding.target.name for finding in result.findings} == {"shares", "writes"}


def test_prepared_transaction_and_session_block_together(sessions: Sessions) -> None:
    conn = sessions.open()
    conn.execute("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    conn.execute("PREPARE TRANSACTION 'p'")
    root = sessions.open()
    root.execute("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE")
    waiter = sessions.start("ALTER TABLE t ADD w int")
    result = ask(sessions.observer, CHECK)
    waiting = next(row for row in result.rows if row.pid == pid_of(waiter))
    assert (waiting.blocked_by, waiting.blocked_by_prepared) == ((pid_of(root),), ("p",))
    assert len(result.findings) == 2


def test_prepared_transaction_is_a_root_after_a_restart(server: ScratchServer) -> None:
    with start_server(server.binaries, settings=SETTINGS) as own, fresh_database(own) as database:
        with database.connect() as conn:
            conn.execute("CREATE TABLE t (id int)")
            conn.execute("BEGIN; LOCK TABLE t")
            conn.execute("PREPARE TRANSACTION 'old'")
        restart_server(own)
        with sessions_of(database) as sessions:
            sessions.start("TABLE t")
            (finding,) = ask(sessions.observer, CHECK).findings
            assert finding.target.name == "old"
            assert ask(sessions.observer, PREPARED, warn_s=0.0).rows[0].locks > 0
            sessions.observer.execute(finding.fix or "")
            sessions.finished()


def test_abandoned_prepared_transaction(sessions: Sessions, server: ScratchServer) -> None:
    conn = sessions.open()
    conn.execute("BEGIN; UPDATE t SET v = 1")
    conn.execute("PREPARE TRANSACTION 'forgotten'")
    conn.execute("BEGIN; UPDATE t SET v = v WHERE FALSE; SELECT pg_current_xact_id()")
    conn.execute("PREPARE TRANSACTION 'pg_gid_16394_751'")

    assert ask(sessions.observer, PREPARED).outcome is Outcome.CLEAN

    result = ask(sessions.observer, PREPARED, warn_s=0.0)
    found = {finding.target.name: finding for finding in result.findings}
    assert found.keys() == {"forgotten", "pg_gid_16394_751"}
    assert {finding.severity for finding in result.findings} == {Severity.WARNING}
    assert found["pg_gid_16394_751"].fix is None
    assert "a subscription" in found["pg_gid_16394_751"].message
    assert all(row.here and row.locks > 0 for row in result.rows)
    assert {f.severity for f in ask(conn, PREPARED, warn_s=0.0, crit_s=0.0).findings} == {Severity.CRITICAL}

    with role(server, "locks_bare"), server.connect(user="locks_bare", dbname="postgres") as elsewhere:
        bare = ask(elsewhere, PREPARED, warn_s=0.0)
        assert len(bare.findings) == 2
        assert f"only in {sessions.database.name}" in bare.findings[0].message

    sessions.observer.execute(found["forgotten"].fix or "")
    assert [f.target.name for f in ask(conn, PREPARED, warn_s=0.0).findings] == ["pg_gid_16394_751"]
