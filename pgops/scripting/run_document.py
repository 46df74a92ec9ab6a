"""A read-only script's answer as a document: a table a statement."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from pgops.render.document import Column, Document, Note, Section, Table
from pgops.scripting.results import plain_row

if TYPE_CHECKING:
    from pgops.scripting.results import SqlRun, StatementResult


def run_document(run: SqlRun) -> Document:
    """Every result with rows as a table, the others as a line."""
    return Document(run.name, subtitle=_summary(run), blocks=[_section(each, run) for each in run.results])


def _summary(run: SqlRun) -> str:
    count = len(run.results)
    return f"{count} statement{'s' if count != 1 else ''} in {run.seconds:.3f} s, read-only"


def _section(result: StatementResult, run: SqlRun) -> Section:
    head = " ".join(result.sql.split())
    title = f"{result.number}. {head if len(head) <= 80 else f'{head[:77]}...'}"
    aside = f"{run.name}:{result.line}, {result.seconds:.3f} s"
    if not result.columns:
        return Section(title, [result.tag or "done"], aside=aside)
    table = Table([Column(each.name or " ") for each in result.columns], [list(map(_cell, row)) for row in result.rows])
    more = [Note(f"Only the first {len(result.rows)} rows were read; there are more.")] if result.truncated else []
    return Section(title, [table, *more], aside=aside)


def _cell(value: Any) -> Any:
    """A value as a table takes it."""
    if value is None or isinstance(value, (bool, int, float, str, dt.datetime)):
        return value
    (plain,) = plain_row((value,))
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
