r"""A document as GitHub flavoured Markdown, without any HTML in it.

Text can't become markup: characters that mean something are escaped, and words that GitHub would link by itself after
rendering, where a backslash no longer helps (`@name`, `#12`, `www.`, `https://`, `a@b.c`), are put in code spans.
Every text is on one line, code blocks apart, whose fence is longer than any in them.
"""

from __future__ import annotations

import itertools
import re
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
    Inline,
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
from pgops.render.tables import content_of, rows_of, sides_of
from pgops.render.trees import branches_of
from pgops.render.visible import visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALWAYS = re.compile(r"[\\`*\[\]<|~$#]|&(?=[#0-9A-Za-z])|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
_AT_THE_START = re.compile(r"[-+>]|\d+(?=[.)])")
# Links, mentions and emoji that GitHub makes of rendered text.
_ACTS_BY_ITSELF = re.compile(r"@|#\d|\bGH-\d|://|\bwww\.|\bmailto:|\bxmpp:|:(?!\d\d:)[\w+-]+:", re.IGNORECASE)
_SIDES = {Align.LEFT: ":---", Align.RIGHT: "---:", Align.CENTER: ":---:"}
_TITLE_OF_NOTE = {
    Tone.CRITICAL: "Critical",
    Tone.WARNING: "Warning",
    Tone.INFO: "Note",
    Tone.GOOD: "Good",
    Tone.MUTED: "",
}
_DEEPEST_HEADING = 6


def to_markdown(document: Document) -> str:
    """The document as GitHub flavoured Markdown.

    >>> print(to_markdown(Document("Report", blocks=["All is *well*."])), end="")
    # Report
    <BLANKLINE>
    All is \\*well\\*.
    """
    return "".join(iter_markdown(document))


def iter_markdown(document: Document) -> Iterator[str]:
    """The same in chunks, for documents that are too long to be held."""
    yield f"# {_phrase(document.title)}\n"
    if document.subtitle:
        yield f"\n{_phrase(document.subtitle)}\n"
    for block in document.blocks:
        yield from _block(block, 2)


def inline_markdown(content: Content) -> str:
    """Content as a part of a line, for a file that is otherwise somebody else's.

    >>> inline_markdown("drop *all* of orders_old")
    'drop \\\\*all\\\\* of orders_old'
    """
    return _inline(content)


def _block(block: Block, level: int) -> Iterator[str]:
    """A blank line, then the block, which ends with a line break."""
    match block:
        case Paragraph(content):
            yield f"\n{_phrase(content)}\n"
        case Note(content, tone):
            title = _TITLE_OF_NOTE[tone]
            yield f"\n> **{title}:** {_inline(content)}\n" if title else f"\n> {_phrase(content)}\n"
        case CodeBlock(text, language):
            yield "\n" + _fenced(visible_lines(text.strip("\n")), language)
        case Table():
            yield from _table(block)
        case KeyValues(pairs):
            yield "\n"
            for label, value in pairs:
                yield f"- {_opening(_bold(label + ':'))} {_inline(content_of(value))}\n"
        case Bullets(items):
            yield from itertools.chain("\n", (f"- {_phrase(item)}\n" for item in items))
        case Steps(items):
            yield from itertools.chain("\n", (f"{number}. {_phrase(item)}\n" for number, item in enumerate(items, 1)))
        case Tree():
            lines = (
                first + "".join(_plain(part) for part in parts_of(label)) for first, _, label in branches_of(block)
            )
            yield "\n" + _fenced("\n".join(lines), "")
        case Strip(tiles):
            yield f"\n{_opening(' · '.join(map(_tile, tiles)))}\n"
        case Card():
            yield from _card(block, level)
        case Section():
            yield from _section(block, level)
        case _:
            yield f"\n{_phrase(block)}\n"


def _tile(tile: Tile) -> str:
    value = _inline(content_of(tile.value))
    return f"{f'**{value}** ' if value else ''}{_text(tile.label)}"


def _section(section: Section, level: int) -> Iterator[str]:
    aside = f" — {_inline(section.aside)}" if section.aside else ""
    yield f"\n{'#' * min(level, _DEEPEST_HEADING)} {_phrase(section.title)}{aside}\n"
    for block in section.blocks:
        yield from _block(block, level + 1)


def _card(card: Card, level: int) -> Iterator[str]:
    badge = f"{_bold(card.badge.upper())} " if card.badge else ""
    yield f"\n{_opening((badge + _inline(card.heading)).strip(' '))}\n"
    for block in card.blocks:
        yield from _block(block, level)
    if card.facts:
        facts = " · ".join(f"{_text(label)} {_inline(content_of(value))}" for label, value in card.facts)
        yield f"\n{_opening(facts)}\n"


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"\n{_phrase(table.caption)}\n"
    rows = rows_of(table)
    first = next(rows, None)
    if first is None:
        yield f"\n{_phrase(table.empty)}\n"
        return
    yield "\n" + _table_row([column.title for column in table.columns])
    yield "| " + " | ".join(_SIDES[side] for side in sides_of(table)) + " |\n"
    for row in itertools.chain([first], rows):
        yield _table_row(row)


def _table_row(cells: list[Content] | list[str]) -> str:
    return "| " + " | ".join(_inline(cell, in_table=True) for cell in cells) + " |\n"


# --- inline content ---------------------------------------------------------------------------------------------------


def _phrase(content: Content) -> str:
    """Content that begins a line."""
    return _opening(_inline(content))


def _opening(markdown: str) -> str:
    """Markdown that begins a line must not begin a list or a quotation (headings and rules are escaped anyway)."""
    markdown = markdown.lstrip(" ")
    match = _AT_THE_START.match(markdown)
    if not match:
        return markdown
    if match[0].isdigit():
        return f"{match[0]}\\{markdown[match.end() :]}"
    return "\\" + markdown


def _inline(content: Content, *, in_table: bool = False) -> str:
    written: list[str] = []
    parts = _joined(content)
    for index, part in enumerate(parts):
        after = _plain(parts[index + 1])[:1] if index + 1 < len(parts) else ""
        piece = _part(part, before=written[-1][-1:] if written else "", after=after, in_table=in_table)
        if not piece:
            continue
        if written and written[-1].endswith("`") and piece.startswith("`"):
            written.append(" ")  # or the two code spans would become one
        written.append(piece)
    return "".join(written).strip(" ")


def _joined(content: Content) -> list[Inline]:
    """The pieces, with neighbouring plain texts in one: "@" and a name apart would pass for harmless."""
    joined: list[Inline] = []
    for part in parts_of(content):
        plain = part.text if isinstance(part, Text) else part
        if isinstance(plain, str) and joined and isinstance(joined[-1], str):
            joined[-1] += plain
        else:
            joined.append(plain)
    return joined


def _part(part: Inline, *, before: str, after: str, in_table: bool) -> str:
    match part:
        case Code(text):
            return _code(visible(text), in_table=in_table)
        case Strong(text) | Badge(text):
            return _bold(text, before=before, after=after, in_table=in_table)
        case Link(text, target) if not target.startswith("#"):
            address = re.sub(r"[<>|\\]", _percent, visible(target))
            return f"[{_ALWAYS.sub(_backslash, visible(text))}](<{address}>)"
        case _:
            return _text(_plain(part, escaped=False), in_table=in_table)


def _plain(part: Inline, *, escaped: bool = True) -> str:
    text = part if isinstance(part, str) else part.text
    return visible(text) if escaped else text


def _text(text: str, *, in_table: bool = False) -> str:
    text = visible(text)
    if not _ACTS_BY_ITSELF.search(text):
        return _ALWAYS.sub(_backslash, text)
    words = re.split(r"( +)", text)
    return "".join(
        _code(word, in_table=in_table) if _ACTS_BY_ITSELF.search(word) else _ALWAYS.sub(_backslash, word)
        for word in words
    )


def _bold(text: str, *, before: str = "", after: str = "", in_table: bool = False) -> str:
    """Bold, where the asterisks would count: not between a letter and a quote, nor around what is a code span."""
    inner = visible(text).strip(" ")
    markdown = _text(inner, in_table=in_table)
    opens = inner[:1].isalnum() or before in ("", " ")
    closes = inner[-1:].isalnum() or after in ("", " ")
    return f"**{markdown}**" if inner and opens and closes and "`" not in inner else markdown


def _code(text: str, *, in_table: bool) -> str:
    """A code span around a text that is visible. Its fence is longer than any run of backticks inside."""
    if not text.strip(" "):
        return ""
    if in_table:
        # A table is cut at its pipes before anything else, code spans too. After a backslash, implementations do not
        # agree which of the two is escaped, so they must not stand side by side.
        text = re.sub(r"\\(?=\|)", r"\\ ", text).replace("|", r"\|")
    fence = "`" * (_longest_run("`", text) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, _longest_run("`", text) + 1)
    name = language if re.fullmatch(r"[A-Za-z0-9+-]*", language) else ""
    return f"{fence}{name}\n{text}\n{fence}\n"


def _longest_run(character: str, text: str) -> int:
    return max(map(len, re.findall(re.escape(character) + "+", text)), default=0)


def _backslash(match: re.Match[str]) -> str:
    return "\\" + match[0]


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"
