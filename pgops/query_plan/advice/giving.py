"""All advice on a plan: every rule looks at every node, or at the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.advice import estimates, loops, memory, ordering, scans, whole
from pgops.query_plan.advice.model import Advice, took_long

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

OF_MEASURED: tuple[Callable[[QueryPlan, PlanNode], Iterator[Advice]], ...] = (
    scans.unindexed_scan,
    ordering.sorted_for_few,
    ordering.extreme_by_scan,
    scans.filter_discards,
    scans.heap_fetches,
    memory.spilled_sort,
    memory.spilled_hash,
    memory.spilled_aggregate,
    memory.spilled_rows,
    memory.lossy_bitmap,
    loops.nested_loop,
    loops.subplan_per_row,
    loops.cte_per_row,
    loops.useless_memoize,
    estimates.misestimate,
    estimates.function_rows,
    whole.missing_workers,
)
"""Rules that look at what was measured, node by node."""
OF_PLANNED: tuple[Callable[[QueryPlan, PlanNode], Iterator[Advice]], ...] = (
    scans.planned_scan,
    ordering.sorted_for_few,
    ordering.extreme_by_scan,
)
"""Rules for a plan that was not run."""
OF_THE_WHOLE: tuple[Callable[[QueryPlan], Iterator[Advice]], ...] = (
    whole.compiling,
    whole.long_planning,
    whole.waiting_for_disks,
    whole.slow_trigger,
)


def advice_on(plan: QueryPlan) -> tuple[Advice, ...]:
    """All of it, the worst first, then what is likeliest to help."""
    found = [advice for each in (plan, *plan.further) for advice in _given(each)]
    found.sort(key=lambda advice: (-advice.severity, -advice.confidence, advice.node or 0))
    indexes: set[str] = set()
    once: list[Advice] = []
    for advice in found:
        if advice.fix is not None and advice.fix.startswith("CREATE INDEX"):
            if advice.fix in indexes:  # a loop and the scan in it want the same one
                continue
            indexes.add(advice.fix)
        once.append(advice)
    return tuple(once)


def _given(plan: QueryPlan) -> Iterator[Advice]:
    for rule_of_whole in OF_THE_WHOLE:
        yield from rule_of_whole(plan)
    if plan.is_measured and not took_long(plan):
        return
    for node in plan.nodes():
        if node.loops != 0:
            for rule in OF_MEASURED if plan.is_measured else OF_PLANNED:
                yield from rule(plan, node)
