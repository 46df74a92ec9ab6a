"""The parser itself, kept from what would end the process: postgast, which is libpg_query with the grammar of 18."""

from __future__ import annotations

import re
from typing import Any

from pgops.sql.lexing import bare
from pgops.sql.libpg_query import DecodeError, postgast

PgQueryError = postgast.PgQueryError


def parsed(code: bytes) -> Any:
    """The tree. Raises `PgQueryError`, also for what is nested too deep to be read."""
    if len(code) > DEEPEST and any(map(_is_too_deep, bare(code).split(b";"))):
        raise PgQueryError(_TOO_DEEP)
    text = code.decode("utf-8", "replace")
    try:
        return postgast.parse(text)
    except DecodeError:
        return _parsed_deep(text)


DEEPEST = 1_000
"""So deep may operators, UNIONs and parentheses be nested: the parser's C code recurses, and ends the process (SIGSEGV)
at some 20,000 on a stack of 8 MB, at a sixteenth of that in a thread on macOS.
"""
_TOO_DEEP = "it is nested too deep to be read"
_DEEPENS = re.compile(
    rb"[(),]|[-+*/<>=~!@#%^&|`?:\[]+"
    rb"|\b(?:UNION|INTERSECT|EXCEPT|JOIN|COLLATE|OPERATOR|I?LIKE|SIMILAR|IN|BETWEEN|AT|IS|ISNULL|NOTNULL)\b",
    re.IGNORECASE,
)


def _is_too_deep(statement: bytes) -> bool:
    """Whether the tree of a statement may be that deep. A chain of operators is as deep as it is long."""
    if len(statement) <= DEEPEST:
        return False
    levels = [0]
    depth = 0
    for mark in _DEEPENS.findall(statement):
        if mark == b",":
            depth -= levels[-1]
            levels[-1] = 0
        elif mark == b")":
            depth -= levels.pop()
            levels = levels or [0]
        else:
            if mark == b"(":
                levels.append(0)
            levels[-1] += 1
            depth += 1
            if depth > DEEPEST:
                return True
    return False


def _parsed_deep(text: str) -> Any:
    """The tree of what is deeper than the 100 messages that protobuf reads by default: a sum of fifty."""
    try:
        from google._upb import _message  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415  no public way

        _message.SetAllowOversizeProtos(True)
    except (ImportError, AttributeError) as error:
        raise PgQueryError(_TOO_DEEP) from error
    try:
        return postgast.parse(text)
    except DecodeError as error:
        raise PgQueryError(_TOO_DEEP) from error
    finally:
        _message.SetAllowOversizeProtos(False)


LONGEST_BODY = 10_000
"""Bytes of a PL/pgSQL body that is read: no nesting in so few is too deep."""
_TAG = "$pgops_body$"


def parsed_body(body: str) -> dict[str, Any]:
    """The tree of a body in PL/pgSQL, as libpg_query's JSON has it. Raises `PgQueryError`."""
    if _TAG in body or len(body.encode("utf-8", "replace")) > LONGEST_BODY:
        raise PgQueryError("the body is too long to be read")
    try:
        (read,) = postgast.parse_plpgsql(f"CREATE FUNCTION body() RETURNS void LANGUAGE plpgsql AS {_TAG}{body}{_TAG}")
    except (ValueError, RecursionError) as error:  # no JSON, no function, or JSON that is nested too deep
        raise PgQueryError(_TOO_DEEP) from error
    function: dict[str, Any] = read["PLpgSQL_function"]
    return function
