"""A plan as a document: what it took, the advice, the tree, then the statement and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.db.versions import ServerVersion
from pgops.findings import Severity
from pgops.query_plan.plan_text import number, tree_lines
from pgops.render.document import (
    Block,
    Card,
    CodeBlock,
    Document,
    KeyValues,
    Paragraph,
    Section,
    Strip,
    Table,
    Tile,
    Tone,
)
from pgops.render.quantities import duration, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.advice.model import Advice
    from pgops.query_plan.plan import QueryPlan

TONES = {Severity.CRITICAL: Tone.CRITICAL, Severity.WARNING: Tone.WARNING, Severity.INFO: Tone.INFO}
ANCHOR = "plan"


def document_of(plan: QueryPlan, *, with_tree: bool = True) -> Document:
    """The document; `with_tree=False` leaves the section of the tree empty, for a page that draws its own."""
    blocks = tuple(_blocks(plan, with_tree=with_tree))
    return Document("Query plan", subtitle=_subtitle(plan), blocks=blocks)


def _subtitle(plan: QueryPlan) -> str:
    kind = "as it was run (ANALYZE)" if plan.is_measured else "as planned, not run: all figures are estimates"
    if plan.is_prediction:
        kind = "a prediction, with indexes that do not exist: never measured"
    return (
        f"PostgreSQL {ServerVersion(plan.server_version)}, {kind}"
        if plan.server_version
        else f"{kind[0].upper()}{kind[1:]}"
    )


def _blocks(plan: QueryPlan, *, with_tree: bool) -> Iterator[Block]:
    given = plan.advice
    yield Strip((*_tiles(plan), *([] if given else [Tile("advice", "no", tone=Tone.GOOD)])))
    for advice in given:
        yield card_of(advice)
    yield Section("Plan", [CodeBlock("\n".join(tree_lines(plan)))] if with_tree else (), anchor=ANCHOR)
    for at, further in enumerate(plan.further, 2):
        tree = CodeBlock("\n".join(tree_lines(further)))
        yield Section(f"Plan {at}, of what a rule made of the statement", [tree])
    if plan.triggers:
        rows = [(each.name, each.relation, each.calls, each.total_s) for each in plan.triggers]
        yield Section("Triggers", [Table(("trigger", "relation", "calls", "seconds"), rows)])
    if plan.sql:
        yield Section("Statement", [CodeBlock(plan.sql, "sql")], open=len(plan.sql) < _LONG)
    if plan.settings:
        yield Section("Settings that are not at their defaults", [KeyValues(plan.settings)], open=False)


_LONG = 4_000


def _tiles(plan: QueryPlan) -> Iterator[Tile]:
    root = plan.root
    if plan.execution_s is not None:
        yield Tile("execution", duration(plan.execution_s))
    if plan.serialization_s:
        yield Tile("of it writing rows", duration(plan.serialization_s))
    if plan.planning_s is not None:
        yield Tile("planning", duration(plan.planning_s))
    if plan.is_measured:
        yield Tile("rows", number(root.total_rows))
    else:
        yield Tile("cost", number(round(root.total_cost, 2)))
        yield Tile("rows expected", number(root.plan_rows))
    if plan.is_measured and root.buffers is not None:
        yield Tile("blocks", number(root.buffers.touched))
        yield Tile("of them read", number(root.buffers.read))
    if plan.jit is not None and plan.jit.total_s:
        yield Tile("JIT", duration(plan.jit.total_s))


def card_of(advice: Advice) -> Card:
    """One advice, with what can be run."""
    blocks: list[Block] = [Paragraph(advice.message)]
    if advice.fix:
        blocks.append(CodeBlock(advice.fix, "sql"))
    facts: list[tuple[str, Any]] = [("rule", advice.rule), ("confidence", percent(100 * advice.confidence))]
    where = f"#{advice.node} {advice.label}" if advice.node else advice.label
    tone = TONES[advice.severity]
    return Card(heading=where, tone=tone, badge=str(advice.severity), blocks=blocks, facts=facts)
