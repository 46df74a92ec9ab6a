"""Two reports held against each other: findings by fingerprint, and readings as forecasts.

comparison = now.compare(last_week)
for forecast in comparison.forecasts:
    print(forecast.target, forecast.metric, forecast.days_left)
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import attrs

from pgops.findings import Finding, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.checks.report import Reading, Report

_DAY = timedelta(days=1)

Key: TypeAlias = tuple[str, Target, str]


@attrs.frozen(kw_only=True)
class Forecast:
    """A number on its way to its limit, if it goes on growing as it did between the two reports.

    `metric` is the column of the check's rows, and says the unit; `per_day` is its growth in that unit.
    """

    check: str
    target: Target
    metric: str
    value: float
    limit: float
    per_day: float
    observed_s: float
    """How much time lies between the reports: a forecast for months that rests on minutes is worth little."""

    @property
    def days_left(self) -> float:
        """Days until the limit, counted from the later report; 0 where it has been reached."""
        return max(self.limit - self.value, 0.0) / self.per_day


@attrs.frozen(kw_only=True)
class Comparison:
    """What became of the findings of an earlier report, and what the numbers of both say of the future.

    `unknown` are earlier findings whose check gave no answer this time: they are not resolved. `forecasts` are of the
    numbers that grew, the nearest limit first.
    """

    new: tuple[Finding, ...]
    persisting: tuple[Finding, ...]
    resolved: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    forecasts: tuple[Forecast, ...] = ()


def compared(report: Report, earlier: Report) -> Comparison:
    """What `Report.compare` gives."""
    now = {finding.fingerprint: finding for finding in report.findings}
    before = {finding.fingerprint: finding for finding in earlier.findings}
    left_out = {each.finding.fingerprint for result in report.results for each in result.suppressed}
    silenced = {each.finding.fingerprint for result in earlier.results for each in result.suppressed}
    answered = {result.check for result in report.results if result.outcome.answered}
    unseen = {(result.check, each.target) for result in report.results for each in result.unseen}
    gone = [finding for key, finding in before.items() if key not in now and key not in left_out]

    def known(finding: Finding) -> bool:
        return finding.check in answered and (finding.check, finding.target) not in unseen

    return Comparison(
        new=tuple(finding for key, finding in now.items() if key not in before and key not in silenced),
        persisting=tuple(finding for key, finding in now.items() if key in before or key in silenced),
        resolved=tuple(finding for finding in gone if known(finding)),
        unknown=tuple(finding for finding in gone if not known(finding)),
        forecasts=tuple(sorted(_forecasts(report, earlier), key=lambda forecast: forecast.days_left)),
    )


def _forecasts(report: Report, earlier: Report) -> Iterator[Forecast]:
    passed = report.started_at - earlier.started_at
    if passed <= timedelta(0):
        return
    before = dict(_readings(earlier))
    for key, reading in _readings(report):
        old = before.get(key)
        # A number that fell was reset, or vacuumed: what it will do next nobody knows from two readings.
        if old is None or reading.limit is None or reading.value <= old.value:
            continue
        yield Forecast(
            check=key[0],
            target=reading.target,
            metric=reading.metric,
            value=reading.value,
            limit=reading.limit,
            per_day=(reading.value - old.value) / (passed / _DAY),
            observed_s=passed.total_seconds(),
        )


def _readings(report: Report) -> Iterator[tuple[Key, Reading]]:
    for result in report.results:
        for reading in result.readings:
            yield (result.check, reading.target, reading.metric), reading
