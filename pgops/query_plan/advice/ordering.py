"""A table that is read whole for its first rows in some order, or for a greatest value: an index has the order."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pgops.query_plan.advice.index_columns import (
    NAME,
    Columns,
    columns_for_index,
    create_index,
    existing_index,
    is_fit,
    known,
    unquoted,
)
from pgops.query_plan.advice.model import BIG_ROWS, MATTERS, SELECTIVE, Advice, Same, Severity, ancestors, on, seen_rows
from pgops.query_plan.advice.model import share_of as share
from pgops.query_plan.labels import relation_of
from pgops.render.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

LOCKS = " On a partitioned table it locks out writes while it is built; CONCURRENTLY goes partition by partition only."
_COSTLY = 1_000.0
_APPENDS = frozenset({"Append", "Merge Append"})
_HANDS_ON = _APPENDS | {"Gather", "Gather Merge", "Result"}
_KEY = re.compile(
    rf"(?:(?P<q>{NAME})\.)?(?P<c>{NAME})(?P<down> DESC)?(?P<nulls> NULLS (?:FIRST|LAST))?",
)
_EXTREME = re.compile(rf"(?:PARTIAL )?(?:max|min)\((?:(?P<q>{NAME})\.)?(?P<c>{NAME})\)")


def alike(plan: QueryPlan, node: PlanNode) -> tuple[PlanNode, ...]:
    """The scan with those of its partitioned table beside it, given to the first; nothing to the others."""
    return _alike_scans(Same(plan)).get(node.number, (node,))


@lru_cache(maxsize=1)
def _alike_scans(same: Same) -> dict[int, tuple[PlanNode, ...]]:
    """By numbers, of what stands below an Append, which may have thousands."""
    found: dict[int, tuple[PlanNode, ...]] = {}
    for parent in same.plan.nodes():
        if parent.node_type in _APPENDS:
            for first, *others in _partitions(same.plan, parent.children):
                found[first.number] = (first, *others)
                found |= {other.number: () for other in others}
    return found


def _partitions(plan: QueryPlan, scans: Iterable[PlanNode]) -> Iterable[list[PlanNode]]:
    """The scans of each partitioned table; where that is not known, those with one condition."""
    tables: dict[Any, list[PlanNode]] = {}
    table_of: dict[tuple[str, str], Any] = {}
    for scan in scans:
        relation = known(plan, scan)
        condition = (scan.node_type, _condition(scan))
        if relation is None:
            table = table_of.setdefault(condition, condition)
        elif relation.root is None:
            table = scan.number
        else:
            table = (scan.node_type, relation.root)
            table_of.setdefault(condition, table)
        tables.setdefault(table, []).append(scan)
    return tables.values()


def _condition(node: PlanNode) -> str:
    return (node.filter or "").replace(f"{node.alias}.", "")


def sorted_for_few(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A table that is sorted for the few rows that a LIMIT takes: an index in that order gives them at once."""
    if node.node_type != "Seq Scan" or not _is_read_whole(plan, node):
        return
    found = _sorted_below_limit(plan, node)
    if found is None:
        return
    sort, limit = found
    scans = alike(plan, node)
    wanted = limit.actual_rows if plan.is_measured else limit.plan_rows
    rows = sum(_given(plan, each) for each in scans)
    if wanted is None or wanted > SELECTIVE * max(rows, 1.0):
        return
    keys = [_KEY.fullmatch(key) for key in sort.sort_key]
    columns = _filtered(plan, node)
    is_kept = rows > SELECTIVE * sum(map(seen_rows, scans)) if plan.is_measured else not node.filter
    if not (columns.whole and columns.fixed == columns.names) and not is_kept:
        return  # the condition finds few: it is what wants an index
    names = tuple(unquoted(key["c"]) for key in keys if key is not None)
    mine = len(names) == len(keys) and all(key and _is_of(node, key["q"], len(scans)) for key in keys)
    fixed = columns.fixed if columns.fixed == columns.names else ()
    read = f"{_read(plan, scans)}, sorted, and {count(wanted)} of them wanted"
    yield from _advised(
        plan,
        node,
        "sorted_for_few",
        read,
        keys=(fixed, names) if mine and names else None,
        directions=_directions(keys),
    )


