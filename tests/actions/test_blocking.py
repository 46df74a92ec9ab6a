"""Queues for locks: found, drawn, and resolved by ending their root."""

from __future__ import annotations

import pytest

from pgops.actions import Outcome, blocking_trees, propose_resolve, results_of
from pgops.actions.blocking import BlockingTree, blocking_document
from pgops.checks.lock_waits import chains
from pgops.errors import NotListedError
from pgops.render.text import iter_text
from tests.checks.sessions import pid_of, role, sessions_of
from tests.checks.test_lock_waits import row

TABLE = 'CREATE TABLE "a b" (id int PRIMARY KEY, v int); INSERT INTO "a b" VALUES (1, 1), (2, 2)'


def update(key: int) -> str:
    return f'UPDATE "a b" SET v = v + 1 WHERE id = {key}'


@pytest.fixture
def queue(sessions):
    """A root that is idle in its transaction, one who waits for it, and one who waits for that one."""
    sessions.observer.execute(TABLE)
    root, middle, last = (sessions.open(autocommit=False) for _ in range(3))
    root.execute(update(1))
    middle.execute(update(2))
    sessions.start(update(1), middle)
    sessions.start(update(2), last)
    return root, middle, last


def apply(proposal, conn, **more):
    return results_of(proposal.apply(conn, approval=proposal.approve(by="ann"), **more))


@pytest.mark.outer_versions
def test_ending_the_root_releases_who_waited(database):
    with sessions_of(database) as sessions:
        sessions.observer.execute(TABLE)
        root = sessions.open(autocommit=False)
        root.execute('LOCK TABLE "a b"')
        waiting = [sessions.start('TABLE "a b"') for _ in range(3)]
        (tree,) = blocking_trees(sessions.observer)
        assert tree.root.pid == pid_of(root)
        assert {each.pid for each in tree.waiters} == {pid_of(each) for each in waiting}
        assert tree.relations == ('public."a b"',)
        assert tree.waited_s > 0
        endings = apply(propose_resolve(sessions.observer, tree), sessions.observer)
        assert [each.outcome for each in endings] == [Outcome.ENDED]
        assert endings.summary == "1 ended; 3 of 3 waiters released"
        sessions.finished()
        assert blocking_trees(sessions.observer) == ()


def test_a_chain_is_resolved_by_its_root_whoever_is_named(sessions, queue):
    root, middle, last = queue
    (tree,) = blocking_trees(sessions.observer)
    assert tree.pids == (pid_of(root), pid_of(middle), pid_of(last))
    text = tree.to_text()
    assert str(pid_of(last)) in text
    with pytest.raises(NotListedError, match="idle in transaction"):
        propose_resolve(sessions.observer, tree, by="cancel")
    proposal = propose_resolve(sessions.observer, pid_of(last))
    assert [each.pid for each in proposal.sessions] == [pid_of(root)]
    endings = apply(proposal, sessions.observer)
    assert endings[0].outcome is Outcome.ENDED
    # The one in the middle has its lock now, and keeps its transaction open: the last one waits on.
    assert (endings.released, endings.waiters, endings.still_waiting) == (1, 2, (pid_of(last),))
    # What was proposed is done: the root is gone, and nobody else is hit.
    assert apply(proposal, sessions.observer)[0].outcome is Outcome.GONE


def test_a_root_that_blocks_nobody_any_more_is_left_alone(sessions, queue):
    root, middle, last = queue
    proposal = propose_resolve(sessions.observer, pid_of(middle))
    root.commit()
    sessions.wait(f"SELECT cardinality(pg_blocking_pids({pid_of(middle)}))", 0)
    root.execute("SELECT 1")  # another transaction of the same session
    (result,) = apply(proposal, sessions.observer)
    assert result.outcome is Outcome.MOVED_ON
    assert root.execute("SELECT 2").fetchone() == (2,)
    with pytest.raises(NotListedError, match="neither waits for a lock nor keeps anyone waiting"):
        propose_resolve(sessions.observer, pid_of(root))
    # The root is another now: one that is idle, too, and not the one that waits for it.
    assert [each.pid for each in propose_resolve(sessions.observer, pid_of(last)).sessions] == [pid_of(middle)]


def test_a_root_at_work_can_be_cancelled(sessions):
    sessions.observer.execute(TABLE)
    root = sessions.start("SELECT pg_advisory_xact_lock(1), pg_sleep(300)", until="wait_event = 'PgSleep'")
    sessions.start("SELECT pg_advisory_lock(1)")
    endings = apply(propose_resolve(sessions.observer, pid_of(root), by="cancel"), sessions.observer)
    assert (endings[0].outcome, endings.released) == (Outcome.CANCELLED, 1)
    sessions.finished()


def test_a_prepared_transaction_is_ended_by_no_signal(sessions):
    sessions.observer.execute(TABLE)
    sessions.observer.execute("BEGIN")
    sessions.observer.execute(update(1))
    sessions.observer.execute("PREPARE TRANSACTION 'it''s\n2pc'")
    try:
        waiter = sessions.start(update(1))
        (tree,) = blocking_trees(sessions.observer)
        assert (tree.root.pid, tree.root.gid) == (None, "it's\n2pc")
        with pytest.raises(NotListedError, match=r"ROLLBACK PREPARED E?'it''s"):
            propose_resolve(sessions.observer, pid_of(waiter))
    finally:
        sessions.observer.execute("ROLLBACK PREPARED 'it''s\n2pc'")


def test_what_a_bare_role_sees(any_server, any_database, sessions, queue):
    root, middle, last = queue
    with role(any_server, "bare") as bare, any_database.connect(user=bare) as conn:
        (tree,) = blocking_trees(conn)
        assert tree.pids == (pid_of(root), pid_of(middle), pid_of(last))
        with pytest.raises(NotListedError, match="is hidden from this role"):
            propose_resolve(conn, tree)


def test_the_session_that_asks_may_be_the_root(sessions):
    sessions.observer.execute("SELECT pg_advisory_lock(2)")
    waiter = sessions.start("SELECT pg_advisory_lock(2)")
    with pytest.raises(NotListedError, match="the one that asks"):
        propose_resolve(sessions.observer, pid_of(waiter))
    sessions.observer.execute("SELECT pg_advisory_unlock(2)")
    sessions.finished()


def test_a_lock_of_the_session_outlives_a_cancelled_query(sessions):
    root = sessions.open()
    root.execute("SELECT pg_advisory_lock(3)")
    sessions.start("SELECT pg_sleep(300)", root, until="wait_event = 'PgSleep'")
    waiter = sessions.start("SELECT pg_advisory_lock(3)")
    proposal = propose_resolve(sessions.observer, pid_of(waiter), by="cancel")
    assert any("Advisory locks" in risk for risk in proposal.risks)
    endings = apply(proposal, sessions.observer, wait_s=0.1)
    assert (endings[0].outcome, endings.still_waiting) == (Outcome.CANCELLED, (pid_of(waiter),))


def test_a_deadlock_is_one_tree():
    (chain,) = chains([row(1, 2), row(2, 1), row(3, 2)])
    tree = BlockingTree(root=chain.root, waiters=chain.waiters, ring=chain.ring)
    assert sorted(tree.pids) == [1, 2, 3]
    assert tree.to_facts()["ring"] in ([1, 2], [2, 1])
    text = "".join(iter_text(blocking_document([tree])))
    assert text.startswith("3 sessions wait for locks")
    assert "a deadlock" in text
