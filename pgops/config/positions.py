"""Where every key of a TOML text stands: its line for a complaint, its place in the text for a change.

Neither tomllib nor tomlkit tells this. The walk below needs no recursion and judges nothing: on valid TOML it finds
every key, on broken TOML those before the break. It never takes text for a key that isn't followed by `=`, so that a
password pasted onto a line of its own does not become one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys from the document down; an element of an array is its index: `("checks", "for", 0, "limits")`."""

_TOKEN = re.compile(
    r'''
      (?P<space>[^\S\n]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<string>"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|"(?:[^"\\\n]|\\[^\n])*"|'[^'\n]*')
    | (?P<endless>["'])
    | (?P<bare>[A-Za-z0-9_-]+)
    | (?P<mark>.)
    ''',
    re.VERBOSE | re.DOTALL,
)


DEEPEST = 100
"""Deeper nesting is measured no further: tomllib would recurse on it, and every prefix of a path is kept."""


@attrs.frozen
class Header:
    """A `[table]` line: the table it opens, and the offsets where its brackets begin and have ended."""

    path: KeyPath
    start: int
    end: int


@attrs.frozen(kw_only=True)
class Positions:
    """What the walk found. Offsets count characters from 0."""

    lines: Mapping[KeyPath, int] = attrs.field(factory=lambda: MappingProxyType({}))
    """Each key's and table's line, counted from 1."""
    unfinished: KeyPath = ()
    """The key that was being read when the text ended or became unreadable; empty between statements."""
    table: KeyPath = ()
    """The table whose header came last."""
    too_deep: int | None = None
    """The line where more than `DEEPEST` levels are nested, if any: the walk ends there."""
    keys: Mapping[KeyPath, int] = attrs.field(factory=lambda: MappingProxyType({}), repr=False)
    """The offset of each `key = value`, as dotted as it is written."""
    values: Mapping[KeyPath, tuple[int, int]] = attrs.field(factory=lambda: MappingProxyType({}), repr=False)
    """From where to where each value goes, elements of arrays included."""
    headers: tuple[Header, ...] = attrs.field(default=(), repr=False)

    def line(self, path: KeyPath) -> int | None:
        """The line of a key, or of the nearest table around it that has one."""
        return next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)


@attrs.define
class _Bracket:
    path: KeyPath
    is_table: bool
    index: int = 0


def positions(text: str) -> Positions:
    r"""Where each key stands.

    >>> positions('[database]\nsslmode = true\n[database.local]\nhost = "db"').line(("database", "local", "host"))
    4
    """
    walk = _Walk()
    for kind, word, line, at in _tokens(text):
        if kind == "newline":
            walk.end_of_line()
        else:
            walk.take(kind, word, line, at)
        if walk.too_deep is not None:
            break
    return Positions(
        lines=MappingProxyType(walk.lines),
        unfinished=walk.unfinished(),
        table=walk.table,
        too_deep=walk.too_deep,
        keys=MappingProxyType(walk.keys),
        values=MappingProxyType(walk.values),
        headers=tuple(walk.headers),
    )


