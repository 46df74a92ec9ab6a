"""A piece of advice, and what the rules share: when something matters."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import attrs

from pgops.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

__all__ = ["Advice", "Same", "Severity", "ancestors", "on", "seen_rows", "share_of", "took_long"]


@attrs.frozen(kw_only=True)
class Advice:
    """One thing worth a look: where in the plan, what, and what to do about it."""

    rule: str
    severity: Severity
    node: int | None
    """The node's number; None is the plan as a whole."""
    label: str
    """The node by name."""
    message: str
    fix: str | None = None
    """SQL that can be run as it is, to be tried and measured."""
    confidence: float
    """From 0 to 1: how sure it is that heeding this helps."""


def on(
    node: PlanNode, rule: str, severity: Severity, message: str, *, confidence: float, fix: str | None = None
) -> Advice:
    """An advice about a node."""
    return Advice(
        rule=rule,
        severity=severity,
        node=node.number,
        label=node.name,
        message=message,
        fix=fix,
        confidence=confidence,
    )


BIG_ROWS = 10_000
SELECTIVE = 0.05
MATTERS = 0.1
"""The part of the whole from which on something is worth advice."""

SHORTEST_S = 0.005
FEWEST_BLOCKS = 250
"""A statement that ends sooner (seconds) and touches less has nothing worth anybody's while, whatever its ratios."""


def took_long(plan: QueryPlan) -> bool:
    """Whether the statement took so long, or touched so much, that a part of it can matter."""
    root = plan.root
    if root.buffers is not None and root.buffers.touched >= FEWEST_BLOCKS:
        return True
    if root.total_s is None:
        return root.buffers is None
    return max(root.total_s, plan.execution_s or 0.0) >= SHORTEST_S


def share_of(plan: QueryPlan, node: PlanNode) -> float:
    """The part of the whole, 0 to 1, that a node and what is below it took: of time, else of blocks, else of cost."""
    root = plan.root
    if root.total_s is not None and node.total_s is not None:
        whole = max(root.total_s, plan.execution_s or 0.0)
        return min(1.0, node.total_s / whole) if whole else 0.0
    if plan.is_measured and root.buffers is not None and node.buffers is not None and root.buffers.touched:
        return min(1.0, node.buffers.touched / root.buffers.touched)
    return min(1.0, node.total_cost / root.total_cost) if root.total_cost else 1.0


def seen_rows(node: PlanNode) -> float:
    """Rows that a node looked at over all loops, those that its filter removed included."""
    if node.actual_rows is None or node.loops is None:
        return 0.0
    return (node.actual_rows + (node.rows_removed_by_filter or 0.0)) * node.loops


def ancestors(plan: QueryPlan, node: PlanNode) -> Iterator[tuple[PlanNode, PlanNode]]:
    """Each parent up to the root, with the child below it on the way."""
    parents = _parents(Same(plan))
    at = node
    while (parent := parents.get(at.number)) is not None:
        yield parent, at
        at = parent


class Same:
    """A plan by its identity, since comparing plans takes longer than what is kept."""

    def __init__(self, plan: QueryPlan) -> None:
        self.plan = plan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.plan is self.plan

    def __hash__(self) -> int:
        return id(self.plan)


@lru_cache(maxsize=1)
def _parents(same: Same) -> dict[int, PlanNode]:
    return {child.number: parent for parent in same.plan.nodes() for child in parent.children}
