"""What a plain dump holds and does, read from end to end before psql sees a line of it."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

import attrs

from pgops.dump.reading.plain_sql import Kind, Piece, pieces_of
from pgops.dump.reading.toc import Entry
from pgops.errors import ClientProgramError, DamagedDumpError
from pgops.findings import as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4"}
_HEAD = re.compile(rb"-- PostgreSQL database (cluster )?dump\r?\n")
_FOOTER = re.compile(rb"-- PostgreSQL database (?:cluster )?dump complete\r?\n?")
_HEADER = re.compile(
    rb"-- (?:(Data|Statistics) for )?Name: (.*); Type: (.*); Schema: (.*); Owner: (.*?)(?:; Tablespace: (.*))?\r?\n"
)
_SERVER = re.compile(rb"-- Dumped from database version (.*?)\r?\n")
_PROGRAM = re.compile(rb"-- Dumped by pg_dump version (.*?)\r?\n")
SETTING = re.compile(rb"SET\s+([a-z_][\w.]*)\s*(?:=|TO)\s", re.IGNORECASE)
_PROGRAM_OF_COPY = re.compile(rb"COPY\b.*\b(?:FROM|TO)\s+PROGRAM\b", re.DOTALL | re.IGNORECASE)
_ENDS_TRANSACTION = {"start", "commit", "end", "rollback", "abort", "savepoint", "release"}
_RUNS_CODE = {"do", "call", "prepare", "execute", "load"}
_OF_THE_CLUSTER = (
    *(("create", word) for word in ("database", "role", "tablespace", "user", "group")),
    *(("drop", word) for word in ("database", "role", "tablespace", "user", "group")),
    *(("alter", word) for word in ("database", "role", "tablespace", "system", "user", "group")),
)


@attrs.frozen(kw_only=True)
class Refused:
    """A line of a plain dump that is not carried out: what it would do."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


@attrs.frozen(kw_only=True)
class PlainFacts:
    """A plain dump, read whole."""

    compression: str
    is_dump: bool
    """Whether it begins as pg_dump's output does."""
    is_cluster: bool
    is_complete: bool
    """Whether pg_dump's last line is there, and nothing of weight behind it."""
    server: str
    program: str
    entries: tuple[Entry, ...] = attrs.field(converter=as_tuple)
    settings: tuple[str, ...] = attrs.field(converter=as_tuple)
    """What it sets at its head, before it makes anything."""
    refused: tuple[Refused, ...] = attrs.field(converter=as_tuple)
    drops: int
    """How many things it drops, as `pg_dump --clean` writes it."""
    size_bytes: int
    """Of the SQL, whatever it is compressed to."""


def compression_of_file(head: bytes) -> str:
    """How a file is compressed, by its first bytes."""
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The SQL of a plain dump, whatever it is compressed with.

    Raises `DamagedDumpError` at the end, or where it is read, if it can't be decompressed to its end.
    """
    with path.open("rb") as file:
        compression = compression_of_file(file.peek(8))
        try:
            if compression == "gzip":
                with gzip.GzipFile(fileobj=file) as unpacked:
                    yield cast("BinaryIO", unpacked)
            elif compression in {"zstd", "lz4"}:
                with _unpacked(compression, path) as unpacked_by_program:
                    yield unpacked_by_program
            else:
                yield file
        except (gzip.BadGzipFile, zlib.error, EOFError) as problem:
            raise DamagedDumpError(
                f"{path} is damaged: its compression ends wrongly ({problem}).", cure="Take another copy of it."
            ) from None


@contextmanager
def _unpacked(compression: str, path: Path) -> Iterator[BinaryIO]:
    program = shutil.which(compression)
    if program is None:
        raise ClientProgramError(
            f"{path} is compressed with {compression}, and there is no program of that name.",
            cure=f"Install {compression}, or decompress the file elsewhere.",
        )
    with (
        path.open("rb", buffering=0) as file,
        subprocess.Popen(  # noqa: S603  the decompressor, by its usual name
            [program, "-dcq"], stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        try:
            yield cast("BinaryIO", process.stdout)
            was_read = process.stdout.read(1) == b""
        except BaseException:
            process.kill()
            raise
        if not was_read:
            process.kill()
            return
        words = process.stderr.read().decode(errors="replace").strip()
        if process.wait() != 0:
            raise DamagedDumpError(
                f"{path} is damaged: {compression} can't read it to its end ({words}).", cure="Take another copy of it."
            )


def read_plain(path: Path) -> PlainFacts:
    """All that a plain dump says of itself and does. Raises `DamagedDumpError` where its compression is damaged."""
    with path.open("rb") as file:
        compression = compression_of_file(file.read(8))
    reading = _Reading()
    with opened(path) as sql:
        for piece in pieces_of(sql):
            reading.take(piece)
    return reading.facts(compression)


def header_of(text: bytes) -> Entry | None:
    """The object that a comment of pg_dump's announces."""
    match = _HEADER.match(text)
    if match is None:
        return None
    name, kind, schema, owner, tablespace = (
        each.decode("utf-8", "surrogateescape") for each in match.groups(default=b"")[1:]
    )
    return Entry(
        kind=kind,
        schema=None if schema == "-" else schema,
        name=name,
        owner=None if owner == "-" else owner,
        tablespace=tablespace or None,
        has_data=match[1] == b"Data" and kind in {"TABLE DATA", "BLOBS", "BLOB"},
    )