def _tokens(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Kind, word, line and offset of each."""
    line = 1
    for found in _TOKEN.finditer(text):
        kind, word = found.lastgroup or "", found.group()
        if kind == "endless":  # a string without its end: what follows can't be told apart from it
            return
        if kind != "space":
            yield kind, word, line, found.start()
        line += word.count("\n")


class _Walk:
    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.keys: dict[KeyPath, int] = {}
        self.values: dict[KeyPath, tuple[int, int]] = {}
        self.headers: list[Header] = []
        self.too_deep: int | None = None
        self._elements: dict[KeyPath, int] = {}  # [[array of tables]] -> how many so far
        self.table: KeyPath = ()
        self._here: KeyPath = ()  # the value being read
        self._open: list[_Bracket] = []
        # The statement being read: a key, then its value; or a header; or the rest of a line that has no more to tell.
        self._reading: Literal["key", "value", "header", "rest"] = "key"
        self._base: KeyPath = ()
        self._names: list[str] = []
        self._dotted = False
        self._brackets = 0
        self._key_line = 0
        self._start = 0  # the offset where the statement begins

    def end_of_line(self) -> None:
        if not self._open:
            self._begin_key(self.table)

    def take(self, kind: str, word: str, line: int, at: int) -> None:
        if self._reading == "rest":
            return
        if self._reading != "value" and not self._names and not self._brackets:
            self._start = at
        if self._reading == "value":
            self._value(word, line, at)
        elif kind in {"bare", "string"}:
            self._name(word, line)
        elif word == "." and self._names and not self._dotted:
            self._dotted = True
        elif word == "=" and self._reading == "key" and self._names and not self._dotted:
            self._here = self._descend(self._base)
            self.keys.setdefault(self._here, self._start)
            self._reading = "value"
        elif word == "[" and not self._names and not self._open and self._brackets < 2:
            self._reading, self._brackets, self.table = "header", self._brackets + 1, ()
        elif word == "]" and self._reading == "header" and self._names and not self._dotted:
            self._header(at)
        elif word == "}" and self._reading == "key" and self._open:
            self._close(at)
        else:
            self._reading = "rest"

    def _begin_key(self, base: KeyPath) -> None:
        self._reading = "key"
        self._base = base
        self._names = []
        self._dotted = False
        self._brackets = 0
        self._key_line = 0

    def _name(self, word: str, line: int) -> None:
        if self._names and not self._dotted:
            self._reading = "rest"
            return
        self._key_line = self._key_line or line
        self._names.append(_unquoted(word))
        self._dotted = False

    def _descend(self, path: KeyPath) -> KeyPath:
        """Go down from `path` by the names just read, noting each step."""
        for name in self._names:
            if path in self._elements:
                path = (*path, self._elements[path] - 1)
            path = (*path, name)
            self.lines.setdefault(path, self._key_line)
            if self._is_too_deep(path, self._key_line):
                break
        return path

    def _header(self, at: int) -> None:
        path = self._descend(())
        if self._brackets == 2:
            self._elements[path] = self._elements.get(path, 0) + 1
            path = (*path, self._elements[path] - 1)
            self.lines[path] = self._key_line
        self.table = path
        self.headers.append(Header(path, self._start, at + self._brackets))
        self._reading = "rest"

    def _value(self, word: str, line: int, at: int) -> None:
        innermost = self._open[-1] if self._open else None
        if word in {"[", "{"}:
            self._extend(at, at + 1)
            self.lines.setdefault(self._here, line)
            self._open.append(_Bracket(self._here, word == "{"))
            self._is_too_deep(self._here, line)
            if word == "{":
                self._begin_key(self._here)
            else:
                self._here = (*self._here, 0)
        elif word in {"]", "}"} and innermost is not None:
            self._close(at)
        elif word == "," and innermost is not None:
            if innermost.is_table:
                self._begin_key(innermost.path)
            else:
                innermost.index += 1
                self._here = (*innermost.path, innermost.index)
        else:
            self._extend(at, at + len(word))

    def _extend(self, start: int, end: int) -> None:
        """A value may take several words: a date, an array."""
        self.values[self._here] = self.values.get(self._here, (start, end))[0], end

    def _close(self, at: int) -> None:
        self._here = self._open.pop().path
        self._reading = "value"
        self._extend(at, at + 1)

    def _is_too_deep(self, path: KeyPath, line: int) -> bool:
        if self.too_deep is None and len(path) > DEEPEST:
            self.too_deep = line
        return self.too_deep is not None

    def unfinished(self) -> KeyPath:
        if self._reading == "value":
            return self._here
        return (*self._base, self._names[0]) if self._names and not self._brackets else ()


def _unquoted(word: str) -> str:
    if word[0] not in "\"'":
        return word
    try:
        return str(tomllib.loads(f"key = {word}")["key"])
    except tomllib.TOMLDecodeError:
        return word[1:-1]
