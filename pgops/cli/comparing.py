"""An earlier report, read from its file, and what has changed since: as a section of a document, and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from pgops.checks.report import Report
from pgops.errors import ReportFormatError
from pgops.findings import as_json
from pgops.render.document import Badge, Block, Bullets, Code, Line, Note, Section, Strip, Table, Tile, Tone
from pgops.render.quantities import duration, pretty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.comparison import Comparison, Forecast


FORECAST_DAYS = 365
"""Nobody acts today on what is further away."""


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
    near = [forecast for forecast in comparison.forecasts if forecast.days_left <= FORECAST_DAYS]
    if near:
        yield Table(("reaches its limit in", "what", "check", "now", "limit"), [_row(forecast) for forecast in near])
        observed = duration(near[0].observed_s)
        yield Note(f"If it goes on as in the {observed} between the reports.", Tone.MUTED)


def _row(forecast: Forecast) -> tuple[object, ...]:
    metric = forecast.metric
    return (
        duration(forecast.days_left * 86_400),
        Line(f"{forecast.target.kind} ", Code(forecast.target.sql), f" {metric}"),
        Code(forecast.check),
        pretty(metric, forecast.value),
        pretty(metric, forecast.limit),
    )


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The fingerprints by what became of the findings, which are in the two reports, and the forecasts whole."""
    kinds = ("new", "persisting", "resolved", "unknown")
    fingerprints = {kind: [finding.fingerprint for finding in getattr(comparison, kind)] for kind in kinds}
    forecasts = [
        {**attrs.asdict(forecast), "sql": forecast.target.sql, "days_left": forecast.days_left}
        for forecast in comparison.forecasts
    ]
    return {**fingerprints, "forecasts": as_json(forecasts)}
