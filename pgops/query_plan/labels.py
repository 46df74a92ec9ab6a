"""Nodes in words: the names that EXPLAIN's text format gives them, and the conditions worth showing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode

_AGGREGATES = {"Sorted": "GroupAggregate", "Hashed": "HashAggregate", "Mixed": "MixedAggregate"}


def name_of(node: PlanNode) -> str:
    """As EXPLAIN's text has it: type, index and relation."""
    kind = _kind_of(node)
    if node.index:
        kind += f" {'on' if node.node_type == 'Bitmap Index Scan' else 'using'} {quote_identifier(node.index)}"
    subject = subject_of(node)
    return f"{kind} on {subject}" if subject else kind


def _kind_of(node: PlanNode) -> str:
    kind = node.node_type
    if kind == "Aggregate":
        kind = _AGGREGATES.get(node.strategy or "", kind)
    elif kind == "ModifyTable" and node.operation:
        kind = node.operation
    elif kind == "Foreign Scan" and node.operation not in {None, "Select"}:
        kind = f"Foreign {node.operation}"
    elif kind == "Custom Scan" and isinstance(provider := node.extra.get("Custom Plan Provider"), str):
        kind = f"{kind} ({provider})"
    elif kind == "SetOp" and node.strategy == "Hashed":
        kind = "HashSetOp"
    if node.partial_mode in {"Partial", "Finalize"}:
        kind = f"{node.partial_mode} {kind}"
    if node.parallel_aware:
        kind = f"Parallel {kind}"
    if node.scan_direction == "Backward":
        kind += " Backward"
    if node.join_type and node.join_type != "Inner":
        if kind.endswith("Join"):
            kind = f"{kind.removesuffix(' Join')} {node.join_type} Join"
        else:  # PostgreSQL: "Nested Loop Left Join"
            kind = f"{kind} {node.join_type} Join"
    return kind


def subject_of(node: PlanNode) -> str:
    """What is scanned or changed, quoted, with its alias; empty for a node that scans nothing."""
    name = relation_of(node) or (node.function and quote_identifier(node.function)) or node.cte or ""
    if node.alias and node.alias not in {node.relation, node.function, node.cte}:
        alias = quote_identifier(node.alias)
        return f"{name} {alias}" if name else alias
    return name


def relation_of(node: PlanNode) -> str | None:
    """The relation, quoted and as far as known qualified."""
    if not node.relation:
        return None
    relation = quote_identifier(node.relation)
    return f"{quote_identifier(node.schema)}.{relation}" if node.schema else relation


def conditions_of(node: PlanNode) -> Iterator[tuple[str, str]]:
    """What decides which rows go through, in EXPLAIN's words."""
    for label, condition in (
        ("Index Cond", node.index_cond),
        ("Recheck Cond", node.recheck_cond),
        ("Hash Cond", node.hash_cond),
        ("Merge Cond", node.merge_cond),
        ("Join Filter", node.join_filter),
        ("Filter", node.filter),
        ("Sort Key", ", ".join(node.sort_key)),
        ("Group Key", ", ".join(node.group_key)),
    ):
        if condition:
            yield label, condition
    for label in OTHER_CONDITIONS:
        said = node.extra.get(label)
        if isinstance(said, list):
            said = ", ".join(map(str, said))
        if isinstance(said, str) and said:
            yield label, said


OTHER_CONDITIONS = (
    "Order By",
    "TID Cond",
    "One-Time Filter",
    "Run Condition",
    "Presorted Key",
    "Cache Key",
    "Conflict Filter",
    "Relations",
    "Remote SQL",
)
"""Of `PlanNode.extra`: what only a few kinds of node have."""
