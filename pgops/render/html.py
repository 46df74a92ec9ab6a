"""A document as HTML: a page of its own in one file, or a fragment for a notebook cell.

The page needs nothing from outside and no script: it folds with <details>, filters by `:has(:checked)`, and its
Content-Security-Policy forbids whatever else might ever slip in. Every text goes through `visible` and `html.escape`;
class names come from enumerations, anchors are reduced to harmless letters.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from pgops.render.document import (
    Align,
    Badge,
    Block,
    Bullets,
    Card,
    Cell,
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
    Tree,
    parts_of,
)
from pgops.render.stylesheet import STYLE
from pgops.render.tables import content_of, rows_of, sides_of
from pgops.render.trees import DEEPEST
from pgops.render.visible import visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SIDES = {Align.LEFT: "", Align.RIGHT: "right", Align.CENTER: "center"}
_WIDE_CELL = 28  # characters; a shorter cell stays on one line
_LONG_CELL = 400  # scrolls by itself
_ROWS_IN_A_CHUNK = 100


def to_html(document: Document) -> str:
    """The document as one self-contained page."""
    return "".join(iter_html(document))


def iter_html(document: Document) -> Iterator[str]:
    """The same in chunks: `file.writelines(iter_html(document))` never holds the page."""
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{_escape(document.title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n"
        '<body class="pgops-page">\n<main class="pgops">\n'
    )
    yield from _inside(document)
    yield "</main>\n</body>\n</html>\n"


def to_html_fragment(document: Document) -> str:
    """The document as one <div> with its own scoped style, for a notebook cell or a page of yours."""
    return "".join((f'<div class="pgops">\n<style>\n{STYLE}\n</style>\n', *_inside(document), "</div>\n"))


def _inside(document: Document) -> Iterator[str]:
    yield f"<header>\n<h1>{_escape(document.title)}</h1>\n"
    if document.subtitle:
        yield f'<p class="subtitle">{_inline(document.subtitle)}</p>\n'
    yield "</header>\n"
    for block in document.blocks:
        yield from _block(block, 2)


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Paragraph(content):
            yield f"<p>{_inline(content)}</p>\n"
        case Note(content, tone):
            yield f'<p class="note {tone.value}">{_inline(content)}</p>\n'
        case CodeBlock(text, language):
            name = f' class="language-{language}"' if re.fullmatch(r"[A-Za-z0-9-]+", language) else ""
            yield f"<pre{name}><code>{html.escape(visible_lines(text.strip(chr(10))))}</code></pre>\n"
        case Table():
            yield from _table(block)
        case KeyValues(pairs):
            yield f'<dl class="pairs">\n{_pairs(pairs)}</dl>\n'
        case Bullets(items):
            yield from _list("ul", items)
        case Steps(items):
            yield from _list("ol", items)
        case Tree():
            yield from _tree(block)
        case Strip(tiles):
            yield f'<div class="strip" role="group" aria-label="Summary">\n{"".join(map(_tile, tiles))}</div>\n'
        case Card():
            yield from _card(block, level)
        case Section():
            yield from _section(block, level)
        case _:
            yield f"<p>{_inline(block)}</p>\n"


def _section(section: Section, level: int) -> Iterator[str]:
    heading = f"h{min(level, 6)}"
    aside = f'<span class="aside">{_inline(section.aside)}</span>' if section.aside else ""
    yield (
        f'<details class="section"{_id(section.anchor)}{" open" if section.open else ""}>\n'
        f'<summary><{heading}>{_inline(section.title)}</{heading}>{aside}</summary>\n<div class="body">\n'
    )
    for block in section.blocks:
        yield from _block(block, level + 1)
    yield "</div>\n</details>\n"


def _card(card: Card, level: int) -> Iterator[str]:
    badge = f'<span class="badge {card.tone.value}">{_escape(card.badge)}</span>' if card.badge else ""
    yield (
        f'<article class="card {card.tone.value}"{_id(card.anchor)}>\n'
        f'<div class="head">{badge}<span class="heading">{_inline(card.heading)}</span></div>\n'
    )
    for block in card.blocks:
        yield from _block(block, level)
    if card.facts:
        pairs = "".join(f"<div>{_pairs([pair])}</div>" for pair in card.facts)
        yield f'<dl class="facts">\n{pairs}</dl>\n'
    yield "</article>\n"


def _tile(tile: Tile) -> str:
    content = (
        f'<span class="value">{_inline(content_of(tile.value))}</span><span class="label">{_escape(tile.label)}</span>'
    )
    tone = tile.tone.value
    if not tile.filters:
        return f'<div class="tile {tone}">{content}</div>\n'
    # Without autocomplete="off" Firefox keeps the box of the last visit, and a new report would hide its findings.
    box = f'<input type="checkbox" class="show-{tone}" checked autocomplete="off">'
    return f'<label class="tile {tone}" title="Show or hide these findings">{box}{content}</label>\n'


def _pairs(pairs: Iterable[tuple[str, Cell]]) -> str:
    return "".join(f"<dt>{_escape(label)}</dt><dd>{_inline(content_of(value))}</dd>\n" for label, value in pairs)


def _list(tag: str, items: Iterable[Content]) -> Iterator[str]:
    yield f'<{tag} class="items">\n'
    for item in items:
        yield f"<li>{_inline(item)}</li>\n"
    yield f"</{tag}>\n"


def _tree(tree: Tree) -> Iterator[str]:
    """Nested lists, by a stack of its own; browsers flatten what is nested too deep, so it is done here in time."""
    yield '<ul class="tree">\n'
    stack = [(iter((tree,)), "")]
    while stack:
        children, end = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            yield end
        elif not child.children:
            yield f"<li>{_inline(child.label)}</li>\n"
        elif len(stack) < DEEPEST:
            yield f"<li>{_inline(child.label)}\n<ul>\n"
            stack.append((iter(child.children), "</ul></li>\n"))
        else:
            yield f"<li>{_inline(child.label)}</li>\n"
            stack.append((iter(child.children), ""))
    yield "</ul>\n"


def _table(table: Table) -> Iterator[str]:
    rows = rows_of(table)
    sides = [_SIDES[side] for side in sides_of(table)]
    name = _escape(table.caption or "Table")
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{name}">\n<table class="grid">\n'
    if table.caption:
        yield f"<caption>{_escape(table.caption)}</caption>\n"
    heads = "".join(
        f'<th scope="col"{_class(side, "wide" if len(column.title) > _WIDE_CELL else "")}>{_escape(column.title)}</th>'
        for column, side in zip(table.columns, sides, strict=True)
    )
    yield f"<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    chunk: list[str] = []
    empty = True
    for row in rows:
        empty = False
        chunk.append("".join(("<tr>", *map(_cell, row, sides), "</tr>\n")))
        if len(chunk) == _ROWS_IN_A_CHUNK:
            yield "".join(chunk)
            chunk.clear()
    yield "".join(chunk)
    if empty:
        yield f'<tr><td class="empty" colspan="{len(sides)}">{_escape(table.empty)}</td></tr>\n'
    yield "</tbody>\n</table>\n</div>\n"


def _cell(content: Content, side: str) -> str:
    length = sum(len(part if isinstance(part, str) else part.text) for part in parts_of(content))
    if length > _LONG_CELL:
        return f'<td{_class(side, "wide", "long")}><div tabindex="0">{_inline(content)}</div></td>'
    return f"<td{_class(side, 'wide' if length > _WIDE_CELL else '')}>{_inline(content)}</td>"


# --- inline content ---------------------------------------------------------------------------------------------------


def _inline(content: Content) -> str:
    return "".join(map(_part, parts_of(content)))


def _part(part: Inline) -> str:
    match part:
        case str():
            return _escape(part)
        case Text(text, tone):
            return f'<span class="tone {tone.value}">{_escape(text)}</span>' if tone else _escape(text)
        case Code(text):
            return f"<code>{_escape(text)}</code>"
        case Strong(text):
            return f"<strong>{_escape(text)}</strong>"
        case Badge(text, tone):
            return f'<span class="badge {tone.value}">{_escape(text)}</span>'
        case Link(text, target) if target.startswith("#"):
            return f'<a href="#{_anchor(target[1:])}">{_escape(text)}</a>'
        case Link(text, target):
            return f'<a href="{_escape(target)}" rel="noopener noreferrer">{_escape(text)}</a>'


def _escape(text: str) -> str:
    return html.escape(visible(text), quote=True)


def _class(*names: str) -> str:
    joined = " ".join(filter(None, names))
    return f' class="{joined}"' if joined else ""


def _id(anchor: str) -> str:
    return f' id="{_anchor(anchor)}"' if anchor else ""


def _anchor(name: str) -> str:
    """An id that no name in the document can choose freely: `document.body` must not become somebody's table."""
    return "pgops-" + re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
