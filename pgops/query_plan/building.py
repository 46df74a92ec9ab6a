"""EXPLAIN's JSON objects into nodes: every key that is known finds its field, the others stay in `extra`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import PlanFormatError
from pgops.query_plan.plan import Buffers, Jit, PlanNode, QueryPlan, Trigger, Wal
from pgops.query_plan.shares import Draft, Wait, self_shares, waits_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KIB = 1024
_MS = 0.001

_TEXTS = {
    "Node Type": "node_type",
    "Parent Relationship": "relationship",
    "Subplan Name": "subplan_name",
    "Operation": "operation",
    "Strategy": "strategy",
    "Partial Mode": "partial_mode",
    "Join Type": "join_type",
    "Schema": "schema",
    "Relation Name": "relation",
    "Alias": "alias",
    "Index Name": "index",
    "Scan Direction": "scan_direction",
    "Function Name": "function",
    "CTE Name": "cte",
    "Filter": "filter",
    "Join Filter": "join_filter",
    "Index Cond": "index_cond",
    "Recheck Cond": "recheck_cond",
    "Hash Cond": "hash_cond",
    "Merge Cond": "merge_cond",
    "Sort Method": "sort_method",
    "Sort Space Type": "sort_space_type",
}
_LISTS = {"Output": "output", "Sort Key": "sort_key", "Group Key": "group_key"}
_FLAGS = {"Parallel Aware": "parallel_aware", "Disabled": "is_disabled"}
_NUMBERS = {
    "Startup Cost": "startup_cost",
    "Total Cost": "total_cost",
    "Plan Rows": "plan_rows",
    "Plan Width": "plan_width",
    "Actual Loops": "loops",
    "Actual Rows": "actual_rows",
    "Rows Removed by Filter": "rows_removed_by_filter",
    "Rows Removed by Join Filter": "rows_removed_by_join_filter",
    "Rows Removed by Index Recheck": "rows_removed_by_recheck",
    "Hash Batches": "hash_batches",
    "HashAgg Batches": "hash_batches",
    "Original Hash Batches": "original_hash_batches",
    "Heap Fetches": "heap_fetches",
    "Exact Heap Blocks": "exact_blocks",
    "Lossy Heap Blocks": "lossy_blocks",
    "Cache Hits": "cache_hits",
    "Cache Misses": "cache_misses",
    "Cache Evictions": "cache_evictions",
    "Workers Planned": "workers_planned",
    "Workers Launched": "workers_launched",
    "Subplans Removed": "subplans_removed",
}
_KIB = {"Sort Space Used": "sort_space_bytes", "Peak Memory Usage": "peak_memory_bytes", "Disk Usage": "disk_bytes"}
_COUNTED_BUFFERS = {
    f"{kind} {what} Blocks": f"{kind.lower()}_{what.lower()}"
    for kind in ("Shared", "Local", "Temp")
    for what in ("Hit", "Read", "Dirtied", "Written")
    if kind != "Temp" or what in {"Read", "Written"}
}
# One pair until 14, temporary files beside it from 15, shared and local apart from 17 on.
_IO_TIMES = {
    f"{kind}I/O {what} Time": field
    for kind in ("", "Shared ", "Local ", "Temp ")
    for what, field in (("Read", "read_s"), ("Write", "write_s"))
}
_WAL = {"WAL Records": "records", "WAL FPI": "full_pages", "WAL Bytes": "bytes"}
_PLACED = {
    *_TEXTS,
    *_LISTS,
    *_FLAGS,
    *_NUMBERS,
    *_KIB,
    *_COUNTED_BUFFERS,
    *_IO_TIMES,
    *_WAL,
    "Actual Startup Time",
    "Actual Total Time",
    "Plans",
    "Workers",
}
_OF_THE_WHOLE = {
    "Plan",
    "Query Text",
    "Planning Time",
    "Execution Time",
    "Settings",
    "Triggers",
    "JIT",
    "Planning",
    "Query Identifier",
}


def plan_from(
    objects: Sequence[Mapping[str, Any]],
    *,
    sql: str | None = None,
    server_version: int | None = None,
    is_prediction: bool = False,
) -> QueryPlan:
    """The plan of EXPLAIN's objects: one, or several where rules rewrote the statement. Raises `PlanFormatError`."""
    _refuse_no_figures(objects)
    first, *others = [_one(each, sql, server_version, is_prediction=is_prediction) for each in objects]
    return attrs.evolve(first, further=tuple(others)) if others else first


