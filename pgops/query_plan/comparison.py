"""Two plans of one statement held together: which node became which, what changed, and whether it got better.

Nodes are matched by what they do, not by where they stand: a scan by its relation and alias, a join by the relations
below it, everything else by its kind and those relations. So a sequential scan that became an index scan is one node
that changed. The verdict goes by blocks first, which a second run repeats, and by time where they say nothing, or where
it contradicts them by more than chance and a cold cache explain.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import attrs

from pgops.query_plan.plan import PlanNode, QueryPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pgops.render.document import Document

SCHEMA = "pgops.plan_comparison/1"


class Verdict(enum.Enum):
    IMPROVED = "improved"
    REGRESSED = "regressed"
    UNCHANGED = "unchanged"
    NOT_COMPARABLE = "not comparable"

    def __str__(self) -> str:
        return self.value


@attrs.frozen(kw_only=True)
class NodeChange:
    """A node before and after, one of them None where it came or went; `what` says what is different."""

    before: PlanNode | None
    after: PlanNode | None
    what: tuple[str, ...]


@attrs.frozen(kw_only=True)
class PlanComparison:
    """What changed from one plan to another, and the verdict with its reason."""

    before: QueryPlan
    after: QueryPlan
    verdict: Verdict
    reason: str
    changes: tuple[NodeChange, ...]
    """Only nodes that differ, in the order of the later plan; those that are gone come last."""

    def to_document(self) -> Document:
        """The comparison for people, through any writer."""
        from pgops.query_plan.comparison_document import document_of  # noqa: PLC0415  words, not data

        return document_of(self)

    def to_text(self, *, width: int = 120) -> str:
        from pgops.render.text import to_text  # noqa: PLC0415

        return to_text(self.to_document(), width=width)

    def to_html(self) -> str:
        from pgops.render.html import to_html  # noqa: PLC0415

        return to_html(self.to_document())

    def to_plain(self) -> dict[str, Any]:
        """JSON types: the verdict, the changes, and both plans."""
        changes = [
            {
                "before": each.before.number if each.before else None,
                "after": each.after.number if each.after else None,
                "node": (each.after or each.before).name,  # type: ignore[union-attr]  # one of them is there
                "what": list(each.what),
            }
            for each in self.changes
        ]
        return {
            "schema": SCHEMA,
            "verdict": str(self.verdict),
            "reason": self.reason,
            "changes": changes,
            "before": self.before.to_plain(),
            "after": self.after.to_plain(),
        }


def compare_plans(before: QueryPlan, after: QueryPlan) -> PlanComparison:
    """Hold two plans together; both may come from anywhere.

    Plans of statements that read or change different relations are NOT_COMPARABLE, as are one that was run and one
    that was not: `reason` says which.
    """
    changes = tuple(_changes(before, after))
    verdict, reason = _judged(before, after, changes)
    return PlanComparison(before=before, after=after, verdict=verdict, reason=reason, changes=changes)


# --- which node became which ------------------------------------------------------------------------------------------

_FAMILIES = {"Gather Merge": "Gather", "Incremental Sort": "Sort", "MixedAggregate": "Aggregate"}
_JOINS = frozenset({"Nested Loop", "Hash Join", "Merge Join"})


def _keyed(plan: QueryPlan) -> Iterator[tuple[tuple[Any, ...], PlanNode]]:
    """Each node with what it does; nodes that do the same are told apart by a count, in their order."""
    leaves: dict[int, frozenset[Any]] = {}
    nodes = list(plan.nodes())
    for node in reversed(nodes):
        below = [leaves[child.number] for child in node.children]
        own = [_subject(node)] if _is_scan(node) else []
        leaves[node.number] = frozenset(own).union(*below)
    seen: defaultdict[tuple[Any, ...], int] = defaultdict(int)
    for node in nodes:
        if _is_scan(node):
            key: tuple[Any, ...] = ("scan", _subject(node))
        elif node.node_type in _JOINS:
            key = ("join", leaves[node.number])
        elif node.node_type.startswith("Bitmap"):
            key = ("bitmap", node.index, leaves[node.number])
        else:
            key = (_FAMILIES.get(node.node_type, node.node_type), node.operation, leaves[node.number])
        seen[key] += 1
        yield (*key, seen[key]), node


def _is_scan(node: PlanNode) -> bool:
    return node.node_type != "ModifyTable" and bool(node.relation or node.function or node.cte)


def _subject(node: PlanNode) -> tuple[str, str]:
    """What is scanned, without the schema: plans that were captured without VERBOSE don't have it."""
    name = node.relation or node.function or node.cte or ""
    return name, node.alias or name


def _changes(before: QueryPlan, after: QueryPlan) -> Iterator[NodeChange]:
    earlier = dict(_keyed(before))
    both_measured = before.is_measured and after.is_measured
    for key, node in _keyed(after):
        old = earlier.pop(key, None)
        if old is None:
            yield NodeChange(before=None, after=node, what=("new",))
        elif what := tuple(_differences(old, node, measured=both_measured)):
            yield NodeChange(before=old, after=node, what=what)
    for old in earlier.values():
        yield NodeChange(before=old, after=None, what=("gone",))


