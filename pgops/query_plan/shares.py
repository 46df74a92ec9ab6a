"""What each node of a plan took alone: the shares of time, blocks and cost, which add up and are never negative.

EXPLAIN gives each node a figure that includes what is below it. The difference is not always what the node took: a CTE
or an InitPlan hangs under one node and is run by another, whose figure includes it, too; workers are averaged; figures
are rounded. So first what is counted twice is taken out where it was waited for, then shares are handed down from the
root: no child gets more than its parent has left.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RETURNS = re.compile(r"\(returns (?P<parameters>[^)]*)\)")
_INIT_PLAN = re.compile(r"InitPlan (?:\d+|\w+)")


@attrs.define(eq=False)
class Draft:
    """A node before it is one: EXPLAIN's object, and where it stands."""

    raw: dict[str, Any]
    parent: Draft | None
    number: int
    children: list[Draft] = attrs.field(factory=list)
    processes: float = 1.0
    """How many ran it side by side."""

    def walk(self) -> Iterator[Draft]:
        waiting: list[Draft] = [self]
        while waiting:
            draft = waiting.pop()
            yield draft
            waiting.extend(reversed(draft.children))


@attrs.frozen
class Wait:
    """Of a CTE or InitPlan: its place among the nodes, and the places from each that waited for it up to its holder."""

    place: int
    paths: list[list[int]]


def waits_in(nodes: Sequence[Draft]) -> list[Wait]:
    """All of a plan, inner ones first: a CTE may read another."""
    return [
        Wait(
            draft.number - 1, [[each.number - 1 for each in _path(waiter, draft.parent)] for waiter in _waiters(draft)]
        )
        for draft in reversed(nodes)
        if draft.raw.get("Parent Relationship") == "InitPlan" and draft.parent is not None
    ]


def self_shares(
    nodes: Sequence[Draft], figures: Sequence[float], waits: Sequence[Wait], *, whole: bool = False
) -> list[float]:
    """The share of each node alone, of `figures` that include what is below; both are in EXPLAIN's order.

    `waits` are those of the nodes. `whole` keeps whole numbers whole.
    """
    totals = [max(0, figure) for figure in figures]
    _count_once(waits, totals)
    left = list(totals)
    for draft in nodes:
        at = draft.number - 1
        places = [child.number - 1 for child in draft.children]
        claimed = sum(totals[place] for place in places)
        budget = left[at]
        for place in places:
            if claimed > budget:  # rounding, or a figure that includes another process's
                share = totals[place] * budget / claimed
                left[place] = totals[place] * int(budget) // int(claimed) if whole else share
            else:
                left[place] = totals[place]
        left[at] = max(0, budget - sum(left[place] for place in places))
    return left


def _count_once(waits: Sequence[Wait], totals: list[float]) -> None:
    """Take what CTEs and InitPlans took out of the nodes that waited for them, up to the one they hang under."""
    for wait in waits:
        owed = totals[wait.place]
        # Who ran it waited at least as long as it took; those that only read what was there by then did not.
        for path in sorted(wait.paths, key=lambda path: -_least(path, totals)):
            taken = min(owed, _least(path, totals))
            for place in path:
                totals[place] -= taken
            owed -= taken


def _least(path: Sequence[int], totals: Sequence[float]) -> float:
    return min((totals[place] for place in path), default=0)


def _path(waiter: Draft, holder: Draft) -> Iterator[Draft]:
    """From the node that waited up to the one below the holder."""
    at: Draft | None = waiter
    while at is not None and at is not holder:
        yield at
        at = at.parent


def _waiters(plan: Draft) -> list[Draft]:
    """The nodes that may have run this CTE or InitPlan: those that read it, deepest first where several mention it."""
    name = str(plan.raw.get("Subplan Name", ""))
    holder = plan.parent
    assert holder is not None  # noqa: S101  an InitPlan hangs under a node
    inside = {id(each) for each in plan.walk()}
    others = [each for each in holder.walk() if each is not holder and id(each) not in inside]
    if name.startswith("CTE "):
        cte = name.removeprefix("CTE ")
        return [each for each in others if each.raw.get("CTE Name") == cte and _is_in_sight(each, cte, plan)]
    words = _words(name)
    if words is None or _mentions(holder.raw, words, own=True):
        return []
    mentioning = [each for each in others if _mentions(each.raw, words, own=True)]
    return mentioning or [each for each in others if _mentions(each.raw, words, own=False)]


def _is_in_sight(scan: Draft, cte: str, plan: Draft) -> bool:
    """Whether that scan reads this CTE, and no nearer one of the same name."""
    at = scan.parent
    while at is not None:
        for each in at.children:
            if each.raw.get("Subplan Name") == f"CTE {cte}":
                return each is plan
        at = at.parent
    return False


def _words(name: str) -> re.Pattern[str] | None:
    """How expressions mention an InitPlan: `$0` until 16, `(InitPlan 1).col1` from 17 on."""
    returns = _RETURNS.search(name)
    if returns:
        names = [re.escape(each.strip()) for each in returns["parameters"].split(",")]
        return re.compile(rf"(?<![\w$])(?:{'|'.join(names)})(?![\w$])")
    plain = _INIT_PLAN.match(name)
    return re.compile(rf"\({re.escape(plain.group())}\)") if plain else None


def _mentions(raw: dict[str, Any], words: re.Pattern[str], *, own: bool) -> bool:
    """`own`: in a condition, which is worked out here; else anywhere, such as in a column handed on."""
    for key, value in raw.items():
        if key == "Plans" or (own and key == "Output"):
            continue
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and words.search(text) for text in texts):
            return True
    return False
