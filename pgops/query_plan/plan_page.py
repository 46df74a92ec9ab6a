"""A plan as a page: the tree with a bar for each node's own time and blocks, or its cost where nothing was measured.

The page is that of `pgops.render.html`, with the tree put into its section. A node's facts unfold below it (<details>,
no script). Everything that EXPLAIN said goes through `visible` and `html.escape`: names and conditions are anybody's.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

import attrs

from pgops.query_plan.labels import OTHER_CONDITIONS, conditions_of
from pgops.query_plan.plan_document import ANCHOR, TONES, document_of
from pgops.query_plan.plan_style import PLAN_STYLE
from pgops.query_plan.plan_text import number, seconds
from pgops.render.html import to_html, to_html_fragment
from pgops.render.quantities import duration, size
from pgops.render.trees import DEEPEST
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.findings import Severity
    from pgops.query_plan.plan import Buffers, PlanNode, QueryPlan


def page_of(plan: QueryPlan) -> str:
    """One self-contained page."""
    return _with_tree(to_html(document_of(plan, with_tree=False)), plan)


def fragment_of(plan: QueryPlan) -> str:
    """A <div>, for a notebook."""
    return _with_tree(to_html_fragment(document_of(plan, with_tree=False)), plan)


def _with_tree(page: str, plan: QueryPlan) -> str:
    # No text of the document can hold this mark: its quotes would be escaped.
    front, mark, rest = page.partition(f'id="pgops-{ANCHOR}"')
    body = '<div class="body">\n'
    head, opening, after = rest.partition(body)
    return "".join((front, mark, head, opening, f"<style>\n{PLAN_STYLE}\n</style>\n", *_tree(plan), after))


def _tree(plan: QueryPlan) -> Iterator[str]:
    worst: dict[int | None, Severity] = {}
    for advice in plan.advice:  # the worst comes first
        worst.setdefault(advice.node, advice.severity)
    scale = _Scale.of(plan)
    yield f'<div class="plan">\n<div class="legend">{scale.legend()}</div>\n<ul class="nodes">\n'
    stack: list[tuple[Iterator[PlanNode], str]] = [(iter((plan.root,)), "")]
    while stack:
        nodes, end = stack[-1]
        node = next(nodes, None)
        if node is None:
            stack.pop()
            yield end
            continue
        yield f"<li>{_node(node, scale, worst.get(node.number))}"
        if not node.children:
            yield "</li>\n"
        elif len(stack) < DEEPEST:  # browsers flatten what is nested too deep, so it is done here in time
            yield "<ul>\n"
            stack.append((iter(node.children), "</ul></li>\n"))
        else:
            yield "</li>\n"
            stack.append((iter(node.children), ""))
    yield "</ul>\n</div>\n"


@attrs.frozen(kw_only=True)
class _Scale:
    """What the bars are parts of."""

    time_s: float | None
    blocks: int | None
    cost: float

    @classmethod
    def of(cls, plan: QueryPlan) -> _Scale:
        root = plan.root
        blocks = root.buffers.touched if plan.is_measured and root.buffers is not None else None
        return cls(time_s=root.total_s, blocks=blocks, cost=root.total_cost)

    def legend(self) -> str:
        if self.time_s is None and self.blocks is None:
            return '<span class="bar-head cost">cost, estimated</span>'
        heads = ['<span class="bar-head time">time of its own</span>'] if self.time_s is not None else []
        if self.blocks is not None:
            heads.append('<span class="bar-head blocks">blocks of its own</span>')
        return "".join(heads)

    def bars(self, node: PlanNode) -> Iterator[str]:
        if self.time_s is not None:
            yield _bar("time", node.self_s, self.time_s, seconds(node.self_s))
        if self.blocks is not None:
            touched = node.self_buffers.touched if node.self_buffers is not None else 0
            yield _bar("blocks", touched, self.blocks, number(touched))
        if self.time_s is None and self.blocks is None:
            yield _bar("cost", node.self_cost, self.cost, number(round(node.self_cost, 2)))


def _bar(kind: str, part: float | None, whole: float, words: str) -> str:
    share = min(100.0, 100.0 * (part or 0.0) / whole) if whole else 0.0
    return (
        f'<span class="bar {kind}" title="{share:.0f} % of all"><i style="width:{share:.1f}%"></i>'
        f"<b>{_escape(words)}</b></span>"
    )


def _node(node: PlanNode, scale: _Scale, severity: Severity | None) -> str:
    classes = "node" + (f" {TONES[severity].value}" if severity else "") + (" never" if node.never_executed else "")
    rows = f"{_rows(node.plan_rows)} expected"
    if node.loops:
        rows = f"{_rows(node.actual_rows)}, {number(node.plan_rows)} expected"
        rows += f", × {number(node.loops)}" if node.loops != 1 else ""
    elif node.never_executed:
        rows = "never executed"
    above = f'<span class="of">{_escape(node.subplan_name)}</span> ' if node.subplan_name else ""
    first = next(conditions_of(node), None)
    condition = f'<span class="condition">{_escape(first[1])}</span>' if first else ""
    facts = "".join(f"<div><dt>{_escape(label)}</dt><dd>{_escape(value)}</dd></div>" for label, value in _facts(node))
    return (
        f'<details class="{classes}"><summary><span class="what"><span class="number">{node.number}</span>'
        f'<span class="name">{above}{_escape(node.name)}{condition}</span></span>'
        f'<span class="figures"><span class="rows">{_escape(rows)}</span>{"".join(scale.bars(node))}</span></summary>'
        f'<dl class="of-node">{facts}</dl></details>'
    )


def _rows(rows: float | None) -> str:
    return "1 row" if rows == 1 else f"{number(rows)} rows"


def _facts(node: PlanNode) -> Iterator[tuple[str, str]]:
    """Everything that is known of a node, in words."""
    yield from conditions_of(node)
    if node.total_s is not None:
        yield "time", f"{seconds(node.self_s)} of its own, {seconds(node.total_s)} with what is below"
    if node.loops is not None:
        yield "rows a loop", f"{number(node.actual_rows)}, expected {number(node.plan_rows)}"
        yield "loops", number(node.loops)
    yield "cost", f"{node.startup_cost:.2f} to {node.total_cost:.2f}, {node.plan_width} bytes a row"
    for label, buffers in (("blocks of its own", node.self_buffers), ("blocks with what is below", node.buffers)):
        if buffers is not None and node.loops:
            yield label, _blocks(buffers)
    for field in attrs.fields(type(node)):
        value = getattr(node, field.name)
        if field.name in _LABELS and value not in (None, ()):
            yield _LABELS[field.name], size(value) if field.name.endswith("_bytes") else _plain(value)
    if node.wal is not None and node.wal.records:
        yield "WAL", f"{number(node.wal.records)} records, {size(node.wal.bytes)}"
    if node.output:
        yield "output", ", ".join(node.output)
    for key, value in node.extra.items():
        if key not in OTHER_CONDITIONS and value not in (None, False, [], ""):
            yield key, _plain(value)
    for worker in node.workers:
        yield f"worker {worker.get('Worker Number', '')}", _worker(worker)


_LABELS = {
    "rows_removed_by_filter": "rows removed by the filter, a loop",
    "rows_removed_by_join_filter": "rows removed by the join filter, a loop",
    "rows_removed_by_recheck": "rows removed by the recheck, a loop",
    "sort_method": "sort method",
    "sort_space_bytes": "sort space",
    "sort_space_type": "sorted in",
    "hash_batches": "batches",
    "original_hash_batches": "batches planned",
    "peak_memory_bytes": "peak memory",
    "disk_bytes": "files",
    "heap_fetches": "heap fetches",
    "exact_blocks": "exact heap blocks",
    "lossy_blocks": "lossy heap blocks",
    "cache_hits": "cache hits",
    "cache_misses": "cache misses",
    "cache_evictions": "cache evictions",
    "workers_planned": "workers planned",
    "workers_launched": "workers launched",
    "subplans_removed": "subplans removed",
}


def _worker(worker: Any) -> str:
    rows, loops, mean = worker.get("Actual Rows"), worker.get("Actual Loops"), worker.get("Actual Total Time")
    said = []
    if isinstance(mean, int | float):
        said.append(duration(mean / 1000))
    if isinstance(rows, int | float) and isinstance(loops, int | float):
        said.append(f"{number(rows)} rows × {number(loops)}")
    if worker.get("Sort Method"):
        said.append(f"{worker['Sort Method']}, {worker.get('Sort Space Used')} kB {worker.get('Sort Space Type')}")
    return ", ".join(said) or "took part"


def _blocks(buffers: Buffers) -> str:
    said = [
        f"{field.name.replace('_', ' ')} {number(value)}"
        for field in attrs.fields(type(buffers))
        if (value := getattr(buffers, field.name)) and not field.name.endswith("_s")
    ]
    said += [
        f"{what} {duration(took)}" for what, took in (("reading", buffers.read_s), ("writing", buffers.write_s)) if took
    ]
    return ", ".join(said) or "none"


def _plain(value: object) -> str:
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, str | bool):
        return str(value)
    return number(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _escape(text: str) -> str:
    return html.escape(visible(text), quote=True)
