"""A plain dump, read as psql reads it: statements, rows of COPY, comments and backslash commands, in a stream.

Whoever wrote a plain dump had psql run whatever it says. So it is read first: what would leave the database, or this
machine's side of psql, is seen before anything runs; and statements can be left out without touching what only looks
like them in a row, a string or the body of a function. Only a statement is held whole, and a long one is not.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from typing import TYPE_CHECKING, BinaryIO

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_HELD = 4 * 1024 * 1024
_ROWS_AT_A_TIME = 256 * 1024
_WORDS_KEPT = 16


class Kind(enum.Enum):
    """What a piece of a plain dump is."""

    SPACE = "space"
    """Comments and blank lines between statements."""
    STATEMENT = "statement"
    PART = "part"
    """A part of a statement that is too long to be held; the last one ends it."""
    ROWS = "rows"
    """Lines of a COPY, the closing one included."""
    COMMAND = "command"
    r"""A line of psql's own: `\connect`."""
    UNCLEAR = "unclear"
    """A statement that psql may read in another way than it is read here; pg_dump writes none."""


@attrs.frozen
class Piece:
    """So much of a plain dump. All pieces one after the other are the dump, byte by byte."""

    kind: Kind
    text: bytes
    line: int
    """On which it begins, from 1."""
    words: tuple[str, ...] = ()
    """The first words of a statement outside quotes and comments, in lower case."""

    @property
    def bare(self) -> bytes:
        """Without the blanks and comments before its first word."""
        before = _BEFORE.match(self.text)
        return self.text[before.end() :] if before is not None else self.text


# In the order in which they are tried at one place: E'...' is a string with escapes and no word.
_TOKEN = re.compile(
    rb"""(?P<comment>--[^\r\n]*) | (?P<block>/\*) | (?P<escaped>[eE]') | (?P<string>') | (?P<name>")
    | (?P<dollar>\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*)?\$) | (?P<command>\\[^\r\n]*)
    | (?P<end>;) | (?P<open>\() | (?P<close>\)) | (?P<word>[A-Za-z_\x80-\xff][\w$\x80-\xff]*)
    | (?P<other>\d+|[^\s])""",
    re.VERBOSE,
)
# Dumps of INSERTs are made of these: a line, no backslash in it, quotes closed, and one semicolon, at its end.
_INSERT = re.compile(rb"""INSERT\ INTO\ (?:[^'"$;/-]++|'[^']*+'|"[^"]*+"|-(?!-)|/(?!\*))*+;\r?\n""", re.VERBOSE)
_ESCAPED_END = re.compile(rb"\\.|''|'", re.DOTALL)
_BLOCK = re.compile(rb"/\*|\*/")
_BEFORE = re.compile(rb"(?:\s++|--[^\n]*+\n|/\*.*?\*/)*+", re.DOTALL)
_NAME = rb"""(?:"(?:[^"]|"")+"|[A-Za-z_\x80-\xff][\w$\x80-\xff]*)"""
# As pg_dump writes it, and nothing else: of any other COPY it is not sure whether rows follow.
_COPY = re.compile(
    rb"\s*COPY\s+%(n)b(?:\.%(n)b)?\s*(?:\(\s*(?:%(n)b(?:,\s*%(n)b)*)?\s*\)\s*)?\sFROM\s+STDIN\s*;" % {b"n": _NAME},
    re.IGNORECASE,
)
READ_BY = re.compile(rb"SET (standard_conforming_strings|client_encoding) = (on|off|'[\w-]+');(?=\r?\n?\Z)")
"""How pg_dump sets what SQL is read by: alone on its line, as psql reads the whole line by what was set before it."""
_MENTIONED = re.compile(rb"standard_conforming_strings|client_encoding|backslash_quote", re.IGNORECASE)
# A second byte of theirs may be a backslash.
_NO_ASCII_TAIL = re.compile(
    rb"'(?:win(?:dows)?-?9\d\d|big-?5|gbk|gb-?18030|uhc|johab|s-?jis|shift.*|mskanji)", re.IGNORECASE
)
_ROUTINES = {"function", "procedure"}
_ENDS_OF_ROWS = (b"\\.\n", b"\\.\r\n", b"\\.")