@attrs.define
class _Reading:
    size: int = 0
    is_dump: bool = False
    is_cluster: bool = False
    is_complete: bool = False
    server: str = ""
    program: str = ""
    key: list[bytes] | None = None
    """Of a restriction that is not lifted yet."""
    drops: int = 0
    entries: list[Entry] = attrs.field(factory=list)
    settings: list[str] = attrs.field(factory=list)
    refused: list[Refused] = attrs.field(factory=list)
    at_head: bool = True

    def take(self, piece: Piece) -> None:
        self.size += len(piece.text)
        if piece.kind is Kind.SPACE and b"\0" not in piece.text:
            self._comment(piece.text)
            return
        if piece.kind is Kind.COMMAND:
            words = piece.text.split()
            if words[:1] == [b"\\restrict"]:
                self.key, self.is_complete = words[1:], False
            elif words[:1] == [b"\\unrestrict"]:
                if words[1:] == self.key:  # a key that is cut off is another one
                    self.key = None
                return
        self.is_complete = False
        refused = refusal_of(piece)
        if refused is not None:
            self.refused.append(Refused(line=piece.line, what=refused))
        if piece.words[:1] == ("drop",) or (piece.words[:1] == ("alter",) and "drop" in piece.words):
            self.drops += piece.kind is Kind.STATEMENT
        if piece.kind is Kind.STATEMENT and self.at_head:
            setting = SETTING.match(piece.bare)
            if setting is not None:
                self.settings.append(setting[1].decode("ascii", "replace").lower())
            elif piece.words[:1] not in {("select",), ("set",)}:
                self.at_head = False

    def _comment(self, text: bytes) -> None:
        if text.startswith(b"-- Dumped"):
            if server := _SERVER.match(text):
                self.server = server[1].decode(errors="replace")
            if program := _PROGRAM.match(text):
                self.program = program[1].decode(errors="replace")
        elif head := _HEAD.match(text):
            self.is_dump = True
            self.is_cluster |= head[1] is not None
        elif _FOOTER.fullmatch(text):
            self.is_complete = True
        elif entry := header_of(text):
            self.entries.append(entry)
            self.at_head = False

    def facts(self, compression: str) -> PlainFacts:
        return PlainFacts(
            compression=compression,
            is_dump=self.is_dump,
            is_cluster=self.is_cluster,
            # where it was restricted, the key that lifts it is the very last line
            is_complete=self.is_complete and self.key is None,
            server=self.server,
            program=self.program,
            entries=self.entries,
            settings=self.settings,
            refused=self.refused,
            drops=self.drops,
            size_bytes=self.size,
        )


def refusal_of(piece: Piece) -> str | None:
    r"""Why a piece of a plain dump is not handed to psql; None where it may be.

    >>> refusal_of(Piece(Kind.COMMAND, b"\\! rm -r /\n", 1))
    '\\! is a command to psql, not SQL'
    """
    if piece.kind is Kind.COMMAND:
        command = piece.text.split(maxsplit=1)[0].decode(errors="replace")
        if command in {"\\restrict", "\\unrestrict"}:
            return None
        if command in {"\\connect", "\\c"}:
            return f"{command} goes to another database"
        return f"{command} is a command to psql, not SQL"
    if b"\0" in piece.text:
        return "a byte 0, at which psql would stop to read the line"
    if piece.kind in {Kind.SPACE, Kind.ROWS}:
        return None
    if piece.words[:2] in _OF_THE_CLUSTER and piece.words[1:3] != ("user", "mapping"):
        return f"{' '.join(piece.words[:2]).upper()} is outside the database"
    if _is_own_transaction(piece):
        return None
    if piece.words[:1] and (piece.words[0] in _ENDS_TRANSACTION or piece.words[:2] == ("prepare", "transaction")):
        return f"{piece.words[0].upper()} controls the transaction"
    if piece.words[:1] == ("copy",) and _PROGRAM_OF_COPY.match(piece.bare):
        return "COPY with PROGRAM runs a program on the server"
    if piece.words[:1] and piece.words[0] in _RUNS_CODE:
        return f"{piece.words[0].upper()} is no statement of pg_dump's, and may do anything"
    if piece.kind is Kind.UNCLEAR or (piece.kind is Kind.PART and piece.words[:1] == ("copy",)):
        return f"{piece.words[0].upper()} in a form that pg_dump does not write, after which psql may read on otherwise"
    return None


def _is_own_transaction(piece: Piece) -> bool:
    """The ones that pg_dump writes around large objects."""
    return piece.words in {("begin",), ("commit",)} and piece.bare.strip() in {b"BEGIN;", b"COMMIT;"}


def begins_or_ends(piece: Piece) -> bool:
    """Whether it is a BEGIN or COMMIT that is left out where the whole is one transaction."""
    return piece.kind is Kind.STATEMENT and _is_own_transaction(piece)
