"""A comparison of two plans as a document: the verdict, the figures side by side, what changed, both trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.comparison import Verdict
from pgops.query_plan.plan_text import number, seconds, tree_lines
from pgops.render.document import Badge, Block, CodeBlock, Document, Line, Section, Table, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.comparison import NodeChange, PlanComparison

_TONES = {
    Verdict.IMPROVED: Tone.GOOD,
    Verdict.REGRESSED: Tone.CRITICAL,
    Verdict.UNCHANGED: Tone.MUTED,
    Verdict.NOT_COMPARABLE: Tone.WARNING,
}


def document_of(comparison: PlanComparison) -> Document:
    verdict = comparison.verdict
    subtitle = Line(Badge(str(verdict), _TONES[verdict]), f" {comparison.reason}")
    return Document("Two query plans", subtitle=subtitle, blocks=tuple(_blocks(comparison)))


def _blocks(comparison: PlanComparison) -> Iterator[Block]:
    figures = [[name, *values] for name, *values in _figures(comparison)]
    yield Table(("", "before", "after"), figures)
    rows = [[_numbers(each), (each.after or each.before).name, "; ".join(each.what)] for each in comparison.changes]  # type: ignore[union-attr]  # one is there
    yield Section("What changed", [Table(("before → after", "node", "what"), rows, empty="nothing")])
    for title, plan in (("Before", comparison.before), ("After", comparison.after)):
        yield Section(title, [CodeBlock("\n".join(tree_lines(plan)))])


def _numbers(change: NodeChange) -> str:
    sides = [f"#{node.number}" if node else "–" for node in (change.before, change.after)]
    return " → ".join(sides)


def _figures(comparison: PlanComparison) -> Iterator[tuple[str, str, str]]:
    one, other = comparison.before, comparison.after
    yield "execution", seconds(one.execution_s), seconds(other.execution_s)
    yield "planning", seconds(one.planning_s), seconds(other.planning_s)
    blocks = [plan.root.buffers.touched if plan.is_measured and plan.root.buffers else None for plan in (one, other)]
    yield "blocks", number(blocks[0]), number(blocks[1])
    yield "cost, estimated", number(one.root.total_cost), number(other.root.total_cost)
    yield "rows", number(one.root.total_rows), number(other.root.total_rows)
