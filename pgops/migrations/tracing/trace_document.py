"""A trace for people: a card for each statement, with what it locked and where lint says something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.migrations.effects.locks import LockMode
from pgops.render.document import (
    Block,
    Bullets,
    Card,
    Code,
    CodeBlock,
    Column,
    Document,
    Line,
    Strip,
    Table,
    Tile,
    Tone,
)

if TYPE_CHECKING:
    from pgops.migrations.tracing.traced import Observed, Trace, TracedStatement


def trace_document(trace: Trace) -> Document:
    """The trace as a document for the writers of `pgops.render`."""
    refused, differing = len(trace.failed), len(trace.differing)
    strip = Strip(
        [
            Tile("statements", len(trace), tone=Tone.MUTED),
            Tile("refused", refused, tone=Tone.CRITICAL if refused else Tone.GOOD),
            Tile("differ from lint", differing, tone=Tone.WARNING if differing else Tone.GOOD),
        ]
    )
    blocks: list[Block] = [strip, *map(_card, trace.statements)]
    if trace.unparsed:
        blocks += [
            "Not carried out, since it could not be read:",
            Bullets([f"line {each.line}: {each.reason}" for each in trace.unparsed]),
        ]
    if not trace.statements:
        blocks.append("There was nothing to carry out.")
    return Document("Trace", subtitle=f"on PostgreSQL {trace.server}", blocks=blocks)


def _card(traced: TracedStatement) -> Card:
    place = f"{traced.file}:{traced.statement.line}" if traced.file is not None else f"line {traced.statement.line}"
    blocks: list[Block] = [CodeBlock(traced.statement.text, "sql")]
    if traced.message:
        blocks.append(f"{traced.failed} {traced.message}" if traced.failed else traced.message)
    touches = [each for each in traced.touches if not each.covered]
    if touches:
        blocks.append(
            Table(
                [Column("relation"), Column("kind"), Column("lock"), Column("others can't"), Column("meanwhile")],
                [_row(each) for each in touches],
            )
        )
    elif traced.ran and traced.failed is None:
        blocks.append("Nothing that was there before is locked in a way that anybody would notice.")
    if traced.leaves_invalid:
        blocks.append(f"It leaves invalid indexes: {', '.join(map(str, traced.leaves_invalid))}.")
    if traced.differences:
        blocks += ["Lint says something else:", Bullets([str(each) for each in traced.differences])]
    if traced.claim.unknown:
        blocks.append(f"Lint says that it does not know: {traced.claim.unknown}.")
    facts = [("transaction", "allows none" if traced.own_unit else f"number {traced.unit + 1}")]
    heading = Line(f"{place} ", Code(traced.statement.head))
    badge, tone = _verdict(traced)
    return Card(heading=heading, tone=tone, badge=badge, blocks=blocks, facts=facts)


def _verdict(traced: TracedStatement) -> tuple[str, Tone]:
    if traced.failed is not None:
        return "refused", Tone.CRITICAL
    if not traced.ran:
        return "not run", Tone.MUTED
    hardest = traced.touches[0] if traced.touches else None
    if hardest is None or hardest.lock is None or not hardest.lock.blocks:
        return "harmless" if hardest is None else hardest.short, Tone.GOOD
    return hardest.short, Tone.WARNING if hardest.lock >= LockMode.SHARE else Tone.INFO


def _row(each: Observed) -> tuple[object, ...]:
    lock = str(each.lock) if each.lock is not None else f"held: {each.held}" if each.held is not None else ""
    strongest = each.lock if each.lock is not None else each.held
    meanwhile = "written anew" if each.rewrite else "read whole" if each.scan else ""
    return (Code(str(each.relation)), each.kind, lock, strongest.blocks if strongest is not None else "", meanwhile)
