"""SQL text into statements, with PostgreSQL's own grammar (18) through postgast: the one door to the parser.

What the grammar does not know is never dropped: psql's backslash commands, rows that follow COPY ... FROM stdin, and
whatever else can't be read become `Unparsed`, with the line and the reason.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from pgops.sql.lexing import Hidden, blank, hidden, lead, pieces
from pgops.sql.parsing import PgQueryError, parsed
from pgops.sql.script import IgnoreComment, Script, Statement, Unparsed, line_starts
from pgops.sql.since import Newer, newer_syntax
from pgops.sql.statements import Copy
from pgops.sql.translation import meaning_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_IGNORE = re.compile(r"--\s*pgops:\s*ignore\b[ \t]*(?P<rest>[^\n]*)")


def read_script(text: str, *, file: str | None = None) -> Script:
    """The statements of `text`, in order, each with its place and what it says.

    >>> script = read_script("CREATE TABLE a (b int);\\nSELEC 1;")
    >>> [(each.line, type(each.meaning).__name__) for each in script.statements], script.unparsed[0].line
    ([(1, 'CreateTable')], 2)

    Nothing raises because of what `text` says. A byte order mark counts for no column.
    """
    return _Reader(text.removeprefix("\ufeff"), file).read()


class _Reader:
    def __init__(self, text: str, file: str | None) -> None:
        self.text = text
        self.raw = text.encode("utf-8", "surrogatepass")
        self.file = file
        self.is_ascii = len(self.raw) == len(text)
        self.starts = line_starts(self.raw)
        self.statements: list[Statement] = []
        self.unparsed: list[Unparsed] = []
        self.behind = 0
        """Where the last statement ended."""

    def read(self) -> Script:
        # PostgreSQL has no text with a zero character, and UTF-8 none with half of a pair. Lengths stay as they are.
        code = self.raw.replace(b"\0", b" ")
        if b"\0" in self.raw:
            self._unread(self.raw.index(b"\0"), b"", "a zero character can't stand in SQL")
        if not self.is_ascii:
            code = _SURROGATE.sub(b"???", code)
        if not self._take(code, 0):
            code = self._without_psql(code)
            if not self._take(code, 0):
                for begin, end in pieces(code):
                    self._take_one(code, begin, end)
        ignores = tuple(self._ignores()) if "pgops:" in self.text else ()
        unparsed = tuple(sorted(self.unparsed, key=lambda each: (each.line, each.column)))
        return Script(self.text, tuple(self.statements), unparsed, ignores, self.file)

    def _take(self, code: bytes, offset: int) -> bool:
        """All statements of `code`, which stands at `offset`; False, and nothing taken, where it can't be parsed."""
        try:
            tree = parsed(code)
        except PgQueryError:
            return False
        found: list[tuple[Any, int, int]] = []
        for each in tree.stmts:
            begin = each.stmt_location
            end = begin + each.stmt_len if each.stmt_len else len(code)
            found.append((each.stmt, begin, end))
        # The rows after COPY ... FROM stdin are no SQL. If they happen to look like it, they are not to be believed.
        meanings = [meaning_of(node) for node, _, _ in found]
        if any(isinstance(meaning, Copy) and meaning.from_stdin for meaning in meanings) and b"\\." in code:
            return False
        for meaning, (node, begin, end) in zip(meanings, found, strict=True):
            first = lead(code, begin, end)
            source = code[first:end].rstrip()
            self._add(meaning, source, first + offset, newer_syntax(node, source))
        return True

    def _add(self, meaning: Any, source: bytes, first: int, newer: Newer | None) -> None:
        line, column = self.place(first)
        text = source.decode("utf-8", "replace")
        last = line + source.count(b"\n")
        start = self._line_of_comments(first)
        self.statements.append(Statement(text, meaning, line, column, last, len(self.statements), start, newer))
        self.behind = first + len(source)

    def _line_of_comments(self, first: int) -> int:
        """The line where the comments begin that stand in front; what stands behind the last statement is its own."""
        rest_of_line = self.raw.find(b"\n", self.behind, first) + 1 if self.behind else 0
        begin = rest_of_line if rest_of_line or not self.behind else first
        while begin < first and self.raw[begin : begin + 1].isspace():
            begin += 1
        return bisect_right(self.starts, begin)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a byte; columns count characters."""
        line = bisect_right(self.starts, offset)
        before = self.raw[self.starts[line - 1] : offset]
        return line, 1 + len(before if self.is_ascii else before.translate(None, _BYTES_AFTER_THE_FIRST))

    # --- what the grammar does not know -------------------------------------------------------------------------------

    def _without_psql(self, code: bytes) -> bytes:
        """`code` with blanks for what psql alone understands: rows for COPY, and backslash commands."""
        parts: list[bytes] = []
        at = 0
        for begin, end, kind in hidden(code, psql=True):
            source = code[begin:end]
            if kind is Hidden.ROWS:
                self._unread(begin, source, "the rows of COPY ... FROM stdin are no SQL")
            elif kind is Hidden.COMMAND:
                word = source.split()[0].decode("utf-8", "replace")
                self._unread(begin, source, f"{word} is a command of psql, no SQL")
            else:
                continue
            left = blank(source)
            if _SENDS.match(source):
                left = b";" + left[1:]
            parts += [code[at:begin], left]
            at = end
        return b"".join([*parts, code[at:]])

    def _take_one(self, code: bytes, begin: int, end: int) -> None:
        piece = code[begin:end]
        if self._take(piece, begin):
            return
        first = lead(code, begin, end)
        try:
            parsed(piece)
            why, at = "rows for COPY can't be read", first
        except PgQueryError as error:
            why = error.message
            ahead = piece.decode("utf-8", "replace")[: max(error.cursorpos - 1, 0)]
            at = begin + len(ahead.encode("utf-8")) if error.cursorpos > 0 else first
        self._unread(min(max(at, first), max(first, end - 1)), code[first:end], why)

    def _unread(self, offset: int, source: bytes, why: str) -> None:
        line, column = self.place(offset)
        self.unparsed.append(Unparsed(source.decode("utf-8", "replace").strip(), why, line, column))

    def _ignores(self) -> Iterator[IgnoreComment]:
        texts = [(begin, end) for begin, end, kind in hidden(self.raw) if kind is not Hidden.COMMENT]
        begins = [begin for begin, _ in texts]
        for found in _IGNORE.finditer(self.text):
            offset = len(self.text[: found.start()].encode("utf-8", "surrogatepass"))
            before = bisect_right(begins, offset) - 1
            if before >= 0 and offset < texts[before][1]:
                continue
            rule, _, reason = found["rest"].strip().partition(" ")
            line, column = self.place(offset)
            yield IgnoreComment(rule, reason.strip(), line, column)


_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_BYTES_AFTER_THE_FIRST = bytes(range(0x80, 0xC0))  # of a character, in UTF-8
_SENDS = re.compile(rb"\\(?:g|crosstabview|watch)")  # what ends the statement in front of it
