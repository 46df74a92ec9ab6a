"""Styled text in columns of a terminal: how wide it is, how it wraps, how it is cut.

A `Span` is a text with a style (an SGR code such as "1;31", or none). Widths count terminal cells: East Asian wide
characters take two, combining marks none. The texts have gone through `visible` before they come here.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from pgops.render.document import Align

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ELLIPSIS = "…"


class Span(NamedTuple):
    text: str
    style: str = ""


def width_of(text: str) -> int:
    """The terminal cells that a text takes.

    >>> width_of("orders"), width_of("注文"), width_of("e\u0301")
    (6, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_cells, text))


@functools.lru_cache(maxsize=4096)
def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":  # Hangul vowels and finals
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def spans_width(spans: Iterable[Span]) -> int:
    return sum(width_of(span.text) for span in spans)


def pieces_of(text: str, first: int, others: int) -> Iterator[str]:
    """A text cut by width, first piece and others, marks with their letter. Each has at least one character."""
    start, taken, room = 0, 0, first
    for index, character in enumerate(text):
        cells = _cells(character)
        if taken + cells > room and index > start:
            yield text[start:index]
            start, taken, room = index, 0, others
        taken += cells
    yield text[start:]


def wrapped(spans: Sequence[Span], width: int, *, most: int | None = None) -> list[list[Span]]:
    """The spans as lines no wider than `width` (one wide character may be); after `most` lines cut with "…"."""
    width = max(width, 1)
    if spans_width(spans) <= width:
        return [list(spans)]
    lines: list[list[Span]] = [[]]
    room = width
    for text, style in _words(spans):
        if text.startswith(" ") and (not lines[-1] or width_of(text) >= room):
            continue  # no line begins with a blank, and none is made for one
        if width_of(text) > room and (width_of(text) <= width or room <= width // 2):
            lines.append([])
            room = width
        for number, piece in enumerate(pieces_of(text, room, width) if width_of(text) > room else [text]):
            if number:
                lines.append([])
                room = width
            if most is not None and len(lines) > most:
                return _cut(lines, most, width)
            lines[-1].append(Span(piece, style))
            room -= width_of(piece)
    return [line for line in map(_stripped, lines) if line] or [[]]


def _words(spans: Iterable[Span]) -> Iterator[Span]:
    for span in spans:
        for word in re.findall(r" +|[^ ]+", span.text):
            yield Span(word, span.style)


def _stripped(line: list[Span]) -> list[Span]:
    while line and not line[-1].text.strip(" "):
        line = line[:-1]
    return line


def _cut(lines: list[list[Span]], most: int, width: int) -> list[list[Span]]:
    kept = [*lines[: most - 1], _stripped(lines[most - 1])]
    last = kept[-1]
    while spans_width(last) > width - 1:
        text, style = last.pop()
        head = next(pieces_of(text, width - 1 - spans_width(last), width))
        if spans_width(last) + width_of(head) < width:
            last.append(Span(head, style))
            break
    last.append(Span(ELLIPSIS))
    return kept


def padded(spans: Sequence[Span], width: int, align: Align) -> list[Span]:
    """The line filled up with blanks to the width."""
    missing = width - spans_width(spans)
    if missing <= 0:
        return list(spans)
    before = {Align.LEFT: 0, Align.RIGHT: missing, Align.CENTER: missing // 2}[align]
    return [Span(" " * before), *spans, Span(" " * (missing - before))]


def line_text(spans: Iterable[Span], *, color: bool) -> str:
    """One line of output, without blanks at its end; with SGR codes only if asked."""
    written = "".join(
        f"\x1b[{span.style}m{span.text}\x1b[0m" if color and span.style and span.text else span.text for span in spans
    )
    return written.rstrip(" ")
