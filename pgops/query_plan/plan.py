"""A query plan as plain data: a tree of nodes with what was planned and, where it was run, what was measured.

Durations are seconds, sizes bytes, buffers blocks. What EXPLAIN tells about a node and these fields do not is kept in
`PlanNode.extra` under EXPLAIN's own words (PostgreSQL 18 manual, sections 14.1 and EXPLAIN).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from pgops.query_plan.relations import Relation

if TYPE_CHECKING:
    from pgops.query_plan.advice.model import Advice
    from pgops.render.document import Document

SCHEMA = "pgops.query_plan/1"


@attrs.frozen(kw_only=True)
class Buffers:
    """Blocks that were touched, and the seconds that reading and writing them took (with track_io_timing).

    `shared` is the buffer cache, `local` that of temporary tables, `temp` the files of sorts and hashes. Times of
    parallel workers are added up, so they may exceed the time on the clock.
    """

    shared_hit: int = 0
    shared_read: int = 0
    shared_dirtied: int = 0
    shared_written: int = 0
    local_hit: int = 0
    local_read: int = 0
    local_dirtied: int = 0
    local_written: int = 0
    temp_read: int = 0
    temp_written: int = 0
    read_s: float = 0.0
    write_s: float = 0.0

    @property
    def touched(self) -> int:
        """All blocks that were looked at or written to files: what the work costs, whatever was in memory by chance."""
        cached = self.shared_hit + self.shared_read + self.local_hit + self.local_read
        return cached + self.temp_read + self.temp_written

    @property
    def read(self) -> int:
        """Blocks that were not in the buffer cache."""
        return self.shared_read + self.local_read + self.temp_read


@attrs.frozen(kw_only=True)
class Wal:
    """Write-ahead log that a node and those below it wrote."""

    records: int = 0
    full_pages: int = 0
    bytes: int = 0


@attrs.frozen(kw_only=True)
class Trigger:
    """One trigger that was fired: its time is not in any node."""

    name: str
    relation: str | None = None
    constraint: str | None = None
    calls: float = 0
    total_s: float | None = None


@attrs.frozen(kw_only=True)
class Jit:
    """Just-in-time compilation. Its time is spread over the nodes that waited for it; workers' is not counted here."""

    functions: int
    total_s: float | None
    """None where nothing was run."""


@attrs.frozen(kw_only=True)
class PlanNode:
    """One step of a plan. What EXPLAIN does not say of it is None.

    Rows are per loop, as EXPLAIN gives them; `total_rows` is over all loops. `total_s` is the node's share of the clock
    with everything below it: over all loops, divided by the processes that ran it side by side. `self_s` and
    `self_buffers` are the node alone; over the whole plan they add up to the root's, and none is negative. What a CTE
    or an InitPlan took is counted there once, not at the nodes that waited for it.
    """

    number: int
    """The place in the plan, from 1 at the root, in EXPLAIN's order."""
    node_type: str
    relationship: str | None = None
    """To its parent: Outer, Inner, Member, InitPlan, SubPlan, Subquery."""
    subplan_name: str | None = None
    operation: str | None = None
    strategy: str | None = None
    partial_mode: str | None = None
    join_type: str | None = None
    parallel_aware: bool = False
    is_disabled: bool = False

    schema: str | None = None
    relation: str | None = None
    alias: str | None = None
    index: str | None = None
    scan_direction: str | None = None
    function: str | None = None
    cte: str | None = None
    output: tuple[str, ...] = ()

    startup_cost: float = 0.0
    total_cost: float = 0.0
    self_cost: float = 0.0
    """A share of the root's cost, as `self_s` is of its time; an estimate even among estimates (LIMIT, loops)."""
    plan_rows: float = 0.0
    plan_width: int = 0

    loops: float | None = None
    """How often it was run, all processes together. 0: never; None: not measured."""
    actual_rows: float | None = None
    startup_s: float | None = None
    total_s: float | None = None
    self_s: float | None = None
    buffers: Buffers | None = None
    self_buffers: Buffers | None = None
    wal: Wal | None = None

    filter: str | None = None
    rows_removed_by_filter: float | None = None
    join_filter: str | None = None
    rows_removed_by_join_filter: float | None = None
    index_cond: str | None = None
    recheck_cond: str | None = None
    rows_removed_by_recheck: float | None = None
    hash_cond: str | None = None
    merge_cond: str | None = None
    sort_key: tuple[str, ...] = ()
    group_key: tuple[str, ...] = ()

    sort_method: str | None = None
    sort_space_bytes: int | None = None
    sort_space_type: str | None = None
    """`Memory` or `Disk`."""
    hash_batches: int | None = None
    original_hash_batches: int | None = None
    peak_memory_bytes: int | None = None
    disk_bytes: int | None = None
    """What a hash aggregate, a CTE or a tuplestore put into files."""
    heap_fetches: float | None = None
    exact_blocks: float | None = None
    lossy_blocks: float | None = None
    cache_hits: float | None = None
    cache_misses: float | None = None
    cache_evictions: float | None = None
    workers_planned: int | None = None
    workers_launched: int | None = None
    subplans_removed: int | None = None
    workers: tuple[Mapping[str, Any], ...] = ()
    """What EXPLAIN says of each worker, in its own words."""

    extra: Mapping[str, Any] = attrs.field(factory=dict)
    # Neither repr nor == goes down the tree: a deep one would be too deep for them.
    children: tuple[PlanNode, ...] = attrs.field(
        default=(), repr=lambda children: f"<{len(children)}>", eq=lambda children: list(map(_flat, children))
    )

    @property
    def never_executed(self) -> bool:
        return self.loops == 0

    @property
    def total_rows(self) -> float | None:
        """Rows over all loops."""
        return None if self.actual_rows is None or self.loops is None else self.actual_rows * self.loops

    @property
    def name(self) -> str:
        """The node as EXPLAIN's text names it: `Parallel Index Scan using i on public.orders o`."""
        from pgops.query_plan.labels import name_of  # noqa: PLC0415  words, not data

        return name_of(self)

    def nodes(self) -> Iterator[PlanNode]:
        """This node and all below it, in EXPLAIN's order."""
        waiting: list[PlanNode] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


