"""A lint report for people: each finding a card, with what is blocked and the safe SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Severity
from pgops.migrations.lint.api import Kind
from pgops.render.document import Block, Card, Code, CodeBlock, Document, Line, Strip, Tile, Tone

if TYPE_CHECKING:
    from pgops.migrations.lint.api import LintFinding
    from pgops.migrations.lint.report import LintReport

_TONES = {Severity.CRITICAL: Tone.CRITICAL, Severity.WARNING: Tone.WARNING, Severity.INFO: Tone.INFO}


def lint_document(report: LintReport) -> Document:
    """The report as a document for the writers of `pgops.render`."""
    tiles = [
        Tile(str(severity), sum(each.severity is severity for each in report.findings), tone=_TONES[severity])
        for severity in sorted(Severity, reverse=True)
    ]
    unknown = sum(each.kind is Kind.UNKNOWN for each in report.findings)
    tiles.append(Tile("statements", report.statements, tone=Tone.MUTED))
    if unknown:
        tiles.append(Tile("unknown", unknown, tone=Tone.WARNING))
    subtitle = f"for PostgreSQL {report.server}"
    blocks: list[Block] = [Strip(tiles), *map(_card, report.findings)]
    if not report.findings:
        blocks.append("Nothing was found.")
    return Document("Lint", subtitle=subtitle, blocks=blocks)


def _card(finding: LintFinding) -> Card:
    place = f"{finding.file}:{finding.line}" if finding.file is not None else f"line {finding.line}"
    blocks: list[Block] = [finding.message]
    if finding.statement:
        blocks.append(CodeBlock(finding.statement, "sql"))
    if finding.fix:
        blocks += ["Instead:", CodeBlock(finding.fix, "sql")]
    facts: list[tuple[str, str]] = []
    if finding.lock:
        facts.append(("lock", finding.lock))
    if finding.blocks:
        facts.append(("blocks", finding.blocks))
    if finding.rewrite or finding.scan:
        facts.append(("meanwhile", "the table is written anew" if finding.rewrite else "the table is read whole"))
    heading = Line(f"{place} ", Code(finding.rule))
    return Card(heading=heading, tone=_TONES[finding.severity], badge=str(finding.severity), blocks=blocks, facts=facts)
