"""What a run gives: a `CheckResult` for every check that was asked for, and the `Report` that holds them.

No answer is never a good answer: a result says CLEAN only when the check looked and found nothing. Everything is plain,
frozen and picklable; `to_json()` reads back equal.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import attrs

from pgops.checks.api import Observation, Past
from pgops.checks.comparison import Comparison, compared
from pgops.checks.registry import BrokenPlugin
from pgops.checks.suppress import Suppressed
from pgops.db.server import Server
from pgops.errors import UnknownCheckError, did_you_mean
from pgops.findings import Finding, Severity, Target, Unseen, as_json

if TYPE_CHECKING:
    from pathlib import Path

    from pgops.render.document import Document


class Outcome(enum.StrEnum):
    """How a check ended. LISTED is a listing's: it has rows and no verdict."""

    CLEAN = "clean"
    FOUND = "found"
    LISTED = "listed"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def answered(self) -> bool:
        """Whether the check could look: False for SKIPPED and FAILED."""
        return self not in (Outcome.SKIPPED, Outcome.FAILED)


def _values(rows: Sequence[Any]) -> list[list[Any]]:
    """What makes rows equal: their values as JSON, whichever class holds them. There NaN equals NaN."""
    return [[as_json(value) for value in attrs.astuple(row, recurse=False)] for row in rows]


@attrs.frozen
class Reading:
    """A metric of one object as a check read it: `value` on its way to `limit` (None: there is none), in one unit."""

    target: Target
    metric: str
    value: float
    limit: float | None = None


@attrs.frozen(kw_only=True)
class CheckResult:
    """The outcome of one check.

    `rows` are the check's own `Row` objects (from JSON without its plugin: plain records with the same fields);
    `truncated` says that there were more. `reason` and `cure` explain SKIPPED and FAILED, `sqlstate` is PostgreSQL's
    code for a FAILED one (manual, appendix A). `unseen` are objects that could not be judged. `seconds` is the time
    from asking to verdict. `limits` are those that were used, as JSON types. `readings` are the numbers that forecasts
    are made of.
    """

    check: str
    title: str
    outcome: Outcome
    aliases: tuple[str, ...] = ()
    rows: Sequence[Any] = attrs.field(default=(), repr=lambda rows: f"<{len(rows)} rows>", eq=_values, hash=False)
    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    readings: tuple[Reading, ...] = attrs.field(default=(), repr=lambda readings: f"<{len(readings)} readings>")
    reason: str = ""
    cure: str = ""
    sqlstate: str | None = None
    seconds: float = 0.0
    truncated: bool = False
    limits: Mapping[str, Any] = attrs.field(factory=dict, converter=as_json, repr=False, hash=False)

    @property
    def has_seen(self) -> bool:
        """Whether there is something for a later run to remember: an answer, or rows that could not be judged yet."""
        return self.outcome.answered or (self.outcome is Outcome.SKIPPED and bool(self.rows))