def extreme_by_scan(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A table that is read whole for the greatest or least value of a column, which is at one end of an index."""
    if node.node_type != "Seq Scan" or not _is_read_whole(plan, node):
        return
    parent = next((parent for parent, _ in ancestors(plan, node) if parent.node_type not in _APPENDS), None)
    if parent is None or parent.node_type != "Aggregate" or parent.group_key or len(parent.output) != 1:
        return
    wanted = _EXTREME.fullmatch(parent.output[0])
    columns = _filtered(plan, node)
    if wanted is None or not columns.whole or columns.fixed != columns.names:
        return
    if not _is_of(node, wanted["q"], len(alike(plan, node))):
        return
    read = f"{_read(plan, alike(plan, node))} for {parent.output[0].removeprefix('PARTIAL ')}"
    yield from _advised(
        plan, node, "extreme_by_scan", read, keys=(columns.fixed, (unquoted(wanted["c"]),)), directions=""
    )


def _advised(
    plan: QueryPlan,
    node: PlanNode,
    rule: str,
    read: str,
    *,
    keys: tuple[tuple[str, ...], tuple[str, ...]] | None,
    directions: str | None,
) -> Iterator[Advice]:
    relation, severity = known(plan, node), Severity.WARNING if plan.is_measured else Severity.INFO
    confidence = 0.7 if plan.is_measured else 0.35
    if keys is None:
        message = f"{read}. An index on the expressions that it is sorted by would give them in order."
        yield on(node, rule, severity, message, confidence=confidence - 0.2)
        return
    fixed, ordered = keys
    names = tuple(dict.fromkeys((*fixed, *ordered)))
    if existing_index(relation, names, ordered=True) or not all(is_fit(relation, name) for name in names):
        return
    statement = None
    if directions is not None and (len(alike(plan, node)) == 1 or relation is not None):
        statement = create_index(node, names, relation, order=directions)
    message = f"{read}. An index on ({', '.join(names)})"
    message += " has them in order." if directions is not None else ", each in its direction, has them in order."
    if statement is not None and relation is not None and relation.root is not None:
        message += LOCKS
    yield on(node, rule, severity, message, fix=statement, confidence=confidence)


def _read(plan: QueryPlan, scans: tuple[PlanNode, ...]) -> str:
    if plan.is_measured:
        return f"{count(sum(map(seen_rows, scans)))} rows of {names_of(scans)} are read"
    return f"{names_of(scans)} is to be read whole"


def names_of(scans: tuple[PlanNode, ...]) -> str:
    """The table of the first, and how many are like it."""
    first, *others = scans
    return f"{relation_of(first)} and {count(len(others))} like it" if others else f"{relation_of(first)}"


def _is_read_whole(plan: QueryPlan, node: PlanNode) -> bool:
    scans = alike(plan, node)
    big = sum(map(seen_rows, scans)) >= BIG_ROWS if plan.is_measured else sum(e.total_cost for e in scans) >= _COSTLY
    return bool(scans) and big and sum(share(plan, each) for each in scans) >= MATTERS


def _given(plan: QueryPlan, node: PlanNode) -> float:
    return (node.total_rows or 0.0) if plan.is_measured else node.plan_rows


def _filtered(plan: QueryPlan, node: PlanNode) -> Columns:
    return columns_for_index(node.filter, node, plan) if node.filter else Columns((), whole=True)


def _is_of(node: PlanNode, qualifier: str | None, scans: int) -> bool:
    """Whether a column is the scan's. A sort above partitions names the first of them, or their parent."""
    return qualifier is None or scans > 1 or unquoted(qualifier) == (node.alias or node.relation)


def _directions(keys: list[re.Match[str] | None]) -> str | None:
    """What stands behind the last column: nothing where the index can be read either way; None: one for each."""
    said = {(key["down"] or "", key["nulls"] or "") for key in keys if key is not None}
    if said <= {("", "")} or said == {(" DESC", "")}:
        return ""
    return "".join(said.pop()) if len(keys) == 1 else None


def _sorted_below_limit(plan: QueryPlan, node: PlanNode) -> tuple[PlanNode, PlanNode] | None:
    sort: PlanNode | None = None
    for parent, child in ancestors(plan, node):
        if child.relationship in {"InitPlan", "SubPlan"}:
            return None
        if parent.node_type == "Limit":
            return (sort, parent) if sort is not None else None
        if parent.node_type == "Sort" and sort is None:
            sort = parent
        elif parent.node_type not in _HANDS_ON:
            return None
    return None
