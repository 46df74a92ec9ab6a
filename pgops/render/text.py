"""A document for the terminal: plain lines, rules and columns; colours only when asked.

No control character of the document's text survives (see `visible`); the only ESC in the output begins our own SGR
codes. Code blocks are never wrapped, so that a remedy can be copied as it is.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pgops.render.document import (
    Align,
    Badge,
    Block,
    Bullets,
    Card,
    Code,
    CodeBlock,
    Content,
    Document,
    KeyValues,
    Link,
    Note,
    Paragraph,
    Section,
    Steps,
    Strip,
    Strong,
    Table,
    Text,
    Tile,
    Tone,
    Tree,
    parts_of,
)
from pgops.render.lines import Span, line_text, padded, spans_width, width_of, wrapped
from pgops.render.tables import SAMPLE, content_of, rows_of, sides_of
from pgops.render.trees import branches_of
from pgops.render.visible import visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_STYLES = {Tone.CRITICAL: "1;31", Tone.WARNING: "33", Tone.INFO: "36", Tone.GOOD: "32", Tone.MUTED: "2"}
_BOLD, _DIM = "1", "2"
_RULE, _HEAVY_RULE = "─", "━"
_GAP = 2
_NARROWEST = 40
_NARROWEST_COLUMN = 10
_SLACK = 8
_LINES_OF_A_CELL = 4
_LONGEST_NUMBER = 24


def to_text(document: Document, *, width: int = 100, color: bool = False) -> str:
    """The document as lines of at most `width` terminal cells (code blocks are left as long as they are).

    >>> print(to_text(Document("Report", blocks=["All is well."]), width=40), end="")
    Report
    ────────────────────────────────────────
    <BLANKLINE>
    All is well.
    """
    return "".join(iter_text(document, width=width, color=color))


def iter_text(document: Document, *, width: int = 100, color: bool = False) -> Iterator[str]:
    """The same line by line, each with its line break."""
    for line in _document(document, max(width, _NARROWEST)):
        yield line_text(line, color=color) + "\n"


def _document(document: Document, width: int) -> Iterator[list[Span]]:
    yield from wrapped([Span(visible(document.title), _BOLD)], width)
    if document.subtitle:
        yield from wrapped(_inline(document.subtitle, _DIM), width)
    yield [Span(_RULE * width, _DIM)]
    for block in document.blocks:
        yield []
        yield from _block(block, width)


def _block(block: Block, width: int, level: int = 1) -> Iterator[list[Span]]:
    match block:
        case Paragraph(content):
            yield from wrapped(_inline(content), width)
        case Note(content, tone):
            mark = [Span("▌ ", _STYLES[tone])]
            yield from _hanging(mark, mark, _inline(content), width)
        case CodeBlock():
            for line in visible_lines(block.text.strip("\n")).split("\n"):
                yield [Span("    " + line)]
        case Table():
            yield from _table(block, width)
        case KeyValues(pairs):
            yield from _key_values(pairs, width)
        case Bullets(items):
            for item in items:
                yield from _hanging([Span("• ")], [Span("  ")], _inline(item), width)
        case Steps(items):
            for number, item in enumerate(items, 1):
                mark_text = f"{number}. "
                yield from _hanging([Span(mark_text)], [Span(" " * len(mark_text))], _inline(item), width)
        case Tree():
            for first, others, label in branches_of(block):
                yield from _hanging([Span(first, _DIM)], [Span(others, _DIM)], _inline(label), width)
        case Strip(tiles):
            yield from wrapped(list(_tiles(tiles)), width)
        case Card():
            yield from _card(block, width)
        case Section():
            yield from _section(block, width, level)
        case _:
            yield from wrapped(_inline(block), width)


def _section(section: Section, width: int, level: int) -> Iterator[list[Span]]:
    aside = _inline(section.aside, _DIM) if section.aside else []
    aside_width = spans_width(aside) + 1 if aside else 0
    title = _inline(section.title, _BOLD)
    rest = width - spans_width(title) - 1 - aside_width
    if rest >= 3:
        end = [Span(" "), *aside] if aside else []
        yield [*title, Span(" "), Span((_HEAVY_RULE if level == 1 else _RULE) * rest, _DIM), *end]
    else:
        yield from wrapped([*title, Span(" "), *aside], width)
    for block in section.blocks:
        yield []
        yield from _block(block, width, level + 1)


def _card(card: Card, width: int) -> Iterator[list[Span]]:
    style = _STYLES[card.tone]
    mark = Span("● ", style)
    badge = [Span(visible(card.badge).upper() + "  ", style)] if card.badge else []
    yield from _hanging([mark], [Span("  ")], [*badge, *_inline(card.heading, _BOLD)], width)
    for block in card.blocks:
        if isinstance(block, CodeBlock):
            yield []
        for line in _block(block, width - 2):
            yield [Span("  "), *line]
        if isinstance(block, CodeBlock):
            yield []
    if card.facts:
        facts: list[Span] = []
        for label, value in card.facts:
            facts += [Span(" · ", _DIM)] if facts else []
            facts += [Span(visible(label) + " ", _DIM), *_inline(content_of(value), _DIM)]
        yield from _hanging([Span("  ")], [Span("  ")], facts, width)


def _tiles(tiles: Iterable[Tile]) -> Iterator[Span]:
    for index, tile in enumerate(tiles):
        if index:
            yield Span("   ")
        yield from _inline(content_of(tile.value), _STYLES[tile.tone])
        yield Span(" " + visible(tile.label), _DIM if tile.tone is Tone.MUTED else "")


def _key_values(pairs: Sequence[tuple[str, object]], width: int) -> Iterator[list[Span]]:
    labels = [visible(label) for label, _ in pairs]
    column = min(max(map(width_of, labels), default=0), width // 3)
    for label, (_, value) in zip(labels, pairs, strict=True):
        lines = wrapped(_inline(content_of(value)), width - column - _GAP)
        heads = wrapped([Span(label, _DIM)], column)
        for head, line in itertools.zip_longest(heads, lines, fillvalue=()):
            yield [*padded(head, column, Align.LEFT), Span(" " * _GAP), *line]


def _hanging(first: list[Span], others: list[Span], content: Sequence[Span], width: int) -> Iterator[list[Span]]:
    for index, line in enumerate(wrapped(content, max(width - spans_width(first), _NARROWEST // 2))):
        yield [*(others if index else first), *line]


def _inline(content: Content, style: str = "") -> list[Span]:
    return [_span(part, style) for part in parts_of(content)]


def _span(part: str | Text | Code | Strong | Badge | Link, style: str) -> Span:
    match part:
        case str():
            return Span(visible(part), style)
        case Text(text, tone):
            return Span(visible(text), _STYLES[tone] if tone else style)
        case Strong(text):
            return Span(visible(text), _BOLD)
        case Badge(text, tone):
            return Span(visible(text), _STYLES[tone])
        case Link(text, target):
            return Span(visible(text if target.startswith("#") else f"{text} <{target}>"), style)
        case Code(text):
            return Span(visible(text), style)


# --- tables -----------------------------------------------------------------------------------------------------------


def _table(table: Table, width: int) -> Iterator[list[Span]]:
    if table.caption:
        yield from wrapped([Span(visible(table.caption), _DIM)], width)
    rows = ([_inline(cell) for cell in row] for row in rows_of(table))
    sample = list(itertools.islice(rows, SAMPLE))
    if not sample:
        yield from wrapped([Span(visible(table.empty), _DIM)], width)
        return
    heads = [[Span(visible(column.title), _BOLD)] for column in table.columns]
    sides = sides_of(table)
    widths = _column_widths(heads, sample, sides, width)
    every_row = itertools.chain(sample, rows)
    if widths is None:
        yield from _records(heads, every_row, width)
        return
    yield from _row(heads, widths, sides, bottom=True)
    yield [Span((" " * _GAP).join(_RULE * column for column in widths), _DIM)]
    for row in every_row:
        yield from _row(row, widths, sides)


def _column_widths(
    heads: list[list[Span]], sample: list[list[list[Span]]], sides: list[Align], width: int
) -> list[int] | None:
    """The width of each column, or None when they can't stand side by side."""
    values = [max(spans_width(row[index]) for row in sample) for index in range(len(heads))]
    natural = [max(value, spans_width(head), 1) for value, head in zip(values, heads, strict=True)]
    room = width - _GAP * (len(heads) - 1)
    if sum(natural) <= room:
        spare = room - sum(natural) if len(sample) == SAMPLE else 0  # rows not measured may be longer
        left = max(sides.count(Align.LEFT), 1)
        return [
            value + (min(_SLACK, spare // left) if side is Align.LEFT else 0)
            for value, side in zip(natural, sides, strict=True)
        ]
    least = [
        max(value, _longest_word(head)) if side is Align.RIGHT and value <= _LONGEST_NUMBER else _NARROWEST_COLUMN
        for value, head, side in zip(values, heads, sides, strict=True)
    ]
    least = [min(pair) for pair in zip(least, natural, strict=True)]
    if sum(least) > room:
        return None
    low, high = 0, max(natural)  # the widest columns give way first: the largest cap that fits
    while low < high:
        cap = (low + high + 1) // 2
        fits = sum(_capped(natural, least, cap)) <= room
        low, high = (cap, high) if fits else (low, cap - 1)
    return _capped(natural, least, low)


def _capped(natural: list[int], least: list[int], cap: int) -> list[int]:
    return [max(floor, min(full, cap)) for full, floor in zip(natural, least, strict=True)]


def _longest_word(spans: list[Span]) -> int:
    return max((width_of(word) for span in spans for word in span.text.split()), default=1)


def _row(
    cells: list[list[Span]], widths: list[int], sides: list[Align], *, bottom: bool = False
) -> Iterator[list[Span]]:
    stacks = [_cell(cell, width, side) for cell, width, side in zip(cells, widths, sides, strict=True)]
    height = max(map(len, stacks))
    for index in range(height):
        line: list[Span] = []
        for stack, width, side in zip(stacks, widths, sides, strict=True):
            at = index - (height - len(stack) if bottom else 0)
            line += [Span(" " * _GAP)] if line else []
            line += padded(stack[at] if 0 <= at < len(stack) else [], width, side)
        yield line


def _cell(cell: list[Span], width: int, side: Align) -> list[list[Span]]:
    if side is Align.RIGHT and width < spans_width(cell) <= _LONGEST_NUMBER and " " not in cell[0].text:
        return [cell]  # a number wider than the sample said: better a crooked line than digits on two
    return wrapped(cell, width, most=_LINES_OF_A_CELL)


def _records(heads: list[list[Span]], rows: Iterable[list[list[Span]]], width: int) -> Iterator[list[Span]]:
    """Too many columns for the width: each row becomes a list of names and values."""
    column = min(max(map(spans_width, heads)), width // 3)
    for number, row in enumerate(rows, 1):
        mark = f"{_RULE}{_RULE} {number:,} "
        yield [Span(mark + _RULE * (width - len(mark)), _DIM)]
        for head, cell in zip(heads, row, strict=True):
            lines = wrapped(cell, width - column - _GAP, most=_LINES_OF_A_CELL)
            for index, line in enumerate(lines):
                name = wrapped(head, column, most=1)[0] if index == 0 else []
                yield [*padded(name, column, Align.LEFT), Span(" " * _GAP), *line]
