"""What concerns a plan as a whole: compiling, planning, waiting for disks, triggers, workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.query_plan.advice.model import SHORTEST_S, Advice, Severity, on
from pgops.render.quantities import count, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

_LONG_S = 0.01
_LONG_PLANNING_S = 0.05
_HALF = 0.5
_THIRD = 0.3


def compiling(plan: QueryPlan) -> Iterator[Advice]:
    """JIT that took a good part of the time."""
    took, whole = plan.jit.total_s if plan.jit else None, plan.execution_s
    if not took or not whole or took < _LONG_S or took < _THIRD * whole:
        return
    message = f"Compiling (JIT) took {duration(took)}, in all processes together; carrying out took {duration(whole)}."
    severity = Severity.WARNING if took >= _HALF * whole else Severity.INFO
    yield _of_plan("jit", severity, message, fix="SET jit = off", confidence=0.8)


def long_planning(plan: QueryPlan) -> Iterator[Advice]:
    """Planning that took longer than carrying out."""
    if plan.planning_s is None or plan.execution_s is None:
        return
    if plan.planning_s >= _LONG_PLANNING_S and plan.planning_s > plan.execution_s:
        message = (
            f"Planning took {duration(plan.planning_s)}, carrying out {duration(plan.execution_s)}."
            " A prepared statement plans less often; many partitions or joins make it long, a cold cache only once."
        )
        yield _of_plan("long_planning", Severity.INFO, message, confidence=0.4)


def waiting_for_disks(plan: QueryPlan) -> Iterator[Advice]:
    """Reading blocks that took most of the time."""
    buffers, whole = plan.root.buffers, plan.execution_s
    if buffers is None or not whole or whole < _LONG_S * 10 or buffers.read_s < _HALF * whole:
        return
    message = (
        f"{duration(buffers.read_s)} went into reading {count(buffers.read)} blocks that were not in the buffer cache."
        " Run it again: if it is fast then, it was the cold cache; if not, it reads more than fits."
    )
    yield _of_plan("reading", Severity.INFO, message, confidence=0.5)


_CHECK_OF_REFERENCING = "RI_ConstraintTrigger_c_"
"""It looks up the referenced key, which has its index; `..._a_` looks for what references."""


def slow_trigger(plan: QueryPlan) -> Iterator[Advice]:
    """A trigger that took most of the time: a foreign key without an index, often, where what it references changes."""
    whole = plan.execution_s
    for trigger in plan.triggers:
        took = trigger.total_s
        if not whole or not took or took < max(SHORTEST_S * 2, _HALF * whole):
            continue
        what = f"The trigger of constraint {trigger.constraint}" if trigger.constraint else f"Trigger {trigger.name}"
        message = f"{what} took {duration(took)} of {duration(whole)} in {count(trigger.calls)} calls."
        if trigger.constraint and not trigger.name.startswith(_CHECK_OF_REFERENCING):
            message += " A foreign key wants an index on the referencing columns."
        yield _of_plan("slow_trigger", Severity.WARNING, message, confidence=0.6)


def missing_workers(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """Workers that were planned and not to be had."""
    planned, launched = node.workers_planned, node.workers_launched
    if planned is None or launched is None or launched >= planned:
        return
    message = (
        f"{count(planned)} workers were planned and {count(launched)} launched: all others were busy"
        " (max_parallel_workers, max_worker_processes)."
    )
    yield on(node, "missing_workers", Severity.INFO if launched else Severity.WARNING, message, confidence=0.6)


def _of_plan(rule: str, severity: Severity, message: str, *, confidence: float, fix: str | None = None) -> Advice:
    return Advice(
        rule=rule, severity=severity, node=None, label="the plan", message=message, fix=fix, confidence=confidence
    )
