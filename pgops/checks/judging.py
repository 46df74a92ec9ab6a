"""Judging row by row, without writing a function: most checks need no more.

    judge=each_row(
        severity=by("waited_s", warning="warn_s", critical="crit_s"),
        target=lambda row: Target("session", None, row.user),
        message="{user} has waited {waited_s} for a lock.",
        fix="SELECT pg_cancel_backend({pid});",
    )

A template names plain fields of Row and Limits, and `{target}`; `Check` refuses one that names anything else. In a
message numbers are written for people by the unit in the field's name (`_s`, `_bytes`, `_pct`). In a fix texts become
quoted identifiers, so what comes out can be run whatever the names are, and a tuple of them a list; `{name!l}` makes
quoted literals instead.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from pgops.errors import BadCheckError, did_you_mean
from pgops.findings import Finding, Severity, Target, as_tuple, quote_identifier

if TYPE_CHECKING:
    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class by:  # noqa: N801  reads as a preposition: severity=by("waited_s", warning="warn_s")
    """A severity by the value of one column against limits: at least the limit, or at most with `falling=True`.

    `info`, `warning` and `critical` name fields of Limits. A row whose value is None, or that reaches none of them, is
    no finding.
    """

    field: str = attrs.field(kw_only=False)
    info: str | None = None
    warning: str | None = None
    critical: str | None = None
    falling: bool = False

    def __call__(self, row: Any, limits: Any) -> Severity | None:
        value = getattr(row, self.field)
        if value is None:
            return None
        for severity, name in self.steps():
            bound = getattr(limits, name)
            if value <= bound if self.falling else value >= bound:
                return severity
        return None

    def steps(self) -> Iterator[tuple[Severity, str]]:
        """The severities that can come out, the worst first, each with the name of its limit."""
        named = ((Severity.CRITICAL, self.critical), (Severity.WARNING, self.warning), (Severity.INFO, self.info))
        return ((severity, name) for severity, name in named if name is not None)


Text: TypeAlias = str | Callable[[Any, Any], str | None]


@attrs.frozen(kw_only=True)
class each_row:  # noqa: N801  a declaration, read as a phrase
    """Judge every row by itself. `message` and `fix` are templates, or functions of row and limits.

    `severity` is one severity for all rows, a `by(...)`, or a function of row and limits that gives None for a healthy
    row. `confidence` is a function of the row, for checks that rest on estimates. `details` names the columns that a
    finding repeats as facts for programs.
    """

    severity: Severity | Callable[[Any, Any], Severity | None]
    target: Callable[[Any], Target]
    message: Text
    fix: Text | None = None
    confidence: Callable[[Any], float | None] | None = None
    details: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)

    def __call__(self, rows: Sequence[Any], seen: Seen[Any], /) -> Iterator[Finding]:
        if not rows:
            return
        severity_of, target_of, confidence_of = self.severity, self.target, self.confidence
        columns = {field.name for field in attrs.fields(type(rows[0]))}
        message_of = _writer(self.message, columns, for_sql=False)
        fix_of = _writer(self.fix, columns, for_sql=True) if self.fix is not None else None
        details = self.details
        constant = severity_of if isinstance(severity_of, Severity) else None
        for row in rows:
            limits = seen.limits_for(row)
            severity = constant or severity_of(row, limits)  # type: ignore[operator]  # one of them it is
            if severity is None:
                continue
            target = target_of(row)
            name = target.sql
            yield Finding(
                severity,
                target,
                message_of(row, limits, name) or "",
                fix_of(row, limits, name) if fix_of else None,
                confidence_of(row) if confidence_of else None,
                {column: getattr(row, column) for column in details} if details else {},
                check=seen.check,
            )

    def problem(self, row: type, limits: type) -> str:
        """What a template, `by` or `details` names that is not there, or an empty string: asked by `Check`."""
        columns = {field.name for field in attrs.fields(row)}
        bounds = {field.name for field in attrs.fields(limits)}
        wanted = [("the details name", name, columns) for name in self.details]
        if isinstance(self.severity, by):
            wanted.append(("the severity is by", self.severity.field, columns))
            wanted += [("the severity is by the limit", name, bounds) for _, name in self.severity.steps()]
            if not any(self.severity.steps()):
                return f"the severity by {self.severity.field!r} has no limit, so nothing would ever be found"
        for template in (self.message, self.fix):
            if isinstance(template, str):
                try:
                    names = [part.name for part in _parsed(template) if part.name]
                except BadCheckError as error:
                    return error.what
                wanted += [("a template names", name, columns | bounds | {"target"}) for name in names]
        for what, name, known in wanted:
            if name not in known:
                return f"{what} {name!r}, which is not there. {did_you_mean(name, known)}".rstrip(". ")
        return ""


@attrs.frozen
class _Part:
    """A piece of a template: the text before a field, the field's name if there is one, and whether it is a literal."""

    text: str
    name: str | None
    literal: bool = False


