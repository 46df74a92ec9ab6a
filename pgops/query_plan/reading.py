"""Plans that others captured: EXPLAIN's JSON as it is, from psql's output, or from auto_explain's lines in a log.

Only FORMAT JSON is read. What is around the JSON (psql's heading, rule, `+` at the ends of lines and row count; the
quotes of CSV; a log's prefix) is put aside.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pgops.errors import PlanFormatError
from pgops.query_plan.building import plan_from
from pgops.query_plan.plan import SCHEMA
from pgops.query_plan.relations import Relation, knowing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.query_plan.plan import QueryPlan

_HOW = "Take the output of EXPLAIN (ANALYZE, BUFFERS, VERBOSE, SETTINGS, FORMAT JSON), as psql -XqAt prints it."
_CONTINUED = re.compile(r"[ \t]*[+↵][ \t]*[|│║]?[ \t]*$|[ \t]*[│║][ \t]*$", re.MULTILINE)
_PSQL_MARGIN = re.compile(r"^[ \t]*[|│║]", re.MULTILINE)
_OPENING = re.compile(r"[\[{](?=\s*[\[{\"])")  # not the [123] of a log's prefix
_TEXT_FORMAT = re.compile(
    r"\(cost=\d+\.\d+\.\.\d+\.\d+ rows=|\(actual (?:time=[\d.]+ )?rows=|^\s*(?:->  )?(?:Seq|Index|Index Only) Scan\b",
    re.MULTILINE,
)
_MOST_TRIES = 100_000


def read_plan(text: str | bytes) -> QueryPlan:
    """The plan in a text, or in bytes of UTF-8. If there are several, the first.

    >>> read_plan('[{"Plan": {"Node Type": "Result", "Total Cost": 0.01, "Plan Rows": 1}}]').root.node_type
    'Result'

    Raises `PlanFormatError`, which says what was there instead.
    """
    if isinstance(text, bytes | bytearray | memoryview):
        text = bytes(text).decode("utf-8", "replace")
    if not isinstance(text, str):
        raise PlanFormatError(f"A {type(text).__name__} is no text.", cure=_HOW)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise PlanFormatError("There is no plan: the text is empty.", cure=_HOW)
    try:
        inside = _inside_of_plan(text)
        if inside is not None:
            return plan_from([{"Plan": inside}])
        for value in _values(text):
            plan = _plan_in(value)
            if plan is not None:
                return plan
    except RecursionError:
        raise PlanFormatError("The plan is nested too deep to be read.", cure=_HOW) from None
    raise PlanFormatError(f"There is no query plan in JSON in the text: {_what(text)}", cure=_HOW)


def _inside_of_plan(text: str) -> dict[str, Any] | None:
    """The text, if it is the inside of "Plan", as some tools keep it. A part of one is none: perhaps a plan's rest."""
    if '"Node Type"' not in text or '"Plan"' in text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("Node Type"), str) else None


def _plan_in(value: object) -> QueryPlan | None:
    """The plan of a JSON value, if it is one: ours, EXPLAIN's list, or an object with "Plan"."""
    more: dict[str, Any] = {}
    relations: tuple[Relation, ...] = ()
    if isinstance(value, dict) and isinstance(value.get("schema"), str) and value["schema"].startswith("pgops."):
        if value["schema"] != SCHEMA or not isinstance(value.get("explain"), list):
            raise PlanFormatError(f"That is {value['schema']!r}, not {SCHEMA!r}.", cure=_HOW)
        sql, version = value.get("sql"), value.get("server_version")
        more = {
            "sql": sql if isinstance(sql, str) else None,
            "server_version": version if isinstance(version, int) else None,
            "is_prediction": value.get("is_prediction") is True,
        }
        known = value.get("relations")
        relations = tuple(map(Relation.from_plain, known)) if isinstance(known, list) else ()
        value = value["explain"]
    if isinstance(value, dict) and isinstance(value.get("message"), str):  # a line of a jsonlog
        return next((plan for each in _within(value["message"]) if (plan := _plan_in(each)) is not None), None)
    # A driver may hand on rows: [["[{...}]"]], [{"QUERY PLAN": [...]}].
    for _ in range(4):
        if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
            try:
                value = json.loads(value)
            except ValueError:
                return None
        elif isinstance(value, list) and len(value) == 1 and isinstance(value[0], list | str):
            value = value[0]
        elif isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and len(value[0]) == 1:
            ((key, inner),) = value[0].items()
            value = inner if key.upper() == "QUERY PLAN" else value
        elif isinstance(value, dict) and len(value) == 1 and next(iter(value)).upper() == "QUERY PLAN":
            value = next(iter(value.values()))
    objects = value if isinstance(value, list) else [value]
    plans = [each for each in objects if isinstance(each, dict) and "Plan" in each]
    return knowing(plan_from(plans, **more), relations) if plans else None


def _values(text: str) -> Iterator[object]:
    """Every JSON value that stands in the text, the whole of it first, however it was printed."""
    if text.lstrip().startswith('"'):  # a string that holds the plan, as JSON or CSV quote it
        with suppress(ValueError):
            yield json.loads(text)
    tried: set[str] = set()
    for put_aside in (str, _without_psql, _without_log_tabs, _without_csv):
        candidate = put_aside(text)
        if candidate not in tried:
            tried.add(candidate)
            yield from _within(candidate)


def _within(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    at = 0
    for _ in range(_MOST_TRIES):
        opening = _OPENING.search(text, at)
        if opening is None:
            return
        try:
            value, at = decoder.raw_decode(text, opening.start())
        except ValueError:
            at = opening.end()
        else:
            yield value


def _without_psql(text: str) -> str:
    """psql's aligned output without its marks: ` +` at the ends of lines that go on, and frames of \\pset border 2."""
    return _PSQL_MARGIN.sub("", _CONTINUED.sub("", text))


def _without_log_tabs(text: str) -> str:
    """A log's lines go on behind a tab; in JSON a tab is blank anyway, but not inside a string."""
    return re.sub(r"\n\t", "\n", text)


def _without_csv(text: str) -> str:
    """psql --csv and csvlog double every quote."""
    return text.replace('""', '"') if '""Plan""' in text else text


def _what(text: str) -> str:
    """What the text is instead, in a few words that don't quote much of it."""
    text = _without_psql(text)
    if _TEXT_FORMAT.search(text):
        return "it is in EXPLAIN's text format."
    if re.search(r"^\s*-?\s*Plan:\s*$", text, re.MULTILINE):
        return "it is in EXPLAIN's YAML format."
    if "http://www.postgresql.org/2009/explain" in text:
        return "it is in EXPLAIN's XML format."
    if "'Plan': {" in text:
        return "it is what Python prints of it (json.dumps makes JSON of that)."
    if '"Plan"' in text:
        return "the JSON is broken off, or was changed."
    first = text.strip().splitlines()[0][:60]
    return f"it begins with {first!r}."
