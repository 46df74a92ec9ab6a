"""An earlier report, read from its file, and what has changed since: as a section of a document, and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgops.checks.report import Comparison, Report
from pgops.errors import ReportFormatError
from pgops.render.document import Badge, Block, Bullets, Code, Line, Note, Section, Strip, Tile, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_report(path: str) -> Report:
    """The report in a file. Raises `ReportFormatError`, or click's own for a file that can't be read."""
    try:
        return Report.from_json(Path(path).read_bytes())
    except ReportFormatError as error:
        raise ReportFormatError(f"{path}: {error.what}", cure=error.cure) from None
    except OSError as error:
        raise click.FileError(path, error.strerror) from None


def comparison_section(report: Report, earlier: Report) -> Section:
    """What is new, persists, is resolved or unknown since `earlier`; the new ones by name."""
    since = f"Since the report of {earlier.started_at:%Y-%m-%d %H:%M} UTC"
    return Section(since, tuple(_blocks(report, earlier)), anchor="comparison")


def _blocks(report: Report, earlier: Report) -> Iterator[Block]:
    if report.server and earlier.server and report.server.database != earlier.server.database:
        was = Line("That report is of the database ", Code(earlier.server.database), ", and this is another one.")
        yield Note(was, Tone.WARNING)
    comparison = report.compare(earlier)
    kinds = (("new", Tone.CRITICAL), ("persisting", Tone.WARNING), ("resolved", Tone.GOOD), ("unknown", Tone.MUTED))
    counts = [(label, len(getattr(comparison, label)), tone) for label, tone in kinds]
    yield Strip(tuple(Tile(label, count, tone=tone if count else Tone.MUTED) for label, count, tone in counts))
    if comparison.unknown:
        yield Note("Unknown: found then, and their check gave no answer this time.", Tone.MUTED)
    if comparison.new:
        tones = {"critical": Tone.CRITICAL, "warning": Tone.WARNING, "info": Tone.INFO}
        yield Bullets(
            [
                Line(
                    Badge(str(finding.severity), tones[str(finding.severity)]),
                    f" {finding.target.kind} ",
                    Code(finding.target.sql),
                    f" ({finding.check}): {finding.message}",
                )
                for finding in comparison.new
            ]
        )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The fingerprints by what became of the findings; the findings themselves are in the two reports."""
    kinds = ("new", "persisting", "resolved", "unknown")
    return {kind: [finding.fingerprint for finding in getattr(comparison, kind)] for kind in kinds}
