"""The document tree: what a report, a proposal or a plan says, before anyone decides how it looks.

A `Document` holds blocks, a block holds inline content. Wherever content is taken a plain `str` will do, and content
among blocks is a paragraph. The tree keeps raw values (bytes, seconds, hostile names); the writers make them pretty
and harmless. Everything is frozen. Lists become tuples; a sequence too long to hold as blocks at once is given as
`Each(items, make)`, which the writers stream.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from pgops.render.quantities import Unit, title_of, unit_of

T = TypeVar("T")


class Tone(enum.Enum):
    """What a colour would say: severities and outcomes share it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
    GOOD = "good"
    MUTED = "muted"


class Align(enum.Enum):
    LEFT = "left"
    RIGHT = "right"
    CENTER = "center"


def _as_tuple(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(items)


def _held(items: Iterable[Any]) -> Iterable[Any]:
    """What a block keeps of an iterable: it must give the same again, since a writer may look twice."""
    if isinstance(items, str):
        return (items,)
    if isinstance(items, Iterator):
        raise TypeError(f"a {type(items).__name__} can be read only once: give a sequence, or Each(items, make)")
    return tuple(items) if isinstance(items, list) else items


def _pairs(items: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> tuple[tuple[str, Any], ...]:
    if isinstance(items, Mapping):
        return tuple((str(label), value) for label, value in items.items())
    return tuple(items)


@attrs.frozen
class Each(Generic[T]):
    """The items, each turned into a block (or row) at the moment it is written: 100,000 findings need no 100,000 cards.

    >>> list(Each([1, 2], str))
    ['1', '2']
    """

    items: Iterable[Any] = attrs.field(converter=_held)
    make: Callable[[Any], T]

    def __iter__(self) -> Iterator[T]:
        return map(self.make, self.items)

    def __len__(self) -> int:
        return len(self.items) if isinstance(self.items, Sized) else sum(1 for _ in self.items)


# --- inline content ---------------------------------------------------------------------------------------------------


@attrs.frozen
class Text:
    """Words, perhaps in a tone. A plain `str` is `Text` without one."""

    text: str
    tone: Tone | None = None


@attrs.frozen
class Code:
    """A name, a number of a setting, a piece of SQL within a sentence."""

    text: str


@attrs.frozen
class Strong:
    text: str


@attrs.frozen
class Badge:
    """A short word on a coloured ground: a severity, an outcome."""

    text: str
    tone: Tone = Tone.MUTED


def _harmless_target(_: object, __: object, target: str) -> None:
    if not re.match(r"(https?://[^\s\x00-\x20]|#.)", target, re.DOTALL):
        raise ValueError("a link leads to http://, https:// or to the #anchor of a section")


@attrs.frozen
class Link:
    """A link to a page (`https://...`) or to a section of this document (`#anchor`), never to what a server said."""

    text: str
    target: str = attrs.field(validator=_harmless_target)


@attrs.frozen(init=False)
class Line:
    """Several pieces, nothing between them: `Line("Table ", Code("public.orders"), " is large.")`."""

    parts: tuple[str | Text | Code | Strong | Badge | Link, ...]

    def __init__(self, *parts: str | Text | Code | Strong | Badge | Link) -> None:
        object.__setattr__(self, "parts", parts)


Inline: TypeAlias = str | Text | Code | Strong | Badge | Link
Content: TypeAlias = Inline | Line

Cell: TypeAlias = Any
"""`Content`, or any plain value (number, bool, None, datetime, timedelta, list of values ...), written by its unit."""


# --- blocks -----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Paragraph:
    content: Content


@attrs.frozen
class Note:
    """A paragraph that stands out in a tone: a caveat, what was skipped and why."""

    content: Content
    tone: Tone = Tone.INFO


@attrs.frozen
class CodeBlock:
    """Text as it is, with its line breaks. `language` is `sql`, `sh`, `json`, `toml` ... or empty."""

    text: str
    language: str = ""


@attrs.frozen
class Column:
    """The head of a column. Without `align`, columns whose unit or values are numbers stand right, others left."""

    title: str
    unit: Unit = attrs.field(default=Unit.PLAIN, kw_only=True)
    align: Align | None = attrs.field(default=None, kw_only=True)

    @classmethod
    def for_field(cls, name: str) -> Column:
        """The column of a field whose name ends in its unit.

        >>> Column.for_field("total_bytes")
        Column(title='total', unit=<Unit.BYTES: 'bytes'>, align=None)
        """
        return cls(title_of(name), unit=unit_of(name))


def _columns(columns: Iterable[Column | str]) -> tuple[Column, ...]:
    held = tuple(Column(column) if isinstance(column, str) else column for column in columns)
    if not held:
        raise ValueError("a table needs a column")
    return held


@attrs.frozen
class Table:
    """Rows under columns. `rows` may be any sequence or `Each`; a short row is filled up, a long one is an error."""

    columns: tuple[Column, ...] = attrs.field(converter=_columns)
    rows: Iterable[Iterable[Cell]] = attrs.field(converter=_held)
    caption: str = attrs.field(default="", kw_only=True)
    empty: str = attrs.field(default="no rows", kw_only=True)


@attrs.frozen
class KeyValues:
    """Labels and values below one another. Takes a mapping or pairs; a label that ends in a unit is not looked at."""

    pairs: tuple[tuple[str, Cell], ...] = attrs.field(converter=_pairs)


@attrs.frozen
class Bullets:
    items: Iterable[Content] = attrs.field(converter=_held)


@attrs.frozen
class Steps:
    """A numbered list: the order matters."""

    items: Iterable[Content] = attrs.field(converter=_held)


@attrs.frozen
class Tree:
    """A label and what hangs below it, to any depth: a chain of blocked sessions, a query plan."""

    label: Content
    children: tuple[Tree, ...] = attrs.field(default=(), converter=_as_tuple)


@attrs.frozen
class Tile:
    """One number of a `Strip`. With `filters`, an HTML page lets the reader hide the cards of this tone by it."""

    label: str
    value: Cell
    tone: Tone = attrs.field(default=Tone.MUTED, kw_only=True)
    filters: bool = attrs.field(default=False, kw_only=True)


@attrs.frozen
class Strip:
    """The summary on top: some labelled counts, side by side. It stays in sight while the page scrolls."""

    tiles: tuple[Tile, ...] = attrs.field(converter=_as_tuple)


@attrs.frozen(kw_only=True)
class Card:
    """One finding, step or statement: badge and heading, blocks (message, remedy), small grey facts below."""

    heading: Content
    tone: Tone = Tone.MUTED
    badge: str = ""
    blocks: Iterable[Block] = attrs.field(default=(), converter=_held)
    facts: tuple[tuple[str, Cell], ...] = attrs.field(default=(), converter=_pairs)
    anchor: str = ""


@attrs.frozen
class Section:
    """Blocks under a title. `open` says whether HTML shows it unfolded; `aside` stands at the far end of the title."""

    title: Content
    blocks: Iterable[Block] = attrs.field(default=(), converter=_held)
    anchor: str = attrs.field(default="", kw_only=True)
    open: bool = attrs.field(default=True, kw_only=True)
    aside: Content = attrs.field(default="", kw_only=True)


Block: TypeAlias = (
    Content | Paragraph | Note | CodeBlock | Table | KeyValues | Bullets | Steps | Tree | Strip | Card | Section
)


@attrs.frozen
class Document:
    """A whole document: title, a line below it, blocks."""

    title: str
    subtitle: Content = attrs.field(default="", kw_only=True)
    blocks: Iterable[Block] = attrs.field(default=(), converter=_held, kw_only=True)


def parts_of(content: Content) -> tuple[Inline, ...]:
    """The pieces of any content, in order. Raises TypeError for what is no content, so that nothing is lost unseen."""
    parts = content.parts if isinstance(content, Line) else (content,)
    for part in parts:
        if not isinstance(part, str | Text | Code | Strong | Badge | Link):
            raise TypeError(f"a {type(part).__name__} is no block and no content of a document")
    return parts