def _one(whole: Mapping[str, Any], sql: str | None, server_version: int | None, *, is_prediction: bool) -> QueryPlan:
    nodes = _drafts(whole.get("Plan"))
    jit, planning = whole.get("JIT"), whole.get("Planning")
    settings = whole.get("Settings")
    query_id = whole.get("Query Identifier")
    serialization = whole.get("Serialization")
    text = whole.get("Query Text")
    return QueryPlan(
        root=_built(nodes),
        sql=sql if sql is not None else text if isinstance(text, str) else None,
        planning_s=_seconds(whole, "Planning Time"),
        execution_s=_seconds(whole, "Execution Time"),
        serialization_s=_seconds(serialization, "Time") if isinstance(serialization, dict) else None,
        settings={str(name): str(value) for name, value in settings.items()} if isinstance(settings, dict) else {},
        triggers=tuple(_trigger(each) for each in whole.get("Triggers") or () if isinstance(each, dict)),
        jit=_jit(jit) if isinstance(jit, dict) else None,
        planning_buffers=_buffers(planning) if isinstance(planning, dict) else None,
        query_id=query_id if isinstance(query_id, int) else None,
        server_version=server_version,
        is_prediction=is_prediction or any(_is_hypothetical(draft.raw.get("Index Name")) for draft in nodes),
        extra=_rest(whole),
        source=whole,
    )


_HYPOTHETICAL = re.compile(r"<\d+>[a-z]+_")
"""How hypopg names an index that is not there."""


def _is_hypothetical(index: object) -> bool:
    return isinstance(index, str) and _HYPOTHETICAL.match(index) is not None


def _rest(whole: Mapping[str, Any]) -> dict[str, Any]:
    """What has no field: `Planning` has the planner's memory (17) beside its buffers."""
    found = {key: value for key, value in whole.items() if key not in _OF_THE_WHOLE}
    planning = whole.get("Planning")
    if isinstance(planning, dict):
        known = {*_COUNTED_BUFFERS, *_IO_TIMES}
        more = {key: value for key, value in planning.items() if key not in known}
        if more:
            found["Planning"] = more
    return found


# --- the tree ---------------------------------------------------------------------------------------------------------


def _drafts(plan: object) -> list[Draft]:
    """All nodes, parents first, as EXPLAIN lists them. It keeps its own stack: how deep plans are is not ours."""
    found: list[Draft] = []
    waiting: list[tuple[object, Draft | None]] = [(plan, None)]
    while waiting:
        raw, parent = waiting.pop()
        if not isinstance(raw, dict) or not isinstance(raw.get("Node Type"), str):
            raise PlanFormatError('A node of the plan is no object with a "Node Type".', cure=_CURE)
        below = raw.get("Plans", [])
        if not isinstance(below, list):
            raise PlanFormatError('"Plans" of a node is no list.', cure=_CURE)
        draft = Draft(raw, parent, len(found) + 1)
        found.append(draft)
        if parent is not None:
            parent.children.append(draft)
            draft.processes = _processes(draft, parent)
        waiting.extend((each, draft) for each in reversed(below))
    return found


_CURE = "Take the whole output of EXPLAIN (FORMAT JSON)."
_GATHERS = {"Gather", "Gather Merge"}


def _processes(draft: Draft, parent: Draft) -> float:
    """How many processes ran a node side by side: below a Gather each of them runs the top node once a round."""
    if draft.raw.get("Parent Relationship") == "InitPlan":  # run by the leader, before it hands out the work
        return 1.0
    if parent.raw["Node Type"] in _GATHERS:
        rounds = _number(parent.raw, "Actual Loops") or 1
        return max(1.0, (_number(draft.raw, "Actual Loops") or 1) / rounds)
    return parent.processes


def _built(nodes: list[Draft]) -> PlanNode:
    waits = waits_in(nodes)
    costs = self_shares(nodes, list(map(_cost, nodes)), waits)
    totals = _totals_s(nodes)
    times = self_shares(nodes, [total or 0.0 for total in totals], waits)
    blocks = _shared_blocks(nodes, waits)
    made: dict[int, PlanNode] = {}
    for draft in reversed(nodes):
        at = draft.number - 1
        buffers = _buffers(draft.raw)
        made[draft.number] = PlanNode(
            number=draft.number,
            **_fields(draft.raw),
            self_cost=costs[at],
            startup_s=_seconds(draft.raw, "Actual Startup Time"),
            total_s=totals[at],
            self_s=times[at] if totals[at] is not None else None,
            buffers=buffers,
            self_buffers=buffers and Buffers(**{name: each[at] for name, each in blocks.items()}),
            wal=_wal(draft.raw),
            workers=tuple(each for each in draft.raw.get("Workers") or () if isinstance(each, dict)),
            extra={key: value for key, value in draft.raw.items() if key not in _PLACED},
            children=tuple(made.pop(child.number) for child in draft.children),
        )
    return made[1]


def _shared_blocks(nodes: Sequence[Draft], waits: Sequence[Wait]) -> dict[str, list[Any]]:
    """The share of each node in every counter that isn't 0 throughout."""
    counted = [_buffers(draft.raw) or Buffers() for draft in nodes]
    found: dict[str, list[Any]] = {}
    for field in attrs.fields(Buffers):
        totals = [getattr(each, field.name) for each in counted]
        if any(totals):
            found[field.name] = self_shares(nodes, totals, waits, whole=not field.name.endswith("_s"))
    return found


