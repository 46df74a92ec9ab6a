"""The text of a CHECK, as pg_get_constraintdef() writes it, cut at its ANDs."""

from __future__ import annotations

import re

_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]| AND |[^'\"() ]+| +")


def conjuncts(definition: str) -> tuple[str, ...]:
    """The parts that all have to hold, without the parentheses around them.

    >>> conjuncts("CHECK (((a IS NOT NULL) AND (b <> ' AND '::text)))")
    ('a IS NOT NULL', "b <> ' AND '::text")
    """
    condition = definition.removesuffix(" NOT VALID").removesuffix(" NO INHERIT").removeprefix("CHECK ")
    return tuple(_parts(condition))


def _parts(condition: str) -> list[str]:
    inner = _without_parentheses(condition)
    pieces, depth, part = [], 0, ""
    for found in _PIECE.finditer(inner):
        word = found.group()
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == " AND " and depth == 0:
            pieces.append(part)
            part = ""
        else:
            part += word
    if not pieces:
        return [inner]
    # BETWEEN has an AND of its own; what is cut there is no condition that anybody looks for.
    return [each for piece in (*pieces, part) for each in _parts(piece)]


def _without_parentheses(condition: str) -> str:
    """`((a) AND (b))` without what is around all of it."""
    text = condition.strip()
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for found in _PIECE.finditer(text):
            depth += {"(": 1, ")": -1}.get(found.group(), 0)
            if depth == 0 and found.end() < len(text):
                return text
        text = text[1:-1].strip()
    return text
