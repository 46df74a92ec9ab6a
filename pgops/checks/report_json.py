"""A report as JSON, and back to an equal one.

The shape is `pgops.report/1`; each later change of it raises the number. Rows carry their own types (`fields`), so a
report reads back whole where the plugin that made it is not installed: its rows are then plain records.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any, TypeAlias

import attrs
from cattrs import Converter
from cattrs.errors import BaseValidationError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from pgops.checks.catalogue import list_checks
from pgops.checks.records import field_types, record_class
from pgops.checks.report import CheckResult, Report
from pgops.db.server import Server
from pgops.errors import ReportFormatError
from pgops.findings import Finding, Severity, as_json

SCHEMA = "pgops.report/1"

_SURROGATE = re.compile("[\ud800-\udfff]")


Document: TypeAlias = dict[str, Any]
"""JSON as Python has it."""


def document(report: Report) -> Document:
    """The report in JSON's own types. Times are ISO 8601 in UTC; numbers that JSON lacks (NaN, Infinity) are texts."""
    return {"schema": SCHEMA, **_converter().unstructure(report)}


def dumps(report: Report, *, indent: int | None = None) -> str:
    """The report as text."""
    return "".join(iter_json(report, indent=indent))


def iter_json(report: Report, *, indent: int | None = None) -> Iterator[str]:
    """The pieces of that text, one finding or row after another: a hundred thousand of them are never there at once."""
    body: Document = {"schema": SCHEMA, **_converter().unstructure(attrs.evolve(report, results=()))}
    body["results"] = _Lazy(_lazy_result(result) for result in report.results)
    yield from _pieces(body, indent, depth=0)


@attrs.frozen
class _Lazy:
    """A list of a document whose members are made when they are written."""

    members: Iterator[Any]


def _lazy_result(result: CheckResult) -> Document:
    """What `_result_writer` writes, with findings and rows to come."""
    writer = _converter()
    body: Document = writer.unstructure(attrs.evolve(result, findings=(), rows=result.rows[:1]))
    names = tuple(body["fields"])
    body["findings"] = _Lazy(map(writer.unstructure, result.findings))
    body["rows"] = _Lazy({name: as_json(getattr(row, name)) for name in names} for row in result.rows)
    return body


def _pieces(value: Any, indent: int | None, depth: int) -> Iterator[str]:
    """As json.dumps writes it, but for what is lazy."""
    if isinstance(value, _Lazy):
        yield from _enclosed("[", "]", (_pieces(member, indent, depth + 1) for member in value.members), indent, depth)
    elif isinstance(value, dict) and any(isinstance(member, _Lazy) for member in value.values()):
        members = (
            chain([f"{json.dumps(name)}: "], _pieces(member, indent, depth + 1)) for name, member in value.items()
        )
        yield from _enclosed("{", "}", members, indent, depth)
    else:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
        if indent is not None and depth:  # no string of JSON holds a line break as such
            text = text.replace("\n", "\n" + " " * indent * depth)
        # A lone surrogate (a file name that is no UTF-8, from a probe) is no text that a file could hold.
        yield _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _enclosed(
    opening: str, closing: str, members: Iterator[Iterable[str]], indent: int | None, depth: int
) -> Iterator[str]:
    line = "" if indent is None else "\n" + " " * indent * (depth + 1)
    separator = ", " if indent is None else f",{line}"
    first = next(members, None)
    if first is None:
        yield opening + closing
        return
    yield opening + line
    yield from first
    for member in members:
        yield separator
        yield from member
    yield closing if indent is None else line[: -indent or None] + closing


