"""Rows that are read and thrown away: sequential scans that an index would spare, filters, heap fetches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.advice.index_columns import columns_for_index, create_index
from pgops.query_plan.advice.model import Advice, Severity, on, seen_rows, share_of
from pgops.query_plan.labels import relation_of
from pgops.render.quantities import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

BIG_ROWS = 10_000
SELECTIVE = 0.05
MATTERS = 0.1
_TUPLE_COST = 0.0125
"""What a sequential scan with one condition costs a row at least: cpu_tuple_cost and cpu_operator_cost."""
_COSTLY = 1_000.0
_GUESSED = 0.35


def unindexed_scan(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A sequential scan over many rows that keeps few: an index of the condition's columns would find them."""
    seen = seen_rows(node)
    if node.node_type != "Seq Scan" or not node.filter or seen < BIG_ROWS or share_of(plan, node) < MATTERS:
        return
    kept = (node.total_rows or 0.0) / seen
    if kept > SELECTIVE:
        return
    read = f"{count(seen)} rows of {relation_of(node)} are read and {count(round(kept * seen))} of them kept"
    yield from _about_scan(node, node.filter, read, confidence=0.7)


def planned_scan(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """The same, guessed from costs, where nothing was run."""
    if node.node_type != "Seq Scan" or not node.filter or node.total_cost < _COSTLY or share_of(plan, node) < MATTERS:
        return
    most_rows = node.total_cost / _TUPLE_COST
    if node.plan_rows > SELECTIVE * most_rows / 4:  # pages have their part in the cost
        return
    read = f"{relation_of(node)} is to be read whole for an estimated {count(node.plan_rows)} rows"
    yield from _about_scan(node, node.filter, read, confidence=_GUESSED)


def _about_scan(node: PlanNode, condition: str, read: str, *, confidence: float) -> Iterator[Advice]:
    severity = Severity.WARNING if confidence > _GUESSED else Severity.INFO
    columns = columns_for_index(condition, node)
    statement = create_index(node, columns.names) if columns.names else None
    if statement is None:
        message = f"{read}. See whether an index fits its condition."
        yield on(node, "sequential_scan", severity, message, confidence=confidence - 0.2)
        return
    sure = confidence if columns.whole else confidence - 0.2
    message = f"{read}. An index would find them, unless there is one already that the planner does not take."
    yield on(node, "missing_index", severity, message, fix=statement, confidence=sure)


_LOOKED_UP = frozenset(
    {"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "CTE Scan", "Subquery Scan", "Foreign Scan", "Function Scan"}
)
_DISCARDED = 0.9


def filter_discards(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """Rows that an index or a join gave and a filter then removed, nine of ten and more."""
    if share_of(plan, node) < MATTERS:
        return
    loops = node.loops or 0.0
    if node.node_type in _LOOKED_UP and node.filter:
        removed, what = (node.rows_removed_by_filter or 0.0) * loops, "its filter"
    elif node.join_filter:
        removed, what = (node.rows_removed_by_join_filter or 0.0) * loops, "its join filter"
    else:
        return
    seen = removed + (node.total_rows or 0.0)
    if removed < BIG_ROWS or removed < _DISCARDED * seen:
        return
    message = f"{what.capitalize()} removes {percent(100 * removed / seen)} of {count(seen)} rows after they were read."
    if node.index:
        message += " Columns of the filter in the index, or in its WHERE, would spare them."
    yield on(node, "filter_discards", Severity.WARNING, message, confidence=0.5)


_FETCHES = 1_000


def heap_fetches(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """An index-only scan that has to look into the table after all, since VACUUM has not marked its pages."""
    fetches, rows = node.heap_fetches or 0.0, seen_rows(node)
    if node.node_type != "Index Only Scan" or fetches < _FETCHES or fetches < MATTERS * rows:
        return
    if share_of(plan, node) < MATTERS:
        return
    message = (
        f"{count(fetches)} of {count(max(rows, fetches))} entries had to be looked up in the table: it wants VACUUM."
    )
    relation = relation_of(node)
    fix = f"VACUUM (ANALYZE) {relation}" if relation and node.schema else None
    yield on(node, "heap_fetches", Severity.WARNING, message, fix=fix, confidence=0.8)
