"""Where SQL is not what it looks like: strings, quoted names, dollar-quoted texts and comments (manual, section 4.1).

For what the parser does not answer: where a statement begins, and what there is in a text that it can't read. Texts
are bytes in UTF-8, as the parser counts them.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A set of characters in front lets the search skip all others quickly; a dollar may be in the middle of a name.
_OPENING = (
    rb"(?:(?<=-)-|(?<=/)\*|(?<=['\"\\;])"
    rb"|(?<=\$)(?<![\w$\x80-\xff].)(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$)"
)
_IN_SQL = re.compile(rb"[-/'\"\\$]" + _OPENING)
_IN_PSQL = re.compile(rb"[-/'\"\\$;]" + _OPENING)
_ESCAPES = re.compile(rb"(?<![\w$\x80-\xff])[eE]")
_END_WITH_ESCAPES = re.compile(rb"[^'\\]*(?:(?:\\.|'')[^'\\]*)*'", re.DOTALL)
_END_OF_LINE = re.compile(rb"[\r\n]")
"""Of a comment: a carriage return alone ends it too (src/backend/parser/scan.l, newline)."""
_BLOCK_MARK = re.compile(rb"/\*|\*/")
_COPY = re.compile(rb"\bCOPY\b.*?\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_END_OF_ROWS = re.compile(rb"^\\\.[ \t\r]*$", re.MULTILINE)


class Hidden(enum.Enum):
    """What a part of a text is, in which nothing is SQL."""

    TEXT = "text"
    COMMENT = "comment"
    COMMAND = "command"
    """A backslash, which is psql's wherever it stands, and the rest of its line."""
    ROWS = "rows"
    """What follows COPY ... FROM stdin."""


def hidden(code: bytes, *, psql: bool = False) -> Iterator[tuple[int, int, Hidden]]:
    """Where each begins and ends. What is not closed goes on to the end, as it does for PostgreSQL.

    `psql` looks for rows, too: to PostgreSQL these are SQL, however they look.
    """
    psql = psql and b"stdin" in code.lower()
    openings = _IN_PSQL if psql else _IN_SQL
    at = statement = 0
    while opening := openings.search(code, at):
        begin, inner = opening.span()
        mark = opening.group()
        kind = Hidden.TEXT
        if mark in {b"--", b"/*"}:
            kind = Hidden.COMMENT
            at = _end_of_comment(code, begin)
        elif mark == b"\\":
            kind = Hidden.COMMAND
            end_of_line = code.find(b"\n", begin)
            at = end_of_line if end_of_line >= 0 else len(code)
        elif mark == b"'" and begin and _ESCAPES.match(code, begin - 1):
            closing = _END_WITH_ESCAPES.match(code, inner)
            at = closing.end() if closing else len(code)
        elif mark == b";":
            at, is_copy, statement = inner, _COPY.search(code, statement, begin), inner
            if not is_copy:
                continue
            kind, begin = Hidden.ROWS, inner
            end = _END_OF_ROWS.search(code, inner)
            at = end.end() if end else len(code)
        else:
            found = code.find(mark, inner)  # a doubled quote is two texts side by side, which comes to the same
            at = found + len(mark) if found >= 0 else len(code)
        yield begin, at, kind


def _end_of_comment(code: bytes, begin: int) -> int:
    """Behind the comment that begins there. Block comments nest (manual, section 4.1.5)."""
    if code.startswith(b"--", begin):
        end = _END_OF_LINE.search(code, begin)
        return end.start() if end else len(code)
    depth = 0
    for mark in _BLOCK_MARK.finditer(code, begin):
        depth += 1 if mark.group() == b"/*" else -1
        if depth == 0:
            return mark.end()
    return len(code)


_BLANKS = re.compile(rb"\s*")


def lead(code: bytes, begin: int, end: int) -> int:
    """Where a statement begins, behind the white space and comments in front of it."""
    at = begin
    while True:
        blanks = _BLANKS.match(code, at, end)
        at = blanks.end() if blanks else at
        if not code.startswith((b"--", b"/*"), at, end):
            return at
        at = min(_end_of_comment(code, at), end)


def blank(source: bytes) -> bytes:
    return re.sub(rb"[^\n]", b" ", source)


def bare(code: bytes) -> bytes:
    """`code` with blanks for all that is hidden, so that what is left means what it says."""
    parts: list[bytes] = []
    at = 0
    for begin, end, _ in hidden(code):
        parts += [code[at:begin], blank(code[begin:end])]
        at = end
    return b"".join([*parts, code[at:]])


_OPENS_BODY = re.compile(rb"\bBEGIN\s+ATOMIC\b|\bCASE\b", re.IGNORECASE)
_ATOMIC = re.compile(rb"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
_CLOSES_BODY = re.compile(rb"\bEND\b", re.IGNORECASE)


def pieces(code: bytes) -> Iterator[tuple[int, int]]:
    """Where each statement of a text begins and ends, though not all of it can be parsed."""
    seen = bare(code)
    began = at = 0
    while (at := seen.find(b";", at)) >= 0:
        piece = seen[began:at]
        is_whole = not _ATOMIC.search(piece) or len(_OPENS_BODY.findall(piece)) <= len(_CLOSES_BODY.findall(piece))
        if is_whole:
            if lead(code, began, at) < at:
                yield began, at
            began = at + 1
        at += 1
    if lead(code, began, len(code)) < len(code):
        yield began, len(code)


_WRITTEN = re.compile(
    r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)|--[^\r\n]*|/\*.*?\*/"
    r"|\"(?P<quoted>(?:[^\"]|\"\")*)\"|(?P<word>[^\W\d][\w$]*)",
    re.DOTALL,
)


def names_written(sql: str) -> Iterator[str]:
    r"""The names and words of a statement as they were written: the grammar cuts a name that is too long.

    >>> list(names_written("SELECT a -- b\r, \"C\""))
    ['SELECT', 'a', 'C']
    """
    for found in _WRITTEN.finditer(sql):
        if found["quoted"] is not None:
            yield found["quoted"].replace('""', '"')
        elif found["word"]:
            yield found["word"]