def loads(text: str | bytes) -> Report:
    """The report of a text that `dumps` wrote. Raises `ReportFormatError` for anything else."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportFormatError(f"This is not JSON: {error}.") from None
    return report_of(body)


def report_of(body: Any) -> Report:
    """The report that `document` described. Raises `ReportFormatError` for anything else."""
    if not isinstance(body, dict) or "schema" not in body:
        raise ReportFormatError("This JSON is not a report of pgops.", cure=f"One has the schema {SCHEMA!r}.")
    if body["schema"] != SCHEMA:
        raise ReportFormatError(
            f"This report has the schema {body['schema']!r}, and {SCHEMA!r} can be read here.", cure="Upgrade pgops."
        )
    try:
        return _converter().structure({key: value for key, value in body.items() if key != "schema"}, Report)
    except _DAMAGES as error:
        raise ReportFormatError(f"This report is damaged: {_first_cause(error)}.") from None


def result_of(body: Document) -> CheckResult:
    """One result of a document, by itself. Raises `ReportFormatError` for anything else."""
    try:
        return _converter().structure(body, CheckResult)
    except _DAMAGES as error:
        raise ReportFormatError(f"This result is damaged: {_first_cause(error)}.") from None


_DAMAGES = (BaseValidationError, AttributeError, KeyError, TypeError, ValueError)


def _first_cause(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=False)
    converter.register_unstructure_hook(dt.datetime, as_json)
    converter.register_structure_hook(dt.datetime, lambda text, _: dt.datetime.fromisoformat(text))
    converter.register_unstructure_hook(dt.date, as_json)
    converter.register_structure_hook(dt.date, lambda text, _: dt.date.fromisoformat(text))
    converter.register_unstructure_hook(Severity, str)
    converter.register_structure_hook(Severity, lambda name, _: Severity.parse(name))
    converter.register_unstructure_hook(float, _number)
    converter.register_structure_hook(float, lambda value, _: float(value))
    converter.register_unstructure_hook_func(_is_facts, as_json)
    converter.register_structure_hook_func(_is_facts, lambda facts, _: dict(facts))
    converter.register_unstructure_hook_func(lambda kind: kind == frozenset[str], sorted)
    converter.register_unstructure_hook(Finding, _finding_writer(converter))
    converter.register_structure_hook(Server, make_dict_structure_fn(Server, converter))
    converter.register_unstructure_hook(CheckResult, _result_writer(converter))
    converter.register_structure_hook(CheckResult, _result_reader(converter))
    return converter


def _is_facts(kind: Any) -> bool:
    return bool(kind == Mapping[str, Any])


# --- values -----------------------------------------------------------------------------------------------------------


def _number(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


# --- findings and rows ------------------------------------------------------------------------------------------------


def _finding_writer(converter: Converter) -> Callable[[Finding], dict[str, Any]]:
    """A finding with its fingerprint and its target's SQL: programs that read the JSON need not compute them."""
    plain = make_dict_unstructure_fn(Finding, converter, check=override(omit=False), nth=override(omit=False))

    def written(finding: Finding) -> dict[str, Any]:
        return {**plain(finding), "sql": finding.target.sql, "fingerprint": finding.fingerprint}

    return written


def _result_writer(converter: Converter) -> Callable[[CheckResult], dict[str, Any]]:
    plain = make_dict_unstructure_fn(CheckResult, converter, rows=override(omit=True))

    def written(result: CheckResult) -> dict[str, Any]:
        row = type(result.rows[0]) if result.rows else None
        fields = field_types(row) if row else {}
        names = tuple(fields)
        rows = [{name: as_json(getattr(each, name)) for name in names} for each in result.rows]
        return {**plain(result), "fields": fields, "rows": rows}

    return written


def _result_reader(converter: Converter) -> Callable[[Any, type], CheckResult]:
    plain = make_dict_structure_fn(CheckResult, converter, rows=override(omit=True))

    def read(body: Any, kind: type) -> CheckResult:
        row = _row_class(body["check"], tuple(body["fields"].items()))
        readers = {name: _READERS.get(kind.removesuffix("?"), _as_it_is) for name, kind in body["fields"].items()}
        rows = tuple(
            row(**{name: None if value is None else readers[name](value) for name, value in each.items()})
            for each in body["rows"]
        )
        return attrs.evolve(plain(body, kind), rows=rows)

    return read


def _as_it_is(value: Any) -> Any:
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "datetime": dt.datetime.fromisoformat,
    "tuple[str]": tuple,
    "tuple[int]": tuple,
    "tuple[float]": lambda values: tuple(None if value is None else float(value) for value in values),
}


@cache
def _row_class(check: str, fields: tuple[tuple[str, str], ...]) -> type[Any]:
    """The check's own Row where it is installed and has these fields, otherwise a plain record of them."""
    own = next((each.row for each in list_checks() if each.id == check), None)
    return own if own is not None and field_types(own) == dict(fields) else record_class(fields)
