"""The graph of locks.blocking_chain, its verdict and its picture, by hand-made rows: no server is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from pgops.checks.api import Seen
from pgops.checks.lock_waits import chains, key_of
from pgops.checks.locks.blocking_chain import Limits, Row, judge, tree
from pgops.db.server import Server
from tests.checks.sessions import nodes

if TYPE_CHECKING:
    from pgops.findings import Finding


SERVER = Server(
    version=180000,
    database="shop",
    user="postgres",
    now=datetime(2026, 1, 1, tzinfo=UTC),
    in_recovery=False,
    is_superuser=True,
    encoding="UTF8",
)


def row(pid: int | None, *blockers: int | str, gid: str | None = None, waited_s: float = 1.0) -> Row:
    return Row(
        pid=pid,
        gid=gid,
        blocked_by=[each for each in blockers if isinstance(each, int)],
        blocked_by_prepared=[each for each in blockers if isinstance(each, str)],
        waited_s=waited_s if blockers else None,
        lock_type="relation",
        lock_mode="AccessShareLock",
        relation_schema="public",
        relation="t",
        own=False,
        user="app",
        database="shop",
        application="",
        backend_type="client backend",
        state="active",
        state_age_s=1.0,
        transaction_age_s=1.0,
        query_id=None,
        query="SELECT 1",
    )


GRAPHS: dict[str, tuple[list[Row], dict[int | str, set[int | str]]]] = {
    "nothing": ([], {}),
    "one waits for one": ([row(1), row(2, 1)], {1: {2}}),
    "a chain": ([row(3, 2), row(2, 1), row(1)], {1: {2, 3}}),
    "two roots of one waiter": ([row(1), row(2), row(3, 1, 2), row(4, 3)], {1: {3, 4}, 2: {3, 4}}),
    "prepared transaction": ([row(None, gid="g"), row(2, "g")], {"g": {2}}),
    "a gid that looks like a pid": ([row(None, gid="7"), row(7), row(8, 7), row(9, "7")], {"7": {9}, 7: {8}}),
    "a ring": ([row(1, 2), row(2, 1)], {1: {2}}),
    "a ring with one behind it": ([row(1, 2), row(2, 1), row(3, 2)], {1: {2, 3}}),
    "a ring that also waits for a root": ([row(1, 2), row(2, 1, 9), row(9)], {9: {1, 2}}),
    "two rings": ([row(1, 2), row(2, 1), row(3, 4), row(4, 3)], {1: {2}, 3: {4}}),
    "a blocker that is not in the rows": ([row(1, 99)], {}),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_chains(name: str) -> None:
    rows, expected = GRAPHS[name]
    found = {key_of(chain.root): {key_of(each) for each in chain.waiters} for chain in chains(rows)}
    assert found == expected
    assert len(tree(rows)) == len(expected)


def test_ring_names_its_members_only() -> None:
    (chain,) = chains([row(1, 2), row(2, 3), row(3, 2), row(4, 1)])
    assert {each.pid for each in chain.ring} == {2, 3}


def test_chain_that_holds_up_most_comes_first() -> None:
    assert [chain.root.pid for chain in chains([row(1), row(2, 1), row(3), row(4, 3), row(5, 4)])] == [3, 1]


def test_queue_in_which_each_waits_for_all_before_it_is_drawn_once() -> None:
    rows = [row(1), *(row(pid, *range(1, pid)) for pid in range(2, 301))]
    assert nodes(tree(rows)) == 300


def test_many_roots_of_many_waiters_stay_a_tree_that_can_be_read() -> None:
    rows = [*(row(pid) for pid in range(1, 101)), *(row(pid, *range(1, pid)) for pid in range(101, 201))]
    found = chains(rows)
    assert len(found) == 100
    assert all(len(chain.waiters) == 100 for chain in found)
    assert nodes(tree(rows)) < 1_500


def test_chain_of_thousands_needs_no_recursion() -> None:
    rows = [row(1), *(row(pid, pid - 1) for pid in range(2, 3_001))]
    (drawn,) = tree(rows)
    depth = 0
    while drawn.children:
        (drawn,) = drawn.children
        depth += 1
    assert depth == 2_999


# --- the verdict ------------------------------------------------------------------------------------------------------

AUTOVACUUM = {"backend_type": "autovacuum worker", "user": None, "state": "active"}
CANCEL, TERMINATE = "SELECT pg_catalog.pg_cancel_backend(1);", "SELECT pg_catalog.pg_terminate_backend(1);"

ROOTS: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "at work": ({"state": "active"}, CANCEL, "makes its transaction fail"),
    "idle in transaction": ({"state": "idle in transaction"}, TERMINATE, "nothing that could be cancelled"),
    "aborted": ({"state": "idle in transaction (aborted)"}, TERMINATE, "nothing that could be cancelled"),
    "idle, with an advisory lock": ({"state": "idle", "transaction_age_s": None}, TERMINATE, "closes its connection"),
    "hides its activity": ({"state": "disabled"}, TERMINATE, "closes its connection"),
    "the session that asks": ({"own": True}, None, "end its transaction there"),
    "autovacuum": ({**AUTOVACUUM, "query": "autovacuum: VACUUM public.t"}, CANCEL, "starts again later"),
    "autovacuum against wraparound": (
        {**AUTOVACUUM, "query": "autovacuum: VACUUM public.t (to prevent wraparound)"},
        None,
        "cancel those who wait",
    ),
    "recovery of a standby": (
        {"backend_type": "startup", "user": None, "database": None, "state": None},
        None,
        "no client",
    ),
    "subscription": ({"backend_type": "logical replication worker"}, None, "no client"),
}


@pytest.mark.parametrize("name", ROOTS)
def test_remedy_fits_the_root(name: str) -> None:
    changes, fix, caution = ROOTS[name]
    seen = Seen(limits=Limits(), server=SERVER, now=SERVER.now)
    found: list[Finding] = list(judge([attrs.evolve(row(1), **changes), row(2, 1)], seen))
    assert [finding.fix for finding in found] == [fix]
    assert caution in found[0].message
    assert "None" not in found[0].message
