"""Plans made by hand, in EXPLAIN's words: for what no server does when it is asked to."""

from __future__ import annotations

import json
from typing import Any

from pgops.query_plan import QueryPlan, read_plan


def node(kind: str, *below: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A node that took 100 ms in one loop, if nothing else is said. `Actual_Rows=1` is EXPLAIN's "Actual Rows"."""
    said = {"Startup_Cost": 0.0, "Total_Cost": 100.0, "Plan_Rows": 100, "Plan_Width": 8} | keys
    if said.pop("ran", True):
        said = {"Actual_Startup_Time": 0.0, "Actual_Total_Time": 100.0, "Actual_Rows": 100, "Actual_Loops": 1} | said
    made = {"Node Type": kind, **{key.replace("_", " "): value for key, value in said.items() if value is not None}}
    children = [{"Parent Relationship": side, **each} for side, each in zip(("Outer", "Inner"), below, strict=False)]
    children += list(below[2:])
    return {**made, "Plans": children} if children else made


def plan(root: dict[str, Any], *, execution_ms: float | None = 100.0, **whole: Any) -> QueryPlan:
    """The plan of that tree."""
    run = {"Execution Time": execution_ms, "Planning Time": 0.1} if execution_ms is not None else {}
    return read_plan(
        json.dumps([{"Plan": root, **run, **{key.replace("_", " "): each for key, each in whole.items()}}])
    )


def selves(read: QueryPlan) -> list[float]:
    """Each node's own milliseconds, in EXPLAIN's order."""
    return [round((each.self_s or 0.0) * 1000, 6) for each in read.nodes()]
