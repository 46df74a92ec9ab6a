"""Suppressions: findings that someone decided to live with, for a stated reason and, better, until a date."""

from __future__ import annotations

import datetime as dt
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import PgopsError
from pgops.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class BadSuppressionError(PgopsError):
    """A suppression says no reason, or has keys or types that it should not. The message shows it."""


@attrs.frozen(kw_only=True)
class Suppression:
    """Leave out findings of `check` (id, alias, topic or glob of ids) about targets that match the glob `target`.

    The glob is case-sensitive and held against `finding.target.sql`. After the day `until` it no longer applies.

    >>> Suppression(check="indexes.*", target="public.legacy_*", reason="goes away with the old shop")
    Suppression(check='indexes.*', target='public.legacy_*', reason='goes away with the old shop', until=None)
    """

    check: str
    target: str = "*"
    reason: str
    until: dt.date | None = None

    def __attrs_post_init__(self) -> None:
        if not all(isinstance(glob, str) and glob for glob in (self.check, self.target)):
            raise BadSuppressionError(f"The suppression of {self.check!r} for {self.target!r} needs texts for both.")
        if not isinstance(self.reason, str) or not self.reason.strip():
            raise BadSuppressionError(f"The suppression of {self.check!r} for {self.target!r} has no reason.")
        if isinstance(self.until, dt.datetime) or not isinstance(self.until, dt.date | None):
            raise BadSuppressionError(
                f"The suppression of {self.check!r} ends at {self.until!r}.", cure="Give a date, such as 2027-01-31."
            )

    def covers(self, finding: Finding, names: Iterable[str], today: dt.date) -> bool:
        """Whether this silences `finding`, whose check goes by `names` (id, topic, aliases)."""
        if self.until is not None and today > self.until:
            return False
        return any(fnmatchcase(name, self.check) for name in names) and fnmatchcase(finding.target.sql, self.target)


@attrs.frozen
class Suppressed:
    """A finding that was left out, and the suppression that did it."""

    finding: Finding
    by: Suppression


def suppression(given: Suppression | Mapping[str, Any]) -> Suppression:
    """`given`, or the suppression that a plain mapping (from TOML, say) describes."""
    if isinstance(given, Suppression):
        return given
    try:
        return Suppression(**given)
    except TypeError:
        raise BadSuppressionError(
            f"The suppression {given!r} can't be read.",
            cure="It has the keys check and reason, and may have target and until.",
        ) from None


def split(
    findings: Iterable[Finding], suppressions: Iterable[Suppression], *, names: Iterable[str], today: dt.date
) -> tuple[tuple[Finding, ...], tuple[Suppressed, ...]]:
    """The findings that stay, and those that a suppression covers."""
    rules, names = tuple(suppressions), tuple(names)
    if not rules:
        return tuple(findings), ()
    staying, left_out = [], []
    for finding in findings:
        rule = next((rule for rule in rules if rule.covers(finding, names, today)), None)
        if rule is None:
            staying.append(finding)
        else:
            left_out.append(Suppressed(finding, rule))
    return tuple(staying), tuple(left_out)
