"""What is done again for every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.advice.index_columns import columns_for_index, create_index, existing_index, known
from pgops.query_plan.advice.model import Advice, Severity, on, share_of
from pgops.render.quantities import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

MANY_LOOPS = 10_000
_MATTERS = 0.3
_FEW_HITS = 0.1


def nested_loop(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """The inner side of a nested loop, run for very many rows, or read whole for each of many."""
    if node.node_type != "Nested Loop":
        return
    inner = next((child for child in node.children if child.relationship == "Inner"), None)
    if inner is None or share_of(plan, node) < _MATTERS or not inner.loops:
        return
    whole = _read_whole(inner)
    rows = (whole.actual_rows or 0.0) + (whole.rows_removed_by_filter or 0.0) if whole else 0.0
    if whole is not None and rows * inner.loops >= MANY_LOOPS * 10 and inner.loops >= MANY_LOOPS / 1000:
        condition = whole.filter or node.join_filter or ""
        relation = known(plan, whole)
        columns = columns_for_index(condition, whole, plan) if condition else None
        fix = create_index(whole, columns.names, relation) if columns and columns.names else None
        if columns and existing_index(relation, columns.names):
            fix = None
        message = f"{count(rows)} rows of {whole.name} are looked at again for each of {count(inner.loops)} rows."
        confidence = 0.7 if fix else 0.5
        yield on(node, "nested_loop", Severity.WARNING, message, fix=fix, confidence=confidence)
    elif inner.loops >= MANY_LOOPS and share_of(plan, inner) >= _MATTERS:
        message = (
            f"The inner side was run {count(inner.loops)} times, {percent(100 * share_of(plan, inner))} of the time."
            " Where its row estimate is off, a hash or merge join would do better."
        )
        yield on(node, "nested_loop", Severity.INFO, message, confidence=0.4)


def _read_whole(inner: PlanNode) -> PlanNode | None:
    """The sequential scan that the inner side is, perhaps behind a Materialize."""
    if inner.node_type == "Materialize" and inner.children:
        inner_rows = inner.children[0]
        return inner_rows if inner_rows.node_type == "Seq Scan" else None
    return inner if inner.node_type == "Seq Scan" else None


def subplan_per_row(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A subquery that was run anew for each row of the outer query."""
    if node.relationship != "SubPlan" or (node.loops or 0) < MANY_LOOPS / 10 or share_of(plan, node) < _MATTERS:
        return
    message = (
        f"{node.subplan_name or 'The subquery'} was run {count(node.loops or 0)} times, once a row."
        " A join, or a lateral one, lets the planner choose."
    )
    yield on(node, "subplan_per_row", Severity.WARNING, message, confidence=0.5)


def cte_per_row(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A CTE's rows, which have no index, gone through again and again."""
    looked = ((node.actual_rows or 0.0) + (node.rows_removed_by_filter or 0.0)) * (node.loops or 0.0)
    if node.node_type != "CTE Scan" or (node.loops or 0) < MANY_LOOPS / 100 or looked < MANY_LOOPS * 10:
        return
    if share_of(plan, node) < _MATTERS:
        return
    message = (
        f"The rows of CTE {node.cte} were gone through {count(node.loops or 0)} times: a CTE has no index."
        " NOT MATERIALIZED, or a temporary table with an index, spares that."
    )
    yield on(node, "cte_per_row", Severity.WARNING, message, confidence=0.6)


def useless_memoize(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A cache of results that hardly ever held what was looked for."""
    hits, misses = node.cache_hits or 0.0, node.cache_misses or 0.0
    for worker in node.workers:
        hits += _figure(worker.get("Cache Hits"))
        misses += _figure(worker.get("Cache Misses"))
    if node.node_type != "Memoize" or misses < MANY_LOOPS / 10 or share_of(plan, node) < _MATTERS / 3:
        return
    if hits < _FEW_HITS * (hits + misses):
        message = f"{count(misses)} look-ups missed the cache and {count(hits)} hit it: it costs more than it spares."
        yield on(node, "useless_memoize", Severity.INFO, message, fix="SET enable_memoize = off", confidence=0.5)


def _figure(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
