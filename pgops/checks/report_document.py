"""A report as a document: what is wrong first, then what could not be seen, the listings, and last what is fine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.catalogue import list_checks
from pgops.checks.report import CheckResult, Outcome, Report
from pgops.findings import Finding, Severity
from pgops.render.document import (
    Badge,
    Block,
    Card,
    Code,
    CodeBlock,
    Column,
    Content,
    Document,
    Each,
    Line,
    Link,
    Note,
    Paragraph,
    Section,
    Strip,
    Table,
    Tile,
    Tone,
)
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.api import Check

logger = logging.getLogger("pgops.checks")

TONES = {Severity.CRITICAL: Tone.CRITICAL, Severity.WARNING: Tone.WARNING, Severity.INFO: Tone.INFO}


def document_of(report: Report, *, listings: bool = True) -> Document:
    """The document of a report. Findings and rows are turned into blocks only as they are written."""
    return Document("pgops report", subtitle=_subtitle(report), blocks=tuple(_blocks(report, listings=listings)))


def _subtitle(report: Report) -> Content:
    when = f"{report.started_at:%Y-%m-%d %H:%M} UTC, {pretty('seconds', report.seconds)}"
    if report.server is None:
        return when
    server = report.server
    role = "standby" if server.in_recovery else "primary"
    return Line(
        f"PostgreSQL {server.release} ({role}), database ",
        Code(server.database),
        " as ",
        Code(server.user),
        f", {when}",
    )


def _blocks(report: Report, *, listings: bool) -> Iterator[Block]:
    yield _summary(report)
    if report.interrupted:
        yield Note(f"The run was ended early by {report.interrupted}. What had not been asked is FAILED.", Tone.WARNING)
    for plugin in report.broken_plugins:
        yield Note(Line("The plugin ", Code(plugin.name), f" could not take part: {plugin.error}"), Tone.WARNING)
    found = [result for result in report.results if result.findings]
    if found:
        ordered = sorted(found, key=lambda result: -_worst(result))
        yield _glance(ordered)
        yield Section("Findings", [_findings(result) for result in ordered], anchor="findings")
    if report.failed or report.skipped:
        yield _unanswered(report)
    listed = [result for result in report.results if result.outcome is Outcome.LISTED]
    if listed and listings:
        yield Section("Listings", [_listing(result) for result in listed], anchor="listings")
    elif listed:
        counted = [(Code(result.aliases[0] if result.aliases else result.check), len(result.rows)) for result in listed]
        yield Section("Listings, when asked for by name", [Table(("name", "rows"), counted)], anchor="listings")
    suppressed = [each for result in report.results for each in result.suppressed]
    if suppressed:
        rows = [(each.finding.check, each.finding.target.sql, each.by.reason, each.by.until) for each in suppressed]
        columns = ("check", "target", "reason", "until")
        yield Section(f"Suppressed ({len(rows)})", [Table(columns, rows)], anchor="suppressed", open=False)
    clean = [result for result in report.results if result.outcome is Outcome.CLEAN]
    if clean:
        looked = [(result.title, Code(result.check)) for result in clean]
        yield Section(f"Clean ({len(looked)})", [Table(("looked for", "check"), looked)], anchor="clean", open=False)


def _summary(report: Report) -> Strip:
    counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
    for result in report.results:
        for finding in result.findings:
            counts[finding.severity] += 1
    tiles: list[Tile] = [
        Tile(str(severity), count, tone=TONES[severity] if count else Tone.MUTED, filters=True)
        for severity, count in counts.items()
    ]
    for outcome, tone in ((Outcome.CLEAN, Tone.GOOD), (Outcome.SKIPPED, Tone.MUTED), (Outcome.FAILED, Tone.CRITICAL)):
        number = sum(1 for result in report.results if result.outcome is outcome)
        tiles.append(Tile(str(outcome), number, tone=tone if number else Tone.MUTED))
    return Strip(tiles)


def _glance(ordered: list[CheckResult]) -> Table:
    """Every check that found something, on one screen, with links to what it found."""
    rows = []
    for result in ordered:
        worst = _worst(result)
        link = Link(result.title, f"#{result.check}")
        rows.append((Badge(str(worst), TONES[worst]), len(result.findings), link))
    return Table(("worst", "findings", "what"), rows)


def _worst(result: CheckResult) -> Severity:
    return max(finding.severity for finding in result.findings)


def _findings(result: CheckResult) -> Section:
    worst = _worst(result)
    title = Line(Badge(str(worst), TONES[worst]), " ", result.title, f" ({len(result.findings)})")
    ordered = sorted(result.findings, key=lambda finding: -finding.severity)
    blocks: list[Block] = list(_picture(result))
    if result.unseen:
        blocks.append(Note(f"{len(result.unseen)} more could not be judged: {result.unseen[0].reason}", Tone.MUTED))
    cards: Any = Each(ordered, _card)  # turned into cards one by one, as they are written
    return Section(title, _Chain((blocks, cards)), anchor=result.check, aside=Code(result.check))


@attrs.frozen
class _Chain:
    """Several iterables one after the other, again and again."""

    parts: tuple[Any, ...]

    def __iter__(self) -> Iterator[Block]:
        for part in self.parts:
            yield from part


def _card(finding: Finding) -> Card:
    blocks: list[Block] = [Paragraph(finding.message)]
    if finding.fix:
        blocks.append(CodeBlock(finding.fix, "sql"))
    facts: list[tuple[str, Any]] = []
    if finding.confidence is not None:
        facts.append(("confidence", f"{finding.confidence:.0%}"))
    facts.append(("fingerprint", finding.fingerprint))
    heading = Line(f"{finding.target.kind} ", Code(finding.target.sql))
    return Card(heading=heading, tone=TONES[finding.severity], badge=str(finding.severity), blocks=blocks, facts=facts)


def _unanswered(report: Report) -> Section:
    columns = ("outcome", "check", "reason", "cure")
    rows = [
        (Badge(str(result.outcome), tone), Code(result.check), result.reason, Code(result.cure) if result.cure else "")
        for results, tone in ((report.failed, Tone.CRITICAL), (report.skipped, Tone.MUTED))
        for result in results
    ]
    return Section(f"Not answered ({len(rows)})", [Table(columns, rows)], anchor="not-answered")


def _listing(result: CheckResult) -> Section:
    blocks: list[Block] = list(_picture(result))
    if result.rows:
        names = [field.name for field in attrs.fields(type(result.rows[0]))]
        columns = tuple(Column.for_field(name) for name in names)
        rows: Any = Each(result.rows, lambda row: [getattr(row, name) for name in names])
        blocks.append(Table(columns, rows))
    else:
        blocks.append(Paragraph("no rows"))
    if result.truncated:
        blocks.append(Note(f"Only the first {len(result.rows)} rows are kept.", Tone.MUTED))
    return Section(result.title, blocks, anchor=result.check, aside=Code(result.check), open=len(result.rows) > 0)


def _picture(result: CheckResult) -> Iterator[Block]:
    """What the check would rather show than say: a tree of blocked sessions, say."""
    check: Check[Any, Any] | None = next((each for each in list_checks() if each.id == result.check), None)
    draw = getattr(check, "picture", None)
    if draw and result.rows and isinstance(result.rows[0], check.row if check else ()):
        try:
            yield from list(draw(result.rows))
        except Exception as error:  # a plugin's mistake must not cost the whole report
            logger.exception("The picture of the check %s failed", result.check)
            yield Note(f"The picture could not be drawn: {type(error).__name__}: {error}", Tone.MUTED)