@attrs.frozen(kw_only=True)
class Report:
    """All results of a run, in the order of the catalogue.

    `server` is None when the connection was lost before anything was learned. `started_at` is the server's clock (UTC),
    `seconds` the whole run. `interrupted` says why a run ended early, or is empty. `broken_plugins` could not take
    part.
    """

    server: Server | None
    started_at: datetime
    seconds: float
    results: tuple[CheckResult, ...] = attrs.field(repr=lambda results: f"<{len(results)} results>")
    interrupted: str = ""
    broken_plugins: tuple[BrokenPlugin, ...] = ()

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong and not suppressed, the worst first, otherwise in the order of the catalogue."""
        found = [finding for result in self.results for finding in result.findings]
        return tuple(sorted(found, key=lambda finding: -finding.severity))

    @property
    def skipped(self) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if result.outcome is Outcome.SKIPPED)

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if result.outcome is Outcome.FAILED)

    @property
    def worst(self) -> Severity | None:
        """The highest severity found, or None. Look at `skipped` and `failed` before calling None good news."""
        return max((finding.severity for result in self.results for finding in result.findings), default=None)

    def at_least(self, severity: Severity | str) -> tuple[Finding, ...]:
        """The findings of that severity or worse."""
        bound = Severity.parse(severity) if isinstance(severity, str) else severity
        return tuple(finding for finding in self.findings if finding.severity >= bound)

    def __getitem__(self, name: str) -> CheckResult:
        """The result of a check by id or alias. Raises `UnknownCheckError`, a `KeyError`, for anything else."""
        result, *others = self.of(name)
        if others or name not in self:
            ids = ", ".join(each.check for each in (result, *others))
            kind = "stands for several checks" if name in self else "is a topic"
            raise UnknownCheckError(f"{name!r} {kind}: {ids}.", cure=f"report.of({name!r}) has all.")
        return result

    def __contains__(self, name: object) -> bool:
        return any(name == result.check or name in result.aliases for result in self.results)

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def of(self, name: str) -> tuple[CheckResult, ...]:
        """The results of an id, of an alias that may name several checks, or of a topic."""
        by_id = tuple(result for result in self.results if result.check == name)
        by_alias = tuple(result for result in self.results if name in result.aliases)
        by_topic = tuple(result for result in self.results if result.check.partition(".")[0] == name)
        found = by_id or by_alias or by_topic
        if not found:
            known = {name for result in self.results for name in (result.check, *result.aliases)}
            raise UnknownCheckError(
                f"No result of {name!r} is in this report.", cure=did_you_mean(name, known) or "Was it selected?"
            )
        return found

    # --- over time ---------------------------------------------------------------------------------------------------

    def compare(self, earlier: Report) -> Comparison:
        """What is new, persists, or is resolved since `earlier`, and when growing numbers will reach their limits.

        A suppressed finding counts as still there.
        """
        return compared(self, earlier)

    def past(self, check: str, *, days: float = 0.0) -> Past:
        """What `check` saw on this run, for a later one: a report can be handed to `run_checks` as its `history`."""
        seen = (result for result in self.results if result.check == check and result.has_seen)
        return Past(own=tuple(Observation(at=self.started_at, rows=result.rows) for result in seen))

    # --- writing -----------------------------------------------------------------------------------------------------

    def to_document(self, *, listings: bool = True) -> Document:
        """The report as a neutral document, for any writer; without `listings` these are only counted."""
        from pgops.checks.report_document import document_of  # noqa: PLC0415

        return document_of(self, listings=listings)

    def to_text(self, *, width: int = 100, color: bool = False, listings: bool = True) -> str:
        """The report for a terminal of `width` columns; control characters in names are shown, never sent."""
        from pgops.render.text import to_text  # noqa: PLC0415

        return to_text(self.to_document(listings=listings), width=width, color=color)

    def to_markdown(self) -> str:
        """The report as GitHub flavoured Markdown."""
        from pgops.render.markdown import to_markdown  # noqa: PLC0415

        return to_markdown(self.to_document())

    def to_html(self) -> str:
        """The report as one self-contained HTML page. Large ones: `write_html` streams."""
        from pgops.render.html import to_html  # noqa: PLC0415

        return to_html(self.to_document())

    def write_html(self, file: str | Path) -> Path:
        """Write the HTML page to `file`, whole or not at all, and give its path."""
        from pgops.files import write_whole  # noqa: PLC0415
        from pgops.render.html import iter_html  # noqa: PLC0415

        return write_whole(file, iter_html(self.to_document()))

    def _repr_html_(self) -> str:
        from pgops.render.html import to_html_fragment  # noqa: PLC0415

        return to_html_fragment(self.to_document())

    def to_json(self, *, indent: int | None = None) -> str:
        """The report as JSON of the shape `pgops.report/1` (docs/report.schema.json); `from_json` reads it back.

        Large ones: `write_json` streams.
        """
        from pgops.checks.report_json import dumps  # noqa: PLC0415

        return dumps(self, indent=indent)

    def write_json(self, file: str | Path, *, indent: int | None = None) -> Path:
        """Write that to `file`, whole or not at all, piece by piece, and give its path."""
        from pgops.checks.report_json import iter_json  # noqa: PLC0415
        from pgops.files import write_whole  # noqa: PLC0415

        return write_whole(file, iter_json(self, indent=indent))

    @classmethod
    def from_json(cls, text: str | bytes) -> Report:
        """The report that `to_json` wrote. Raises `ReportFormatError` for any other text."""
        from pgops.checks.report_json import loads  # noqa: PLC0415

        return loads(text)

    def to_records(self) -> list[dict[str, Any]]:
        """One flat dictionary a finding, for pandas and the like."""
        return [
            {
                "check": finding.check,
                "severity": str(finding.severity),
                "kind": finding.target.kind,
                "schema": finding.target.schema,
                "name": finding.target.name,
                "sub": finding.target.sub,
                "target": finding.target.sql,
                "message": finding.message,
                "fix": finding.fix,
                "confidence": finding.confidence,
                "fingerprint": finding.fingerprint,
            }
            for finding in self.findings
        ]


Progress = Callable[["ProgressStep"], object]


@attrs.frozen(kw_only=True)
class ProgressStep:
    """A check has ended: the `done`th of `total`, with its result."""

    done: int
    total: int
    result: CheckResult
