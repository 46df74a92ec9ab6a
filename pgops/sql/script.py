"""A text of SQL, read: its statements with their places, and what in it could not be read."""

from __future__ import annotations

import functools
import hashlib
import re
from typing import TYPE_CHECKING

import attrs

from pgops.sql import naming
from pgops.sql.since import Newer
from pgops.sql.statements import Meaning

if TYPE_CHECKING:
    from pgops.findings import Target


@attrs.frozen
class Statement:
    """One statement: its words as they stand in the file, what they say, and where they are (lines and columns from
    1).
    """

    text: str
    meaning: Meaning
    line: int
    column: int
    last_line: int
    ordinal: int
    """From 0, in its script."""
    first_line: int
    """Where what belongs to it begins: comments in front of it count."""
    newer: Newer | None = None
    """What in it a server older than 15 to 18 can't read."""

    @property
    def objects(self) -> tuple[Target, ...]:
        """What it makes, changes or drops, as far as it names it."""
        return naming.objects_of(self.meaning)

    @functools.cached_property
    def head(self) -> str:
        """Its first words on one line, for messages."""
        words = re.sub(r"\s+", " ", self.text)
        return words if len(words) <= 80 else f"{words[:77]}..."


@attrs.frozen
class Unparsed:
    """A part of a text that PostgreSQL's grammar does not know: what it does is unknown, and never called safe."""

    text: str
    reason: str
    line: int
    column: int


@attrs.frozen
class IgnoreComment:
    """`-- pgops: ignore rule-id reason`, as it stands in a text."""

    rule: str
    reason: str
    line: int
    column: int


@attrs.frozen
class Script:
    """A text of SQL and what was read in it."""

    text: str
    statements: tuple[Statement, ...]
    unparsed: tuple[Unparsed, ...] = ()
    ignores: tuple[IgnoreComment, ...] = ()
    file: str | None = None

    @functools.cached_property
    def has_long_words(self) -> bool:
        """Whether a name in it may have more than 63 bytes."""
        return not self.text.isascii() or _LONG.search(self.text) is not None

    @functools.cached_property
    def qualified(self) -> Statement | None:
        """The first statement that names an object with its schema."""
        return next((each for each in self.statements if any(target.schema for target in each.objects)), None)


_LONG = re.compile(r"(?<![\w$])[\w$]{64}|\"[^\"]{60}")


def line_starts(raw: bytes) -> list[int]:
    """The offset of each line's first byte."""
    starts = [0]
    at = raw.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = raw.find(b"\n", at + 1)
    return starts


def hash_of(statement: str) -> str:
    """SHA-256 of the words of a statement, in hexadecimal: what it is recognised by."""
    return hashlib.sha256(statement.encode("utf-8", "surrogatepass")).hexdigest()
