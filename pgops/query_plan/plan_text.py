"""The tree of a plan in characters: figures in aligned columns, and beside them the nodes with their conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from pgops.query_plan.labels import conditions_of
from pgops.query_plan.plan import PlanNode
from pgops.render.document import Tree
from pgops.render.lines import width_of
from pgops.render.quantities import ABSENT, count, duration
from pgops.render.text import to_text
from pgops.render.trees import branches_of
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import QueryPlan

_LONGEST = 160
"""Characters of a condition; the whole of it is in the node."""


def text_of(plan: QueryPlan, *, width: int) -> str:
    return to_text(plan.to_document(), width=width)


@attrs.frozen
class _Figure:
    head: str
    of: Callable[[PlanNode], str]


def tree_lines(plan: QueryPlan) -> Iterator[str]:
    """The head of the columns, then each node, its conditions below it."""
    nodes = list(plan.nodes())
    figures = _figures(plan)
    cells = [[figure.of(node) for figure in figures] for node in nodes]
    widths = [
        max(map(width_of, (figure.head, *column)))
        for figure, column in zip(figures, zip(*cells, strict=True), strict=True)
    ]
    yield "  ".join((*_right([figure.head for figure in figures], widths), "node"))
    blank = "  ".join(" " * width for width in widths)
    for node, row, branch in zip(nodes, cells, branches_of(_tree(plan.root)), strict=True):
        name = visible(node.name)
        if node.subplan_name:
            name = f"{visible(node.subplan_name)}: {name}"
        yield f"{'  '.join(_right(row, widths))}  {branch.first}{name}{_state(node)}"
        margin = branch.others + ("│  " if node.children else "   ")
        for label, condition in conditions_of(node):
            yield f"{blank}  {margin}{label}: {shortened(visible(condition))}"


def _right(cells: list[str], widths: list[int]) -> list[str]:
    return [" " * (width - width_of(cell)) + cell for cell, width in zip(cells, widths, strict=True)]


def shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _state(node: PlanNode) -> str:
    if node.never_executed:
        return " (never executed)"
    if node.is_disabled:
        return " (disabled)"
    return ""


def _tree(root: PlanNode) -> Tree:
    """The shape alone, made from below: how deep a plan is, is the server's business."""
    made: dict[int, Tree] = {}
    for node in reversed(list(root.nodes())):
        made[node.number] = Tree("", tuple(made.pop(child.number) for child in node.children))
    return made[root.number]


def _figures(plan: QueryPlan) -> list[_Figure]:
    figures = [_Figure("#", lambda node: str(node.number))]
    if plan.root.total_s is not None:
        figures.append(_Figure("self", lambda node: seconds(node.self_s)))
        figures.append(_Figure("total", lambda node: seconds(node.total_s)))
    if plan.is_measured:
        figures.append(_Figure("rows", lambda node: number(node.actual_rows)))
    figures.append(_Figure("expected", lambda node: number(node.plan_rows)))
    if plan.is_measured:
        figures.append(_Figure("loops", lambda node: number(node.loops)))
        if plan.root.buffers is not None:
            figures.append(_Figure("blocks", _touched))
            figures.append(_Figure("read", _read))
    else:
        figures.append(_Figure("cost", lambda node: number(round(node.total_cost, 2))))
    return figures


def _touched(node: PlanNode) -> str:
    return number(None if node.self_buffers is None else node.self_buffers.touched)


def _read(node: PlanNode) -> str:
    return number(None if node.self_buffers is None else node.self_buffers.read)


def seconds(value: float | None) -> str:
    return ABSENT if value is None else duration(value)


def number(value: float | None) -> str:
    if value is None:
        return ABSENT
    return count(round(value) if float(value).is_integer() or abs(value) >= 1000 else round(value, 2))