def _fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, name in _TEXTS.items():
        if isinstance(raw.get(key), str):
            found[name] = raw[key]
    for key, name in _LISTS.items():
        if isinstance(raw.get(key), list):
            found[name] = tuple(str(each) for each in raw[key])
    for key, name in _FLAGS.items():
        if key in raw:
            found[name] = raw[key] is True
    for key, name in _NUMBERS.items():
        number = _number(raw, key)
        if number is not None:
            found[name] = number
    for key, name in _KIB.items():
        number = _number(raw, key)
        if number is not None:
            found[name] = int(number * KIB)
    return found


# --- figures ----------------------------------------------------------------------------------------------------------

_MOST = 1e300


def _refuse_no_figures(objects: object) -> None:
    """NaN, Infinity and 1e999, which Python's reader of JSON lets pass and no server writes."""
    waiting: list[Any] = [objects]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        elif isinstance(value, int | float) and not abs(value) <= _MOST:  # NaN is not, either
            raise PlanFormatError("A figure of the plan is no number, or beyond all measure.", cure=_CURE)


def _number(raw: Mapping[str, Any], key: str) -> Any:
    value = raw.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _seconds(raw: Mapping[str, Any], key: str) -> float | None:
    value = _number(raw, key)
    return None if value is None else float(value) * _MS


_ROUNDED_S = 0.5e-6
"""EXPLAIN gives a mean to the microsecond; what it left out counts once a loop."""


def _totals_s(nodes: list[Draft]) -> list[float | None]:
    """Each node's share of the clock: no less than that of what it ran itself, as far as rounding made it so."""
    totals = list(map(_total_s, nodes))
    for draft in reversed(nodes):
        total, loops = totals[draft.number - 1], _number(draft.raw, "Actual Loops") or 0
        if total is not None and loops > 1:
            ran = [each.number - 1 for each in draft.children if each.raw.get("Parent Relationship") != "InitPlan"]
            left_out = _ROUNDED_S * loops / draft.processes
            below = sum(totals[place] or 0.0 for place in ran)
            totals[draft.number - 1] = max(total, min(total + left_out, below))
    return totals


def _total_s(draft: Draft) -> float | None:
    """The node's share of the clock: EXPLAIN's time is the mean of all loops of all processes."""
    mean = _seconds(draft.raw, "Actual Total Time")
    if mean is None:  # with TIMING off there are no times; a node that was never run took none
        return 0.0 if _number(draft.raw, "Actual Loops") == 0 and not _untimed(draft) else None
    return float(mean * (_number(draft.raw, "Actual Loops") or 0) / draft.processes)


def _untimed(draft: Draft) -> bool:
    at = draft
    while at.parent is not None:
        at = at.parent
    return "Actual Total Time" not in at.raw


def _cost(draft: Draft) -> float:
    """The planner's cost, over all loops where they can be guessed: the inner side of a nested loop runs per row."""
    cost = float(_number(draft.raw, "Total Cost") or 0.0)
    loops = 1.0
    at = draft
    while at.parent is not None:
        if at.parent.raw["Node Type"] == "Nested Loop" and at.raw.get("Parent Relationship") == "Inner":
            outer = at.parent.children[0].raw
            loops *= max(1.0, float(_number(outer, "Plan Rows") or 1))
        at = at.parent
    return min(cost * loops, 1e300)


def _buffers(raw: Mapping[str, Any]) -> Buffers | None:
    if not any(key in raw for key in _COUNTED_BUFFERS):
        return None
    found: dict[str, Any] = {name: int(_number(raw, key) or 0) for key, name in _COUNTED_BUFFERS.items()}
    for key, name in _IO_TIMES.items():
        found[name] = found.get(name, 0.0) + (_seconds(raw, key) or 0.0)
    return Buffers(**found)


def _wal(raw: Mapping[str, Any]) -> Wal | None:
    if not any(key in raw for key in _WAL):
        return None
    return Wal(**{name: int(_number(raw, key) or 0) for key, name in _WAL.items()})


def _trigger(raw: Mapping[str, Any]) -> Trigger:
    return Trigger(
        name=str(raw.get("Trigger Name") or raw.get("Constraint Name") or ""),
        relation=raw.get("Relation"),
        constraint=raw.get("Constraint Name"),
        calls=_number(raw, "Calls") or 0,
        total_s=_seconds(raw, "Time"),
    )


def _jit(raw: Mapping[str, Any]) -> Jit:
    timing = raw.get("Timing")
    total = _seconds(timing, "Total") if isinstance(timing, dict) else None
    return Jit(functions=int(_number(raw, "Functions") or 0), total_s=total)
