"""Rows: the classes that checks declare, and those that are made on the spot from names and types.

A type of a field is a word: `int`, `str?` for one that may be None, `tuple[str]`. Words travel in JSON and stand in the
headers of `.sql` checks, so a row can be read, and declared, where no Python class is at hand.
"""

from __future__ import annotations

import datetime as dt
import keyword
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "datetime": dt.datetime,
    "tuple[str]": tuple[str, ...],
    "tuple[int]": tuple[int, ...],
    "tuple[float]": tuple[float, ...],
}


def field_types(row: type) -> dict[str, str]:
    """The types of a Row class as words: `int`, `str?` for one that may be None, `tuple[str]`.

    A type that a row may not have, or that can't be found at run time, is `any`: it costs this check's contract, and
    not the JSON of everybody's report.
    """
    try:
        hints = get_type_hints(row)
    except (NameError, TypeError):
        hints = {}
    return {field.name: _word(hints.get(field.name, field.type)) for field in attrs.fields(row)}


def _word(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        inner = [each for each in get_args(hint) if each is not type(None)]
        return f"{_word(inner[0])}?" if len(inner) == 1 else "any"
    return next((word for word, kind in TYPES.items() if kind == hint), "any")


@cache
def record_class(fields: tuple[tuple[str, str], ...]) -> type[Any]:
    """A frozen class with these fields, each a name and the word for its type. Raises `ValueError` for a bad name."""
    for name, _ in fields:
        if not name.isidentifier() or keyword.iskeyword(name):  # attrs would write it into code and run that
            raise ValueError(f"{name!r} is no name of a column")
    kinds: dict[str, Any] = {name: attrs.field(type=_type(kind), converter=_converter(kind)) for name, kind in fields}
    return attrs.make_class("Record", kinds, bases=(_Record,), frozen=True, kw_only=True)


def _converter(word: str) -> Callable[[Any], Any] | None:
    """psycopg gives arrays as lists, and rows hold tuples."""
    return (lambda value: None if value is None else tuple(value)) if word.startswith("tuple") else None


def _type(word: str) -> Any:
    kind = TYPES.get(word.removesuffix("?"), Any)
    return kind | None if word.endswith("?") else kind


class _Record:
    """The base of plain records. Their classes are made on the spot, so pickle has to make them again."""

    def __reduce__(self) -> tuple[Any, ...]:
        fields: Any = tuple(field_types(type(self)).items())
        return _record, (fields, attrs.asdict(self, recurse=False))  # type: ignore[arg-type]


def _record(fields: tuple[tuple[str, str], ...], values: dict[str, Any]) -> Any:
    return record_class(fields)(**values)
