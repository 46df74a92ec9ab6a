"""Rows that are read and thrown away: sequential scans that an index would spare, filters, heap fetches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.advice.index_columns import columns_for_index, create_index, existing_index, known
from pgops.query_plan.advice.model import BIG_ROWS, MATTERS, SELECTIVE, Advice, Severity, on, seen_rows, share_of
from pgops.query_plan.advice.ordering import LOCKS, alike, extreme_by_scan, names_of, sorted_for_few
from pgops.query_plan.advice.other_indexes import other_index
from pgops.query_plan.labels import relation_of
from pgops.render.quantities import count, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

_TUPLE_COST = 0.0125
"""What a sequential scan with one condition costs a row at least: cpu_tuple_cost and cpu_operator_cost."""
_COSTLY = 1_000.0
_GUESSED = 0.35


def unindexed_scan(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A sequential scan over many rows that keeps few: an index of the condition's columns would find them."""
    if node.node_type != "Seq Scan" or not node.filter:
        return
    scans = alike(plan, node)
    seen = sum(map(seen_rows, scans))
    if seen < BIG_ROWS or sum(share_of(plan, each) for each in scans) < MATTERS:
        return
    kept = sum(each.total_rows or 0.0 for each in scans) / seen
    if kept > SELECTIVE or any(sorted_for_few(plan, node)) or any(extreme_by_scan(plan, node)):
        return
    read = f"{count(seen)} rows of {names_of(scans)} are read and {count(round(kept * seen))} of them kept"
    yield from _about_scan(plan, node, node.filter, read, confidence=0.7, is_one=len(scans) == 1)


def planned_scan(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """The same, guessed from costs, where nothing was run."""
    if node.node_type != "Seq Scan" or not node.filter:
        return
    scans = alike(plan, node)
    cost, rows = sum(each.total_cost for each in scans), sum(each.plan_rows for each in scans)
    if cost < _COSTLY or sum(share_of(plan, each) for each in scans) < MATTERS:
        return
    if rows > SELECTIVE * cost / _TUPLE_COST / 4:  # pages have their part in the cost
        return
    if any(sorted_for_few(plan, node)) or any(extreme_by_scan(plan, node)):
        return
    read = f"{names_of(scans)} is to be read whole for an estimated {count(rows)} rows"
    yield from _about_scan(plan, node, node.filter, read, confidence=_GUESSED, is_one=len(scans) == 1)


def _about_scan(
    plan: QueryPlan, node: PlanNode, condition: str, read: str, *, confidence: float, is_one: bool
) -> Iterator[Advice]:
    severity = Severity.WARNING if confidence > _GUESSED else Severity.INFO
    relation = known(plan, node)
    columns = columns_for_index(condition, node, plan)
    existing = existing_index(relation, columns.names) if columns.names else None
    if existing is not None:
        message = f"{read}. Index {existing} begins with the columns of its condition: the planner does not take it."
        yield on(node, "sequential_scan", Severity.INFO, message, confidence=0.3)
        return
    other = other_index(condition, node, relation)
    if not columns.names and columns.unfit:
        names = ", ".join(columns.unfit)
        other = f"A btree index can't hold {names} as it is (its type has no order, or its values are too wide)."
        if relation is not None and all(column.ordered for column in map(relation.columns.__getitem__, columns.unfit)):
            other += " For = alone there is USING hash, or an index on a digest of it."
    statement = create_index(node, columns.names, relation) if columns.names else None
    if statement is not None and not is_one and relation is None:
        other = f"If these are partitions, an index on ({', '.join(columns.names)}) of their parent would find them."
        statement = None
    if statement is None:
        message = f"{read}. {other or 'See whether an index fits its condition.'}"
        yield on(node, "sequential_scan", severity, message, confidence=confidence - 0.2)
        return
    sure = confidence if columns.whole else confidence - 0.2
    doubt = "" if relation is not None else ", unless there is one already that the planner does not take"
    message = f"{read}. An index would find them{doubt}."
    if relation is not None and relation.root is not None:
        message += LOCKS
    yield on(node, "missing_index", severity, message, fix=statement, confidence=sure)


_TABLES = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Foreign Scan"})
_LOOKED_UP = _TABLES | {"CTE Scan", "Subquery Scan", "Function Scan"}
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
    # What has no index has no cure here: it is worth knowing, not a warning.
    severity = Severity.WARNING if node.index or node.join_filter or node.node_type in _TABLES else Severity.INFO
    yield on(node, "filter_discards", severity, message, confidence=0.5 if severity is Severity.WARNING else 0.3)


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
