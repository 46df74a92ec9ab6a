"""Queues for locks, each under its root, and ending the root: nothing else lets the others go on.

The graph is that of the check locks.blocking_chain. A root may be a prepared transaction: no session holds it, so no
signal ends it; what does is said in words.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from pgops.actions.listing import list_sessions
from pgops.actions.proposing import EndingProposal, How, nothing_to_cancel, proposal_for
from pgops.actions.refusals import listed_sessions, refuse
from pgops.actions.session import SessionSeen, Waiter
from pgops.checks.api import Requires
from pgops.checks.calls import run_checks
from pgops.checks.lock_waits import Chain, chains
from pgops.checks.locks import blocking_chain
from pgops.checks.locks.blocking_chain import Row
from pgops.checks.registry import Registry
from pgops.checks.sessions import roll_back_prepared
from pgops.db.callers_connection import refuse_unfit
from pgops.errors import NotListedError
from pgops.findings import Target, as_json, as_tuple
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import psycopg

    from pgops.render.document import Document

BLOCKING = "pgops.blocking/1"

# Whoever may not see the sessions of others does see who waits for whom.
_CHECK = attrs.evolve(blocking_chain.CHECK, requires=Requires())


@attrs.frozen(kw_only=True)
class BlockingTree:
    """A root, and all who wait for it directly or behind others; rows of locks.blocking_chain."""

    root: Row
    waiters: tuple[Row, ...] = attrs.field(converter=as_tuple)
    """The one who has waited longest first."""
    ring: tuple[Row, ...] = attrs.field(default=(), converter=as_tuple)
    """The sessions of a deadlock, of which the root is one; else empty."""
    sessions: tuple[SessionSeen, ...] = attrs.field(default=(), converter=as_tuple)
    """Its sessions as they were listed right after; those that are hidden are missing."""

    @property
    def waited_s(self) -> float:
        """How long the one who has waited longest has waited."""
        return Chain(root=self.root, waiters=self.waiters, ring=self.ring).waited_s

    @property
    def relations(self) -> tuple[str, ...]:
        """What is waited for, as far as it is a relation of this database: qualified and quoted."""
        names = {Target("table", each.relation_schema, each.relation).sql for each in self.waiters if each.relation}
        return tuple(sorted(names))

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of all its sessions, the root's first."""
        return tuple(each.pid for each in (self.root, *self.waiters) if each.pid is not None)

    def session_of(self, pid: int | None) -> SessionSeen | None:
        """The session with that process id, unless it is hidden or has ended."""
        return next((each for each in self.sessions if each.pid == pid), None)

    def to_document(self) -> Document:
        """The tree for people, through any writer."""
        return blocking_document([self])

    def to_text(self) -> str:
        """The tree as plain text; nothing in it acts on a terminal."""
        from pgops.render.text import iter_text  # noqa: PLC0415  only who draws pays for it

        return "".join(iter_text(self.to_document()))

    def to_facts(self) -> dict[str, Any]:
        """The tree as JSON types."""
        facts: dict[str, Any] = as_json(
            {
                "root": attrs.asdict(self.root),
                "waiters": [attrs.asdict(each) for each in self.waiters],
                "ring": [each.pid for each in self.ring],
                "waited_s": self.waited_s,
                "relations": self.relations,
            }
        )
        return facts


def blocking_trees(conn: psycopg.Connection[Any]) -> tuple[BlockingTree, ...]:
    """Who keeps whom waiting for a lock now, a tree for each root, the one that holds up most sessions first.

    Whoever waits for two roots stands in both trees. The wait has to be going on: nothing remembers it afterwards.
    Without the rights of pg_read_all_stats the trees are whole, and states and queries of others are None.

    Raises `NotListedError` where the locks can't be read, `WrongConnectionError`, and psycopg's errors. Manual: section
    13.3 "Explicit Locking"; pg_blocking_pids in section 9.27.
    """
    refuse_unfit(conn)
    result = run_checks(conn, [_CHECK], registry=Registry.of([_CHECK])).results[0]
    if not result.outcome.answered or result.truncated:
        why = result.reason or f"there are more than {len(result.rows)}"
        raise NotListedError(
            f"Who waits for whom can't be read: {why}.", cure="See whether the connection still works."
        )
    found = chains(result.rows)
    pids = {row.pid for row in result.rows if row.pid is not None}
    sessions = list_sessions(conn, pids=pids, itself=True) if pids else ()
    return tuple(_tree(chain, sessions) for chain in found)