def _flat(root: PlanNode) -> list[Any]:
    """A tree as a list that is equal to another's where the trees are: comparing goes no deeper for a deep one."""
    return [(tuple(child.number for child in node.children), attrs.evolve(node, children=())) for node in root.nodes()]


@attrs.frozen(kw_only=True)
class QueryPlan:
    """The plan of one statement, as planned or as run.

    It compares by what it says, pickles, becomes JSON (`to_json`, `QueryPlan.from_json`), text, or a page.
    """

    root: PlanNode = attrs.field(eq=_flat)
    sql: str | None = None
    """The statement, if known."""
    planning_s: float | None = None
    execution_s: float | None = None
    """None where the statement was only planned."""
    serialization_s: float | None = None
    """What making the rows text took (17, with ANALYZE): a part of the execution, and of no node."""
    settings: Mapping[str, str] = attrs.field(factory=dict)
    """Settings that the planner heeds and that are not at their defaults (12)."""
    triggers: tuple[Trigger, ...] = ()
    jit: Jit | None = None
    planning_buffers: Buffers | None = None
    query_id: int | None = None
    server_version: int | None = None
    """As in server_version_num: 160014 is 16.14."""
    is_prediction: bool = False
    """Whether hypothetical indexes took part: such a plan can't be run."""
    extra: Mapping[str, Any] = attrs.field(factory=dict)
    further: tuple[QueryPlan, ...] = ()
    """The other plans of a statement that rules made into several."""
    relations: tuple[Relation, ...] = ()
    """What the catalogue said of the tables that are read whole, for advice; empty for plans that others captured."""
    source: Mapping[str, Any] = attrs.field(repr=False, eq=False)
    """EXPLAIN's own JSON object, of which all this was read."""

    @property
    def is_measured(self) -> bool:
        """Whether the statement was run."""
        return self.root.loops is not None

    def nodes(self) -> Iterator[PlanNode]:
        """All nodes, in EXPLAIN's order."""
        return self.root.nodes()

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What the plan's own numbers, and `relations`, say is worth a look, worst first. No server is asked."""
        from pgops.query_plan.advice.giving import advice_on  # noqa: PLC0415  the rules read plans

        return advice_on(self)

    def to_text(self, *, width: int = 120) -> str:
        """The plan for a terminal or a ticket: a tree beside aligned columns, then the advice."""
        from pgops.query_plan.plan_text import text_of  # noqa: PLC0415  writers cost nothing to who wants data

        return text_of(self, width=width)

    def to_document(self) -> Document:
        """The plan as a neutral document, for any writer of `pgops.render`."""
        from pgops.query_plan.plan_document import document_of  # noqa: PLC0415

        return document_of(self)

    def to_html(self) -> str:
        """One self-contained page: the tree with bars of time and buffers, details to unfold, advice on top."""
        from pgops.query_plan.plan_page import page_of  # noqa: PLC0415

        return page_of(self)

    def _repr_html_(self) -> str:
        from pgops.query_plan.plan_page import fragment_of  # noqa: PLC0415

        return fragment_of(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """JSON that `from_json` reads back as an equal plan, and that has EXPLAIN's own objects in `explain`."""
        return json.dumps(self.to_plain(), indent=indent, ensure_ascii=False)

    def to_plain(self) -> dict[str, Any]:
        """`to_json` before it becomes text."""
        return {
            "schema": SCHEMA,
            "sql": self.sql,
            "server_version": self.server_version,
            "is_prediction": self.is_prediction,
            "explain": [self.source, *(each.source for each in self.further)],
            "relations": [attrs.asdict(each) for each in self.relations],
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return QueryPlan.from_json, (self.to_json(),)  # flat, however deep the tree is

    @classmethod
    def from_json(cls, text: str) -> QueryPlan:
        """The plan of `to_json`, or of whatever `read_plan` reads. Raises `PlanFormatError`."""
        from pgops.query_plan.reading import read_plan  # noqa: PLC0415  it makes plans

        return read_plan(text)