def _differences(old: PlanNode, new: PlanNode, *, measured: bool) -> Iterator[str]:
    from pgops.query_plan.plan_text import number, seconds  # noqa: PLC0415

    if _kind(old) != _kind(new):
        yield f"{_kind(old)} became {_kind(new)}"
    if old.index != new.index:
        yield f"index {old.index or 'none'} became {new.index or 'none'}"
    if not measured:
        if _differ(old.total_cost, new.total_cost, least=_LEAST_COST):
            yield f"cost {number(old.total_cost)} became {number(new.total_cost)}"
        return
    if _differ(old.total_rows or 0.0, new.total_rows or 0.0, least=1):
        yield f"rows {number(old.total_rows)} became {number(new.total_rows)}"
    blocks = [each.self_buffers.touched if each.self_buffers is not None else 0 for each in (old, new)]
    if _differ(*blocks, least=_LEAST_BLOCKS):
        yield f"blocks of its own {number(blocks[0])} became {number(blocks[1])}"
    if old.self_s is not None and new.self_s is not None and _slower(old.self_s, new.self_s):
        yield f"time of its own {seconds(old.self_s)} became {seconds(new.self_s)}"


def _kind(node: PlanNode) -> str:
    words = [node.node_type, node.strategy if node.node_type == "Aggregate" else None, node.join_type]
    return ("Parallel " if node.parallel_aware else "") + " ".join(filter(None, words))


# --- the verdict ------------------------------------------------------------------------------------------------------

_LEAST_BLOCKS = 16
_LEAST_COST = 1.0
_LEAST_S = 0.001
_TENTH = 0.1
_TIME_RATIO = 1.25
"""Two runs of one plan differ by as much."""
_FAR_S = 0.01
_FAR_RATIO = 3.0
"""Two warm runs of one plan do not."""


def _differ(old: float, new: float, *, least: float) -> bool:
    return abs(new - old) >= max(least, _TENTH * max(old, new))


def _slower(old: float, new: float) -> bool:
    """Or faster: by more than chance."""
    low, high = sorted((old, new))
    return high - low >= _LEAST_S and high > _TIME_RATIO * low


def _judged(before: QueryPlan, after: QueryPlan, changes: tuple[NodeChange, ...]) -> tuple[Verdict, str]:
    obstacle = _obstacle(before, after)
    if obstacle:
        return Verdict.NOT_COMPARABLE, obstacle
    figures = [each for each in _figures(before, after) if each.differs]
    if figures:
        if _time_overrules(before, after):
            figures.reverse()
        decides = figures[0]
        said = [decides, *(each for each in figures[1:] if each.improved != decides.improved)]
        words = ", though ".join(each.words for each in said) + "".join(each.doubt for each in said)
        return Verdict.IMPROVED if decides.improved else Verdict.REGRESSED, words
    shape = any(
        each.before is None or each.after is None or _kind(each.before) != _kind(each.after) for each in changes
    )
    note = ", though the plan is another one" if shape else ""
    return Verdict.UNCHANGED, f"neither {_UNITS[before.is_measured]} differ by more than chance{note}"


_UNITS: Mapping[bool, str] = {True: "blocks nor time", False: "cost nor rows"}


@attrs.frozen
class _Figure:
    words: str
    improved: bool
    differs: bool
    doubt: str


def _figures(before: QueryPlan, after: QueryPlan) -> Iterator[_Figure]:
    """What is held against each other, the firmest first."""
    from pgops.query_plan.plan_text import number, seconds  # noqa: PLC0415

    old, new = before.root, after.root
    if not before.is_measured:
        costs = old.total_cost, new.total_cost
        words = f"estimated cost {number(costs[0])} became {number(costs[1])}"
        yield _Figure(words, costs[1] < costs[0], _differ(*costs, least=_LEAST_COST), "; nothing was measured")
        return
    if old.buffers is not None and new.buffers is not None:
        blocks = old.buffers.touched, new.buffers.touched
        words = f"{number(blocks[0])} blocks became {number(blocks[1])}"
        yield _Figure(words, blocks[1] < blocks[0], _differ(*blocks, least=_LEAST_BLOCKS), "")
    took, takes = _took_s(before), _took_s(after)
    if took is not None and takes is not None:
        words = f"{seconds(took)} became {seconds(takes)}"
        yield _Figure(words, takes < took, _slower(took, takes), "; one run each, so measure again")


def _took_s(plan: QueryPlan) -> float | None:
    return plan.execution_s or plan.root.total_s


def _time_overrules(before: QueryPlan, after: QueryPlan) -> bool:
    """Whether one of them took far longer, and not because it had to read more: then what it touched is no matter."""
    old, new = (_took_s(plan) or 0.0 for plan in (before, after))
    reads = [plan.root.buffers.read if plan.root.buffers is not None else 0 for plan in (before, after)]
    read_more = reads[1] - reads[0] if new > old else reads[0] - reads[1]
    low, high = sorted((old, new))
    return high - low >= _FAR_S and high > _FAR_RATIO * low and read_more <= 0


def _obstacle(before: QueryPlan, after: QueryPlan) -> str:
    if before.is_measured != after.is_measured:
        which = "later" if after.is_measured else "earlier"
        return f"only the {which} plan was run: its figures are measured, the other's are estimates"
    relations = [{each.relation for each in plan.nodes() if each.relation} for plan in (before, after)]
    if relations[0] != relations[1] and (not relations[0] & relations[1] or not _is_pruned(*relations)):
        only = sorted(relations[0] ^ relations[1])[:5]
        return f"they read different relations ({', '.join(only)}): these are plans of two statements"
    does = [_operation(plan.root) for plan in (before, after)]
    return f"one is {does[0]}, the other {does[1]}" if does[0] != does[1] else ""


def _operation(root: PlanNode) -> str:
    """A foreign scan is one of "Select", which no other node says."""
    return "a SELECT" if root.operation in {None, "Select"} else str(root.operation)


def _is_pruned(one: set[Any], other: set[Any]) -> bool:
    """Partitions that were left out, or a join that was removed: what is left is part of the whole."""
    return one <= other or other <= one