@cache
def _parsed(template: str) -> tuple[_Part, ...]:
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError as error:
        raise BadCheckError(f"the template {template!r} can't be read ({error})") from None
    parts = []
    for text, name, spec, conversion in pieces:
        if name is not None and (spec or not name.isidentifier() or conversion not in (None, "l")):
            raise BadCheckError(f"the template {template!r} names {name!r}: only plain fields, or {{field!l}}")
        parts.append(_Part(text, name, conversion == "l"))
    return tuple(parts)


def _writer(template: Text, columns: Collection[str], *, for_sql: bool) -> Callable[[Any, Any, str], str | None]:
    """The function that writes a template for a row, its limits and its target's name.

    What can be decided once is decided here, not for every row: a check may find 100,000 things.
    """
    if not isinstance(template, str):
        function = template
        return lambda row, limits, _name: function(row, limits)
    parts = _parsed(template)
    pattern = "".join(part.text.replace("%", "%%") + ("" if part.name is None else "%s") for part in parts)
    named = [part for part in parts if part.name is not None]
    if all(part.name == "target" for part in named):
        count = len(named)
        return lambda _row, _limits, name: pattern % ((name,) * count)
    fields = [_field(part, columns, for_sql=for_sql) for part in named]
    return lambda row, limits, name: pattern % tuple([field(row, limits, name) for field in fields])


def _field(part: _Part, columns: Collection[str], *, for_sql: bool) -> Callable[[Any, Any, str], str]:
    if part.name == "target":
        return lambda _row, _limits, name: name
    assert part.name is not None  # noqa: S101  only parts with a name come here
    value_of = attrgetter(part.name)
    write = _for_sql(part) if for_sql else _for_people(part.name)
    if part.name in columns:
        return lambda row, _limits, _name: write(value_of(row))
    return lambda _row, limits, _name: write(value_of(limits))


def _for_people(name: str) -> Callable[[Any], str]:
    from pgops.render.quantities import unit_of, writer  # noqa: PLC0415  only findings pay for it

    return writer(unit_of(name))


def _for_sql(part: _Part) -> Callable[[Any], str]:
    quote = quote_literal if part.literal else quote_identifier

    def written(value: Any) -> str:
        if isinstance(value, str):
            return quote(value)
        if value is None:
            return "NULL"
        if isinstance(value, tuple):
            return ", ".join(map(written, value))
        if isinstance(value, datetime):
            return quote_literal(value.isoformat())
        if isinstance(value, float) and not math.isfinite(value):
            return quote_literal(str(value))
        return str(value).lower() if isinstance(value, bool) else str(value)

    return written


def quote_literal(text: str) -> str:
    r"""`text` as an SQL string, right whatever standard_conforming_strings says (manual, section 4.1.2.2).

    >>> quote_literal("it's"), quote_literal("a\\b")
    ("'it''s'", " E'a\\\\b'")
    """
    doubled = text.replace("'", "''")
    if "\\" not in text:
        return f"'{doubled}'"
    escaped = doubled.replace("\\", "\\\\")
    return f" E'{escaped}'"
