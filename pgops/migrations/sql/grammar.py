"""SQL text into statements, with PostgreSQL's own grammar (18) through postgast: the one door to the parser.

What the grammar does not know is never dropped: psql's backslash commands, rows that follow COPY ... FROM stdin, and
whatever else can't be read become `Unparsed`, with the line and the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pgops.errors import MissingExtraError
from pgops.migrations.sql.script import IgnoreComment, Script, Statement, Unparsed, line_starts

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import postgast
except ImportError as error:  # pragma: no cover - the extra is installed wherever the suite runs
    raise MissingExtraError(
        "Reading SQL needs PostgreSQL's grammar, the package postgast.", cure="pip install 'pgops[migrations]'"
    ) from error

from pgops.migrations.sql.statements import Copy
from pgops.migrations.sql.translation import meaning_of

# Before a statement: white space and comments. A block comment may hold another (manual, section 4.1.5): one level.
_LEAD = re.compile(rb"(?:\s+|--[^\n]*(?:\n|\Z)|/\*(?:[^*/]|\*(?!/)|/(?!\*)|/\*.*?\*/)*\*/)*", re.DOTALL)
_BACKSLASH = re.compile(rb"^[ \t]*\\[^\n]*", re.MULTILINE)
_IGNORE = re.compile(r"--\s*pgops:\s*ignore\b[ \t]*(?P<rest>[^\n]*)")


def read_script(text: str, *, file: str | None = None) -> Script:
    """The statements of `text`, in order, each with its place and what it says.

    >>> script = read_script("CREATE TABLE a (b int);\\nSELEC 1;")
    >>> [(each.line, type(each.meaning).__name__) for each in script.statements], script.unparsed[0].line
    ([(1, 'CreateTable')], 2)
    """
    # A byte order mark is no SQL; PostgreSQL has no text with a zero character.
    raw = text.encode("utf-8", "surrogatepass")
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = b"   " + raw[3:]
    return _Reader(text, raw, file).read()


class _Reader:
    def __init__(self, text: str, raw: bytes, file: str | None) -> None:
        self.text = text
        self.raw = raw
        self.file = file
        self.is_ascii = len(raw) == len(text)
        self.starts = line_starts(raw)
        self.statements: list[Statement] = []
        self.unparsed: list[Unparsed] = []

    def read(self) -> Script:
        code = self.raw.replace(b"\0", b" ")
        if b"\0" in self.raw:
            self._unread(self.raw.index(b"\0"), b"", "a zero character can't stand in SQL")
        if not self._take(code, 0):
            code = self._without_psql(code)
            if not self._take(code, 0):
                for begin, end in _pieces(code):
                    self._take_one(code, begin, end)
        ignores = tuple(self._ignores()) if "pgops:" in self.text else ()
        unparsed = tuple(sorted(self.unparsed, key=lambda each: each.line))
        return Script(self.text, tuple(self.statements), unparsed, ignores, self.file)

    def _take(self, code: bytes, offset: int) -> bool:
        """All statements of `code`, which stands at `offset`; False, and nothing taken, where it can't be parsed."""
        try:
            tree = postgast.parse(code.decode("utf-8", "replace"))
        except postgast.PgQueryError:
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
        for meaning, (_, begin, end) in zip(meanings, found, strict=True):
            self._add(meaning, code, begin + offset, end + offset)
        return True

    def _add(self, meaning: Any, code: bytes, begin: int, end: int) -> None:
        lead = _LEAD.match(self.raw, begin, end)
        first = lead.end() if lead else begin
        source = self.raw[first:end].rstrip()
        line, column = self.place(first)
        last, _ = self.place(max(first, first + len(source) - 1))
        self.statements.append(
            Statement(
                source.decode("utf-8", "surrogatepass"),
                meaning,
                line,
                column,
                last,
                len(self.statements),
                self.place(begin)[0],
            )
        )

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a byte; columns count characters."""
        from bisect import bisect_right  # noqa: PLC0415

        line = bisect_right(self.starts, offset)
        start = self.starts[line - 1]
        column = offset - start if self.is_ascii else len(self.raw[start:offset].decode("utf-8", "replace"))
        return line, column + 1

    # --- what the grammar does not know -------------------------------------------------------------------------------

    def _without_psql(self, code: bytes) -> bytes:
        """`code` with blanks for what psql alone understands: backslash commands, and rows for COPY."""
        for end in _copies(code):
            stop = re.compile(rb"^\\\.[ \t\r]*$", re.MULTILINE).search(code, end)
            last = stop.end() if stop else len(code)
            self._unread(end, code[end:last], "the rows of COPY ... FROM stdin are no SQL")
            code = code[:end] + _blank(code[end:last]) + code[last:]
        quoted = [(begin, end) for begin, end in _texts(code)]
        for found in list(_BACKSLASH.finditer(code)):
            if any(begin <= found.start() < end for begin, end in quoted):
                continue
            word = found.group().strip().split()[0].decode("utf-8", "replace")
            self._unread(found.start(), found.group(), f"{word} is a command of psql, no SQL")
            code = code[: found.start()] + _blank(found.group()) + code[found.end() :]
        return code

    def _take_one(self, code: bytes, begin: int, end: int) -> None:
        piece = code[begin:end]
        if self._take(piece, begin):
            return
        try:
            postgast.parse(piece.decode("utf-8", "replace"))
            why, position = "rows for COPY can't be read", 0
        except postgast.PgQueryError as error:
            why, position = error.message, max(error.cursorpos - 1, 0)
        self._unread(min(begin + position, max(begin, end - 1)), piece, why)

    def _unread(self, offset: int, source: bytes, why: str) -> None:
        line, column = self.place(offset)
        self.unparsed.append(Unparsed(source.decode("utf-8", "replace").strip(), why, line, column))

    def _ignores(self) -> Iterator[IgnoreComment]:
        hidden = [(begin, end) for begin, end in _texts(self.raw)]
        for found in _IGNORE.finditer(self.text):
            offset = len(self.text[: found.start()].encode("utf-8", "surrogatepass"))
            if any(begin <= offset < end for begin, end in hidden):
                continue
            rule, _, reason = found["rest"].strip().partition(" ")
            line, column = self.place(offset)
            yield IgnoreComment(rule, reason.strip(), line, column)


def _blank(source: bytes) -> bytes:
    return re.sub(rb"[^\n]", b" ", source)


# Strings, dollar-quoted texts, quoted names and block comments: where nothing is what it looks like.
_PIECE = re.compile(
    rb"(?P<text>\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
    rb"|(?P<tag>\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$).*?(?P=tag)|/\*.*?\*/)"
    rb"|(?P<comment>--[^\n]*)|(?P<end>;)",
    re.DOTALL,
)


def _texts(code: bytes) -> Iterator[tuple[int, int]]:
    return ((found.start(), found.end()) for found in _PIECE.finditer(code) if found["text"])


_ATOMIC = re.compile(rb"\bBEGIN\s+ATOMIC\b", re.IGNORECASE)
_END_OF_BODY = re.compile(rb"\bEND\s*\Z", re.IGNORECASE)


def _pieces(code: bytes) -> Iterator[tuple[int, int]]:
    """Where each statement of a text begins and ends, though not all of it can be parsed."""
    began = 0
    for found in _PIECE.finditer(code):
        if not found["end"]:
            continue
        piece = code[began : found.start()]
        if _ATOMIC.search(piece) and not _END_OF_BODY.search(piece):
            continue
        if piece.strip():
            yield began, found.start()
        began = found.end()
    lead = _LEAD.match(code, began)
    if lead is None or lead.end() < len(code):
        yield began, len(code)


_COPY = re.compile(rb"\bCOPY\b[^;]*?\bFROM\s+STDIN\b[^;]*;", re.IGNORECASE)


def _copies(code: bytes) -> list[int]:
    """Where the rows begin that follow each COPY ... FROM stdin."""
    quoted = list(_texts(code))
    return [
        each.end() for each in _COPY.finditer(code) if not any(begin <= each.start() < end for begin, end in quoted)
    ]