def pieces_of(file: BinaryIO) -> Iterator[Piece]:
    r"""The dump in pieces.

    >>> import io
    >>> [piece.kind.value for piece in pieces_of(io.BytesIO(b"-- x\nCOPY t FROM stdin;\n\\! ls\n\\.\n\\! ls\n"))]
    ['space', 'statement', 'space', 'rows', 'command']
    """
    return _Reader(file).pieces()


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.ahead: deque[bytes] = deque()
        self.line = 0
        self.escapes = False  # standard_conforming_strings = off
        self.closing: bytes | None = None  # of a dollar quote
        self.quote = ""  # which group of _TOKEN is open
        self.depth = 0  # of comments within comments
        self._new_statement()

    def _new_statement(self) -> None:
        self.held: list[bytes] = []
        self.size = 0
        self.begins = 0
        self.words: list[str] = []
        self.parentheses = self.blocks = 0
        self.is_long = False
        self.last = ""  # the group of the last token, if it was a quote

    def pieces(self) -> Iterator[Piece]:
        while line := self._next():
            yield from self._read(line)
        if self.held or self.is_long:
            yield self._statement()

    def _next(self) -> bytes:
        self.line += 1
        return self.ahead.popleft() if self.ahead else self.file.readline()

    def _read(self, line: bytes) -> Iterator[Piece]:
        """The pieces that end within a line; what is left of it is held."""
        if not self.quote and not self._is_open() and b"\\" not in line and _INSERT.fullmatch(line):
            yield Piece(Kind.STATEMENT, line, self.line, ("insert", "into"))
            return
        at = start = 0
        while at < len(line):
            if self.quote:
                at = self._in_quotes(line, at)
                if not self.quote and not self._has_begun():  # a comment between statements has ended
                    self._hold(line[start:at])
                    yield Piece(Kind.SPACE, b"".join(self.held), self.begins)
                    self._new_statement()
                    start = at
                continue
            token = _TOKEN.search(line, at)
            if token is None:
                break
            at = token.end()
            if token.lastgroup == "command":
                yield from self._interrupted(line[start : token.start()])
                yield Piece(Kind.COMMAND, line[token.start() :], self.line)
                return
            if token.lastgroup == "end" and not self.parentheses and not self.blocks:
                self._hold(line[start:at])
                statement = self._checked(self._statement(), line, line[at:])
                start = at
                yield statement
                if statement.kind is Kind.STATEMENT and statement.words[:1] == ("copy",):
                    yield Piece(Kind.SPACE, line[at:], self.line)
                    yield from self._rows()
                    return
            else:
                self._note(token.lastgroup or "", token[0])
        yield from self._rest(line[start:])

    def _checked(self, piece: Piece, line: bytes, rest: bytes) -> Piece:
        """The statement, as unclear where psql may see another end of it, or of those behind it."""
        is_clear = True
        if piece.words[:1] == ("copy",):
            # psql comes back to the rest of the line when it has read the rows
            is_clear = _COPY.fullmatch(piece.text) is not None and not rest.strip()
        elif piece.words[:2] == ("set", "names"):
            is_clear = False
        elif (piece.words[:1] in {("set",), ("reset",)} or "set_config" in piece.words) and _MENTIONED.search(
            piece.text
        ):
            setting = READ_BY.match(line)
            is_clear = setting is not None and line.startswith(piece.text) and not _NO_ASCII_TAIL.match(setting[2])
            if is_clear and setting is not None and setting[1] == b"standard_conforming_strings":
                self.escapes = setting[2].strip(b"'") == b"off"
        return piece if is_clear else attrs.evolve(piece, kind=Kind.UNCLEAR)

    def _note(self, what: str, text: bytes) -> None:
        """What a token says of those that follow."""
        match what:
            case "block":
                self.quote, self.depth = what, 1
            case "dollar":
                self.quote, self.closing = what, text
            case "string" | "escaped" | "name":
                # What goes on on another line after E'...' has escapes, too.
                is_escaped = what == "string" and (self.escapes or self.last == "escaped")
                self.quote = "escaped" if is_escaped else what
            case "open":
                self.parentheses += 1
            case "close":
                self.parentheses = max(self.parentheses - 1, 0)
            case "word":
                self._word(text.lower())
            case _:
                pass
        if what not in {"comment", "block", "end"} and not self.words:
            self.words.append("")  # it begins with no word; it has begun
        if what not in {"comment", "block"}:
            self.last = self.quote

    def _rest(self, rest: bytes) -> Iterator[Piece]:
        """The end of a line, which may be the beginning of a statement."""
        if rest and not self._is_open() and not self.quote:
            yield Piece(Kind.SPACE, rest, self.line)
        elif rest:
            self._hold(rest)
            if self.size > _LONGEST_HELD:
                yield Piece(Kind.PART, b"".join(self.held), self.begins, tuple(self.words))
                self.held, self.size, self.is_long = [], 0, True

    def _has_begun(self) -> bool:
        return bool(self.words or self.is_long)

    def _is_open(self) -> bool:
        return bool(self.held) or self._has_begun()

    def _hold(self, text: bytes) -> None:
        if not self.held and not self.is_long:
            self.begins = self.line
        self.held.append(text)
        self.size += len(text)

    def _interrupted(self, text: bytes) -> Iterator[Piece]:
        """What of a statement stands before a command to psql."""
        if text:
            self._hold(text)
        if self.held:
            yield Piece(Kind.PART, b"".join(self.held), self.begins or self.line, tuple(self.words))
            self.held, self.size = [], 0
            self.is_long = bool(self.words)

    def _statement(self) -> Piece:
        kind = Kind.PART if self.is_long else Kind.STATEMENT
        piece = Piece(kind, b"".join(self.held), self.begins, tuple(word for word in self.words if word))
        self._new_statement()
        return piece

    def _word(self, word: bytes) -> None:
        if len(self.words) < _WORDS_KEPT:
            self.words.append(word.decode("utf-8", "replace"))
        if self.parentheses or not self._is_routine():
            return
        # As psql does it: the body of a routine in SQL (BEGIN ATOMIC ... END, since 14) holds semicolons.
        if word == b"begin" or (word == b"case" and self.blocks):
            self.blocks += 1
        elif word == b"end" and self.blocks:
            self.blocks -= 1

    def _is_routine(self) -> bool:
        if self.words[:1] != ["create"]:
            return False
        return self.words[3 if self.words[1:3] == ["or", "replace"] else 1 :][:1] in [[word] for word in _ROUTINES]

    def _in_quotes(self, line: bytes, at: int) -> int:
        """Where the open quote or comment ends in the line, or the line's end."""
        if self.quote == "block":
            for mark in _BLOCK.finditer(line, at):
                self.depth += 1 if mark[0] == b"/*" else -1
                if not self.depth:
                    self.quote = ""
                    return mark.end()
            return len(line)
        if self.quote == "escaped":
            for mark in _ESCAPED_END.finditer(line, at):
                if mark[0] == b"'":
                    self.quote = ""
                    return mark.end()
            return len(line)
        closing = {"string": b"'", "name": b'"'}.get(self.quote, self.closing or b"$$")
        # A doubled quote ends one and begins the next, which comes to the same.
        found = line.find(closing, at)
        if found < 0:
            return len(line)
        self.quote = ""
        return found + len(closing)

    def _rows(self) -> Iterator[Piece]:
        """The lines of a COPY, many at a time, up to its end."""
        while True:
            begins = self.line + 1
            lines = list(self.ahead) or self.file.readlines(_ROWS_AT_A_TIME)
            self.ahead.clear()
            if not lines:
                return
            ends = [lines.index(end) for end in _ENDS_OF_ROWS if end in lines]
            if ends:
                count = min(ends) + 1
                self.ahead.extend(lines[count:])
                lines = lines[:count]
            self.line += len(lines)
            yield Piece(Kind.ROWS, b"".join(lines), begins)
            if ends:
                return
