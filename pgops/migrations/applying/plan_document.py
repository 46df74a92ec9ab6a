"""A migration's plan for people: units, who has to wait and for how long, who is in the way, the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.render.document import (
    Block,
    Bullets,
    Card,
    Code,
    CodeBlock,
    Column,
    Document,
    KeyValues,
    Line,
    Note,
    Section,
    Strip,
    Table,
    Tile,
    Tone,
)
from pgops.render.quantities import Unit as Quantity

if TYPE_CHECKING:
    from pgops.migrations.applying.planning import PlannedStatement, Unit
    from pgops.migrations.applying.proposing import MigrationProposal


def plan_document(proposal: MigrationProposal) -> Document:
    """The proposal as a document for the writers of `pgops.render`."""
    planned = proposal.planned
    blocking = sum(any(held.blocks for held in each.holds) for each in planned)
    unknown = sum(each.effect.unknown is not None for each in planned)
    tiles = [
        Tile("statements", len(planned)),
        Tile("units", len(proposal.units)),
        Tile("block others", blocking, tone=Tone.WARNING if blocking else Tone.GOOD),
        Tile("done already", proposal.done, tone=Tone.MUTED),
    ]
    if unknown:
        tiles.append(Tile("unknown", unknown, tone=Tone.WARNING))
    blocks: list[Block] = [Strip(tiles), KeyValues([(name, str(value)) for name, value in proposal.target.items()])]
    if not planned:
        blocks.append("Nothing is left to do.")
    if proposal.blockers:
        blocks.append(Section("In the way now", [Bullets([str(each) for each in proposal.blockers])]))
    blocks += [_unit(number, unit) for number, unit in enumerate(proposal.units, 1)]
    if proposal.risks:
        blocks.append(Section("Risks", [Bullets(proposal.risks)]))
    if planned:
        blocks.append(_way_back(proposal))
    subtitle = f"{proposal.kind}, digest {proposal.digest[:12]}"
    return Document(f"Plan: {proposal.title}", subtitle=subtitle, blocks=blocks)


def _unit(number: int, unit: Unit) -> Section:
    how = "one transaction" if unit.in_transaction else "by itself, outside a transaction"
    return Section(f"Unit {number}: {how}", [_statement(each) for each in unit.statements])


def _statement(each: PlannedStatement) -> Card:
    blocks: list[Block] = [CodeBlock(each.text, "sql")]
    if each.holds:
        columns = (
            "relation",
            "lock",
            "blocks",
            "meanwhile",
            Column("rows", unit=Quantity.PLAIN),
            Column("size", unit=Quantity.BYTES),
            Column("about", unit=Quantity.SECONDS),
        )
        rows = [
            (
                Code(held.relation),
                held.lock,
                held.blocks or "nobody",
                "written anew" if held.rewrite else "read whole" if held.scan else "",
                held.rows,
                held.bytes,
                held.about_s,
            )
            for held in each.holds
        ]
        blocks.append(Table(columns, rows))
    if each.effect.unknown:
        blocks.append(Note(f"Unknown: {each.effect.unknown}.", Tone.WARNING))
    hurts = any(held.blocks and (held.about_s or 0) >= 1 for held in each.holds)
    tone = Tone.WARNING if hurts or each.effect.unknown else Tone.MUTED
    return Card(heading=Line(each.place), tone=tone, badge="blocks" if hurts else "", blocks=blocks)


def _way_back(proposal: MigrationProposal) -> Section:
    lines = [
        f"{each.undo};" if each.undo is not None else f"-- nothing takes this back: {each.head}"
        for each in reversed(proposal.planned)
    ]
    return Section("The way back", [CodeBlock("\n".join(lines), "sql")], open=False)
