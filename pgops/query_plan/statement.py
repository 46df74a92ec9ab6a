"""The statement that is to be explained: one, no EXPLAIN itself, with its parameters where they belong.

Parameters are psycopg's. They are bound by the server, as the program does that the plan is for, and written into the
text where that is what the program does (a ClientCursor), or where the text is judged before it is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg
from psycopg import sql as composing

from pgops.errors import ExplainError
from pgops.sql.lexing import Hidden, bare, hidden, lead

if TYPE_CHECKING:
    from typing import LiteralString

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
Sql: TypeAlias = "str | bytes | composing.Composable"

_PLACEHOLDER = re.compile(rb"(?<![\w$\x80-\xff])\$\d+")
_PSYCOPG = re.compile(rb"%(?:\([^)]*\))?[sbt]")
_WORD = re.compile(rb"[A-Za-z]+")


@attrs.frozen(kw_only=True)
class Statement:
    """A text without semicolons at its end, the parameters to bind (None: none), and whether it has `$1` left open."""

    text: str
    parameters: Parameters | None
    numbered: bool
    """Whether the parameters are those of `$1`, not of `%s`."""
    is_open: bool


def statement_of(
    conn: psycopg.Connection[Any], sql: Sql, params: Parameters | None, *, written_out: bool = False
) -> Statement:
    """The statement as it is sent; `written_out`: with its parameters as literals, as far as they are `%s`.

    Raises `ExplainError` for an empty text, one that is EXPLAIN itself, and parameters that don't fit.
    """
    if params is not None and (isinstance(params, str | bytes) or not isinstance(params, Mapping | Sequence)):
        raise ExplainError(f"The parameters are a {type(params).__name__}.", cure=PARAMETERS)
    text = _trimmed(_text_of(conn, sql))
    code = text.encode("utf-8", "surrogatepass")
    seen = bare(code)
    has_numbers = _PLACEHOLDER.search(seen) is not None
    if params is None:
        return Statement(text=text, parameters=None, numbered=False, is_open=has_numbers)
    is_raw = issubclass(conn.cursor_factory, psycopg.RawCursor)
    if not isinstance(params, Mapping) and (is_raw or (has_numbers and not _PSYCOPG.search(seen))):
        return Statement(text=text, parameters=params, numbered=True, is_open=False)
    if written_out or issubclass(conn.cursor_factory, psycopg.ClientCursor):
        try:
            text = psycopg.ClientCursor(conn).mogrify(_literal(text), params)
        except (psycopg.Error, UnicodeError) as error:
            raise ExplainError(f"The parameters don't fit the statement: {error}", cure=PARAMETERS) from error
        return Statement(text=text, parameters=None, numbered=False, is_open=False)
    return Statement(text=text, parameters=params, numbered=False, is_open=False)


PARAMETERS = "Hand them in as for psycopg's execute: a list for %s, a mapping for %(name)s."


def written_out(conn: psycopg.Connection[Any], sql: Sql, params: Parameters | None) -> str:
    """The text that ANALYZE sends, and the one to judge: with its parameters as literals (`$1` stay as they are)."""
    return statement_of(conn, sql, params, written_out=True).text


def _text_of(conn: psycopg.Connection[Any], sql: Sql) -> str:
    try:
        if isinstance(sql, composing.Composable):
            sql = sql.as_string(conn)
        text = sql.decode(conn.info.encoding) if isinstance(sql, bytes) else sql
        if isinstance(text, str):
            text.encode(conn.info.encoding)
    except psycopg.Error as error:
        raise ExplainError(f"The statement can't be put together: {error}") from error
    except UnicodeError as error:
        encoding = conn.info.encoding
        cure = "" if encoding == "utf-8" else "SET client_encoding = 'UTF8' first: SQL_ASCII databases take it, too."
        raise ExplainError(f"The statement is no text in {encoding}, the connection's: {error}.", cure=cure) from error
    if not isinstance(text, str):
        raise ExplainError(f"A {type(text).__name__} is no statement.", cure="Hand in text, or psycopg.sql's.")
    return text


def _literal(text: str) -> LiteralString:
    """psycopg's types ask for a literal; the caller's statement is what is to be explained."""
    return text  # pyright: ignore[reportReturnType]


def _trimmed(text: str) -> str:
    """Without comments in front, and without semicolons and comments at the end."""
    if "\0" in text:
        raise ExplainError("A zero character can't stand in SQL.")
    code = text.removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    seen = bare(code)
    end = len(seen.rstrip(b"; \t\r\n\f\v"))
    # A string or quoted name at the end is hidden, too, and stays.
    end = max(end, _end_of_text(code))
    begin = lead(code, 0, end)
    if begin >= end:
        raise ExplainError("There is no statement to explain: the text is empty.", cure="Hand in one statement.")
    word = _WORD.match(code, begin)
    if word is not None and word.group().upper() == b"EXPLAIN":
        raise ExplainError(
            "The text is an EXPLAIN already.", cure="Hand in the statement itself, and analyze=True for ANALYZE."
        )
    return code[begin:end].decode("utf-8", "surrogatepass")


def _end_of_text(code: bytes) -> int:
    return max((end for _, end, kind in hidden(code) if kind is Hidden.TEXT), default=0)