def _tree(chain: Chain, sessions: Iterable[SessionSeen]) -> BlockingTree:
    members = {row.pid for row in (chain.root, *chain.waiters)}
    return BlockingTree(
        root=chain.root,
        waiters=chain.waiters,
        ring=chain.ring,
        sessions=tuple(each for each in sessions if each.pid in members),
    )


def propose_resolve(
    conn: psycopg.Connection[Any],
    tree: BlockingTree | int,
    *,
    by: str = "terminate",
    also: str | Sequence[str] = (),
) -> EndingProposal:
    """What ending the root of a queue for locks would do; for a deadlock, one of its sessions. Waiters are left alone.

    `tree` is one of `blocking_trees`, or the process id of anyone in one: then all roots it waits for are ended. `by`
    is "terminate" or "cancel"; a root that is idle in its transaction executes nothing that could be cancelled. When
    it is applied, a root that no longer blocks any of those who waited for it is left alone, and the record's
    `results_of` says how many waiters were released.

    Raises `NotListedError` where nobody waits, the root is hidden, a prepared transaction (the cure says what ends it),
    the session that asks, or no client's and not named in `also`; ValueError for another `by`.
    """
    how = How(by)
    trees = [tree] if isinstance(tree, BlockingTree) else [each for each in blocking_trees(conn) if tree in each.pids]
    if not trees:
        raise NotListedError(f"Session {tree} neither waits for a lock nor keeps anyone waiting.", cure="List again.")
    prepared = [each.root for each in trees if each.root.pid is None]
    if len(prepared) == len(trees):
        root = prepared[0]
        raise NotListedError(
            f"{_prepared(root)} keeps them waiting, and no session holds it.",
            cure=f"In {visible(str(root.database))}, as its owner: {visible(roll_back_prepared(str(root.gid)))}",
        )
    trees = [each for each in trees if each.root.pid is not None]
    roots = [_identified(each) for each in trees]
    sessions, gone = listed_sessions(conn, roots, None)
    refuse(sessions, also=also)
    if how is How.CANCEL and not all(each.is_executing for each in sessions):
        raise nothing_to_cancel([each for each in sessions if not each.is_executing])
    waiters = {
        row.pid: Waiter(row.pid, _start(each, row.pid))
        for each in trees
        for row in each.waiters
        if row.pid is not None  # a prepared transaction waits for nobody
    }
    rings = [f"{', '.join(str(row.pid) for row in each.ring)} wait for each other" for each in trees if each.ring]
    notes = [f"{_prepared(each)} keeps some of them waiting too, and is not ended here." for each in prepared]
    if how is How.CANCEL:
        notes.append("Advisory locks that were taken for a session, not a transaction, are kept when it is cancelled.")
    notes += [f"{ring}: the server ends one of them when deadlock_timeout has passed." for ring in rings]
    return proposal_for(
        conn,
        how,
        sessions,
        gone=gone,
        blocked={root.pid: _waits_directly(each, root.pid) for root, each in zip(roots, trees, strict=True)},
        waiters=tuple(waiters.values()),
        notes=notes,
    )


def _prepared(root: Row) -> str:
    return visible(f"The prepared transaction {root.gid} of {root.user} in {root.database}")


def _identified(tree: BlockingTree) -> SessionSeen:
    found = tree.session_of(tree.root.pid)
    if found is None:
        raise NotListedError(
            f"Session {tree.root.pid}, which keeps the others waiting, is hidden from this role or has just ended.",
            cure="Look again; if it is still there, GRANT pg_read_all_stats to the role.",
        )
    return found


def _waits_directly(tree: BlockingTree, root: int) -> list[int]:
    return [row.pid for row in tree.waiters if row.pid is not None and root in row.blocked_by]


def _start(tree: BlockingTree, pid: int | None) -> Any:
    found = tree.session_of(pid)
    return None if found is None else found.backend_start


def blocking_document(trees: Sequence[BlockingTree]) -> Document:
    """The trees for people, through any writer."""
    from pgops.render.document import Document  # noqa: PLC0415  only who draws pays for it

    rows = {(row.pid, row.gid): row for each in trees for row in (each.root, *each.waiters)}
    waiting = sum(bool(row.blocked_by or row.blocked_by_prepared) for row in rows.values())
    many = "1 session waits" if waiting == 1 else f"{waiting} sessions wait"
    title = f"{many} for locks" if trees else "Nobody waits for a lock"
    return Document(title, blocks=list(blocking_chain.tree(list(rows.values()))))


def blocking_json(trees: Sequence[BlockingTree]) -> str:
    """The trees as JSON; `"schema": "pgops.blocking/1"` says of which shape."""
    facts = {"schema": BLOCKING, "trees": [each.to_facts() for each in trees]}
    return json.dumps(facts, indent=2, ensure_ascii=False)
