"""Rows that the planner expected, against those that came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.advice.model import Advice, Severity, ancestors, on, share_of
from pgops.query_plan.advice.other_indexes import compares_columns_only
from pgops.query_plan.labels import relation_of
from pgops.render.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

OFF, FAR_OFF, WAY_OFF = 10.0, 100.0, 1000.0
_FEWEST_ROWS = 1_000
_MATTERS = 0.1
# These give no rows, or a number that is not theirs.
_BITMAPS = frozenset({"BitmapAnd", "BitmapOr", "Bitmap Index Scan"})
_NOT_JUDGED = _BITMAPS | {"ModifyTable", "LockRows", "Hash", "Materialize", "Memoize"}
# Of what these give there are no statistics: 10 rounds, half the rows, all of a window's.
_GUESSED = frozenset({"CTE Scan", "Recursive Union", "WorkTable Scan", "SetOp", "WindowAgg"})
_FUNCTIONS = frozenset({"Function Scan", "ProjectSet", "Table Function Scan"})


def misestimate(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A node that gave ten times the rows expected, or a tenth: where that began, if it or what it feeds matters.

    The scan itself may be cheap: it is the join above that was chosen by its estimate.
    """
    factor = _factor(node)
    if abs(factor) < OFF or not _is_judged(node):
        return
    if any(_explains(_factor(child), factor) for child in _feeding(plan, node)):
        return  # it is told at the node where it began
    above = list(ancestors(plan, node))
    fed = next((parent for parent, _ in above if parent.node_type not in _NOT_JUDGED), node)
    if share_of(plan, fed) < _MATTERS or (factor < 0 and _may_end_early(above)):
        return
    condition = " AND ".join(each for each in (node.index_cond, node.recheck_cond, node.filter) if each)
    if "SubPlan " in condition:  # guessed as a half or a third, whatever the statistics are
        return
    is_curable = node.node_type not in _GUESSED
    severity = Severity.WARNING if abs(factor) >= FAR_OFF and is_curable else Severity.INFO
    what = "more" if factor > 0 else "fewer"
    message = (
        f"{count(round(abs(factor)))} times {what} rows than expected: {count(node.actual_rows or 0.0)} a loop,"
        f" and not {count(node.plan_rows)}."
    )
    if not is_curable:
        message += " The planner has no statistics for what comes here, and guesses."
    relation, fix = relation_of(node), None
    confidence = 0.4 if not is_curable else 0.7 if abs(factor) >= WAY_OFF else 0.6 if abs(factor) >= FAR_OFF else 0.4
    if relation and node.schema and not compares_columns_only(condition):
        message += (
            " It guesses what an expression gives: CREATE STATISTICS ... ON (the expression), from 14 on, or an index"
            " on the expression, and ANALYZE after it, let it know."
        )
        confidence = 0.4
    elif relation and node.schema:
        fix = f"ANALYZE {relation}"
        message += " Its statistics are old or too coarse, or columns depend on each other (CREATE STATISTICS)."
    yield on(node, "misestimate", severity, message, fix=fix, confidence=confidence)


def function_rows(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A function whose declared number of rows (1000 where nobody declared one) is far from what it gives."""
    factor = _factor(node)
    if node.node_type not in _FUNCTIONS or abs(factor) < OFF or share_of(plan, node) < _MATTERS / 10:
        return
    rows = node.actual_rows or 0.0
    if max(rows, node.plan_rows) * (node.loops or 0.0) < _FEWEST_ROWS * OFF:
        return
    message = f"It gave {count(rows)} rows a loop, and {count(node.plan_rows)} were expected: declare them with ROWS."
    yield on(node, "function_rows", Severity.INFO, message, confidence=0.4)


def _factor(node: PlanNode) -> float:
    """How many times more rows came than were expected; negative: how many times fewer; 0: not measured."""
    if node.actual_rows is None or not node.loops:
        return 0.0
    came, expected = max(node.actual_rows, 1.0), max(node.plan_rows, 1.0)
    return came / expected if came >= expected else -expected / came


def _is_judged(node: PlanNode) -> bool:
    if node.node_type in _NOT_JUDGED | _FUNCTIONS:
        return False
    return max(node.actual_rows or 0.0, node.plan_rows) * (node.loops or 0.0) >= _FEWEST_ROWS


def _feeding(plan: QueryPlan, node: PlanNode) -> Iterator[PlanNode]:
    """The judged nodes whose rows this one gets, through those that only hand them on."""
    waiting = [child for child in node.children if child.relationship != "InitPlan"]
    if node.cte is not None:
        waiting += [each for each in plan.nodes() if each.subplan_name == f"CTE {node.cte}"]
    while waiting:
        child = waiting.pop()
        if _is_judged(child):
            yield child
        elif child.node_type not in _BITMAPS:
            waiting.extend(child.children)


def _explains(child: float, parent: float) -> bool:
    return child * parent > 0 and abs(child) >= max(OFF, abs(parent) / WAY_OFF)


def _may_end_early(above: list[tuple[PlanNode, PlanNode]]) -> bool:
    """Whether somebody above may have had enough: then fewer rows than expected say nothing."""
    for parent, child in above:
        if parent.node_type in {"Limit", "Merge Join"} or parent.join_type in {"Semi", "Anti"}:
            return True
        if child.relationship in {"SubPlan", "InitPlan"}:  # EXISTS takes one row
            return True
    return False
