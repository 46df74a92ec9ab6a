"""Where SQL comes from: a text, a file, or a stream such as standard input; always UTF-8, and always with a place."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import attrs

from pgops.errors import SourceError, UnreadableSqlError

if TYPE_CHECKING:
    from pgops.sql.script import Script

SqlSource: TypeAlias = str | bytes | Path | IO[str] | IO[bytes]
"""A `str` is SQL itself, never the name of a file; bytes are that in UTF-8."""

TEXT, STDIN = "SQL", "stdin"
_OTHER_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


@attrs.frozen(kw_only=True)
class SqlText:
    """SQL that was read, and what it is called in messages."""

    text: str = attrs.field(repr=False)
    name: str
    path: Path | None = None
    """The file, where it can be read again."""
    sha256: str | None = None
    """Of the file's bytes."""

    def place(self, line: int, column: int | None = None) -> str:
        """`file:line`, or `file:line:column`."""
        return f"{self.name}:{line}" if column is None else f"{self.name}:{line}:{column}"


def read_source(source: SqlSource) -> SqlText:
    """The text of `source`, without a byte order mark.

    Raises `SourceError` where a file can't be read, `UnreadableSqlError` with the line of a byte that is no UTF-8, and
    `TypeError` for anything that is no source.
    """
    if isinstance(source, str):
        return _checked(source, TEXT)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decoded(bytes(source), TEXT)
    if isinstance(source, Path):
        try:
            raw, is_file = source.read_bytes(), source.is_file()
        except OSError as error:
            raise SourceError(f"{source} can't be read: {error.strerror}.") from None
        path = source.absolute() if is_file else None  # a pipe gives its text once
        return attrs.evolve(_decoded(raw, str(source)), path=path, sha256=hashlib.sha256(raw).hexdigest())
    if not hasattr(source, "read"):
        raise TypeError(f"SQL is a str, bytes, a Path or an open file, not {type(source).__name__}")
    name = _name_of(source)
    try:
        content = source.read()
    except UnicodeDecodeError as error:
        raise UnreadableSqlError(f"{name}: it is no {error.encoding}.", cure="Save it as UTF-8.") from None
    return _decoded(content, name) if isinstance(content, bytes) else _checked(content, name)


def hash_of_file(path: Path) -> str | None:
    """SHA-256 of what is in a file now; None where there is nothing to read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def whole_script(source: SqlText) -> Script:
    """The script, every part of it known to the grammar.

    Raises `MissingExtraError` without pgops[migrations], and `UnreadableSqlError` with the first part that is no SQL:
    a typing error, a command or a variable of psql's, rows for COPY; also where there is no statement at all.
    """
    from pgops.sql.grammar import read_script  # noqa: PLC0415  needs an extra

    script = read_script(source.text, file=source.name)
    if script.unparsed:
        first = script.unparsed[0]
        raise UnreadableSqlError(
            f"{source.place(first.line, first.column)}: {first.reason}.", cure=_cure(first.reason, first.text)
        )
    if not script.statements:
        raise UnreadableSqlError(f"{source.name}: there is no statement in it.")
    return script


def _cure(reason: str, text: str) -> str:
    if "psql" in reason or "COPY" in reason:
        return "psql understands it: pgops.psql(file=...), or `pgops psql -f FILE`."
    if text.lstrip().startswith(":") or 'near ":"' in reason:
        return (
            "A variable of psql's (:name) is no SQL; psql fills it in: pgops.psql(file=...), or `pgops psql -f FILE`."
        )
    return "Mend it; nothing was run."


def _name_of(stream: IO[Any]) -> str:
    name = getattr(stream, "name", None)
    if not isinstance(name, str):  # a number for a pipe, and nothing for a text in memory
        return "stream"
    return STDIN if name == "<stdin>" else name


def _decoded(raw: bytes, name: str) -> SqlText:
    for mark, encoding in _OTHER_MARKS.items():
        if raw.startswith(mark):
            raise UnreadableSqlError(f"{name}: it is {encoding}.", cure="Save it as UTF-8.")
    try:
        return _checked(raw.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableSqlError(
            f"{name}:{line}: the byte 0x{raw[error.start]:02x} is no UTF-8.", cure="Save it as UTF-8."
        ) from None


def _checked(text: str, name: str) -> SqlText:
    text = text.removeprefix("\ufeff")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # what a text stream makes of a byte that is no UTF-8
        line = text.count("\n", 0, error.start) + 1
        raise UnreadableSqlError(
            f"{name}:{line}: there is a byte that is no UTF-8, or half of a character.", cure="Save it as UTF-8."
        ) from None
    return SqlText(text=text, name=name)
