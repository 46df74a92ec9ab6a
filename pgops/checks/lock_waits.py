"""Who waits for whom, as a graph: made of the rows of locks.blocking_chain, judged and drawn by it.

It grows with the square of a queue (each waits for all before it), so nothing here follows every path. Where a chain
may be a thousand sessions long there is no recursion either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

Key: TypeAlias = int | str
"""Who: the process id of a session, or the name of a prepared transaction."""


def key_of(row: Any) -> Key:
    key: Key = row.pid if row.pid is not None else row.gid
    return key


@attrs.frozen(kw_only=True)
class Chain:
    """A root and all who wait for it, directly or behind others. `ring` is empty, or the sessions of a deadlock."""

    root: Any
    waiters: tuple[Any, ...]
    ring: tuple[Any, ...] = ()

    @property
    def waited_s(self) -> float:
        """How long the one who has waited longest has waited."""
        return max((waited(row) for row in (*self.waiters, *self.ring)), default=0.0)


class Waits:
    """The graph: by key, each row, whom it waits for and who waits for it."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows = {key_of(row): row for row in rows}
        self.blockers: dict[Key, set[Key]] = {}
        self.waiters: dict[Key, set[Key]] = {key: set() for key in self.rows}
        for key, row in self.rows.items():
            self.blockers[key] = {*row.blocked_by, *row.blocked_by_prepared} & self.rows.keys()
            for blocker in self.blockers[key]:
                self.waiters[blocker].add(key)

    def behind(self, key: Key) -> set[Key]:
        """All who wait for `key`, directly or not."""
        found = {key}
        ahead = [key]
        while ahead:
            fresh = self.waiters[ahead.pop()] - found
            found |= fresh
            ahead.extend(fresh)
        return found - {key}

    def ring(self, key: Key) -> list[Key]:
        """Sessions that wait for each other in a circle, found from one whose blockers all wait."""
        path: list[Key] = []
        while key not in path:
            path.append(key)
            key = min(self.blockers[key], key=str)
        return path[path.index(key) :]


def waited(row: Any) -> float:
    """Seconds that a row has waited; a root's are none."""
    return row.waited_s or 0.0


def longest_first(row: Any) -> tuple[float, str]:
    """A key to sort rows by: those that have waited longest first."""
    return (-waited(row), str(key_of(row)))


def chains(rows: Sequence[Any]) -> tuple[Chain, ...]:
    """The rows as chains, those that hold up most sessions first. Whoever waits for two roots is in both chains."""
    waits = Waits(rows)
    found = []
    unreached = {key for key, blockers in waits.blockers.items() if blockers}
    for key, waiters in waits.waiters.items():
        if waiters and not waits.blockers[key]:
            behind = waits.behind(key)
            unreached -= behind
            found.append(_chain(waits, key, behind))
    while unreached:  # behind no root: they wait for each other
        ring = waits.ring(min(unreached, key=str))
        first = min(ring, key=lambda key: longest_first(waits.rows[key]))
        behind = waits.behind(first)
        unreached -= {first, *behind}
        found.append(_chain(waits, first, behind, ring))
    return tuple(sorted(found, key=lambda chain: (-len(chain.waiters), -chain.waited_s, str(key_of(chain.root)))))


def _chain(waits: Waits, root: Key, behind: set[Key], ring: Sequence[Key] = ()) -> Chain:
    waiters = sorted((waits.rows[key] for key in behind), key=longest_first)
    return Chain(root=waits.rows[root], waiters=tuple(waiters), ring=tuple(waits.rows[key] for key in ring))
