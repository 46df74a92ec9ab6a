"""Work that did not fit in memory and went through files, or lost its precision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pgops.query_plan.advice.model import Advice, Severity, on, share_of
from pgops.render.quantities import count, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import PlanNode, QueryPlan

KIB, MIB = 1024, 1024**2
BLOCK = 8 * KIB
_MATTERS = 0.1
_MOST_WORK_MEM = 2 * 1024**3
"""Bytes. More than this is not to be had for every sort of every session; fewer rows or an index is the way."""


def spilled_sort(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A sort that was merged from files."""
    spilled = [node.sort_space_bytes or 0] if node.sort_space_type == "Disk" else []
    spilled += [
        int(worker["Sort Space Used"] * KIB)
        for worker in node.workers
        if worker.get("Sort Space Type") == "Disk" and isinstance(worker.get("Sort Space Used"), int | float)
    ]
    incremental = [group for group in map(node.extra.get, _GROUPS) if isinstance(group, dict)]
    for group in incremental:
        space = group.get("Sort Space Disk")
        if isinstance(space, dict) and isinstance(space.get("Peak Sort Space Used"), int | float):
            spilled.append(int(space["Peak Sort Space Used"] * KIB))
    if not spilled or share_of(plan, node) < _MATTERS:
        return
    # Rows in memory take more room than packed into a file: pointers, headers, alignment.
    most = max(spilled)
    message = f"The sort took {size(sum(spilled))} of files: it did not fit in work_mem."
    yield on(node, "sort_spilled", Severity.WARNING, message, fix=_work_mem(most * 2.5), confidence=0.6)


_GROUPS = ("Full-sort Groups", "Pre-sorted Groups")


def spilled_hash(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A hash join whose table was split into batches."""
    batches = node.hash_batches or 1
    if node.node_type != "Hash" or batches <= 1 or share_of(plan, node) < _MATTERS / 2:
        return
    grown = node.original_hash_batches
    more = f", {count(grown)} were planned" if grown and grown != batches else ""
    message = f"The hash table was split into {count(batches)} batches{more}: rows of both sides went through files."
    needed = (node.peak_memory_bytes or 0) * batches
    # Since 15 a hash may take hash_mem_multiplier (2) times work_mem; of 14 it is the half.
    fix = _work_mem(needed) if needed else None
    yield on(node, "hash_batches", Severity.WARNING, message, fix=fix, confidence=0.6)


def spilled_aggregate(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A hash aggregate that put groups aside in files."""
    disk = node.disk_bytes or 0
    disk += int(
        sum(each["Disk Usage"] for each in node.workers if isinstance(each.get("Disk Usage"), int | float)) * KIB
    )
    if node.node_type != "Aggregate" or not disk or share_of(plan, node) < _MATTERS:
        return
    message = f"The hash aggregate put {size(disk)} into files: its groups did not fit in memory."
    needed = disk + (node.peak_memory_bytes or 0)
    yield on(node, "aggregate_spilled", Severity.WARNING, message, fix=_work_mem(needed), confidence=0.6)


_OTHERS = frozenset({"Materialize", "CTE Scan", "WindowAgg", "Function Scan", "Table Function Scan", "Recursive Union"})
_FEWEST_BLOCKS = 1_000


def spilled_rows(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """Rows that were kept for later, in files."""
    written = node.self_buffers.temp_written if node.self_buffers is not None else 0
    if node.node_type not in _OTHERS or written < _FEWEST_BLOCKS or share_of(plan, node) < _MATTERS:
        return
    message = f"{size(written * BLOCK)} of rows were kept in temporary files."
    yield on(node, "temporary_files", Severity.INFO, message, fix=_work_mem(written * BLOCK * 2), confidence=0.5)


def lossy_bitmap(plan: QueryPlan, node: PlanNode) -> Iterator[Advice]:
    """A bitmap that remembers pages, not rows, so that each row of a page is checked again."""
    lossy, exact = node.lossy_blocks or 0.0, node.exact_blocks or 0.0
    again = (node.rows_removed_by_recheck or 0.0) * (node.loops or 0.0)
    if node.node_type != "Bitmap Heap Scan" or lossy < _FEWEST_BLOCKS / 10 or share_of(plan, node) < _MATTERS:
        return
    if lossy < (lossy + exact) * _MATTERS or again < _FEWEST_BLOCKS:
        return
    message = (
        f"The bitmap did not fit in work_mem: of {count(lossy)} pages only the number was kept, and"
        f" {count(again)} rows were looked at in vain."
    )
    # An exact page takes about 64 bytes in the bitmap, with its share of the hash table.
    yield on(node, "lossy_bitmap", Severity.WARNING, message, fix=_work_mem((lossy + exact) * 128), confidence=0.7)


def _work_mem(needed: float) -> str | None:
    """A setting for the session, in whole MB; None beyond what is sane."""
    if needed > _MOST_WORK_MEM:
        return None
    return f"SET work_mem = '{max(1, math.ceil(needed * 1.1 / MIB))}MB'"
