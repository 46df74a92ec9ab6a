"""What a read-only script answered: plain data, statement by statement, and its forms for people and programs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from pgops.findings import as_json

if TYPE_CHECKING:
    from pgops.render.document import Document

SCHEMA = "pgops.sql/1"


@attrs.frozen(kw_only=True)
class ResultColumn:
    """A column of a result."""

    name: str
    type_oid: int
    type: str
    """PostgreSQL's name of it: `int4`, `text`, `shop.mood`."""


@attrs.frozen(kw_only=True)
class StatementResult:
    """What one statement answered."""

    number: int
    """From 1, in its script."""
    line: int
    sql: str
    tag: str
    """The server's word for what was done: `SELECT 3`, `SET`. Empty where the rest of the rows was not waited for."""
    columns: tuple[ResultColumn, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    """Values as psycopg loads them; what Python can't hold (infinity, BC, months) as text. At most `max_rows`."""
    truncated: bool = False
    """There were more rows, which were not read."""
    seconds: float

    @property
    def row_count(self) -> int | None:
        """How many rows there are; None where they were not all read."""
        return None if self.truncated else len(self.rows)


@attrs.frozen(kw_only=True)
class SqlRun:
    """A read-only script that ran to its end."""

    name: str
    """What it is called: its file, `stdin`, or `SQL`."""
    results: tuple[StatementResult, ...]
    seconds: float

    @property
    def last(self) -> StatementResult:
        """What the last statement answered."""
        return self.results[-1]

    def to_json(self) -> str:
        """As JSON; `"schema": "pgops.sql/1"` says of which shape."""
        facts = {
            "schema": SCHEMA,
            "name": self.name,
            "seconds": self.seconds,
            "results": [
                {
                    "number": each.number,
                    "line": each.line,
                    "sql": each.sql,
                    "tag": each.tag,
                    "columns": [attrs.asdict(column) for column in each.columns],
                    "rows": [plain_row(row) for row in each.rows],
                    "row_count": each.row_count,
                    "truncated": each.truncated,
                    "seconds": each.seconds,
                }
                for each in self.results
            ],
        }
        return json.dumps(facts, indent=2, ensure_ascii=False)

    def to_document(self) -> Document:
        """For people, through any writer."""
        from pgops.scripting.run_document import run_document  # noqa: PLC0415  only who prints pays for it

        return run_document(self)


def plain_row(row: tuple[Any, ...]) -> list[Any]:
    r"""The values of a row as JSON has them: bytes as PostgreSQL writes them, what is exact as text.

    >>> plain_row((1, b"\x00\xff", dt.timedelta(days=1), None))
    [1, '\\x00ff', '1 day, 0:00:00', None]
    """
    return [_plain(value) for value in row]


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"\\x{bytes(value).hex()}"
    if isinstance(value, dt.datetime) and value.tzinfo is None:  # as_json would take it for local time
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    return as_json(value)
