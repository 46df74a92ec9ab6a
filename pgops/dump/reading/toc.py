"""The table of contents of an archive that pg_dump wrote: read from its bytes, so that every name is exact.

`pg_restore -l` writes names that may hold blanks, dots and semicolons between blanks, and replaces line breaks; the
file itself says them as they are. Its layout is that of src/bin/pg_dump/pg_backup_archiver.c, versions 1.12 (9.0) to
1.16 (17 and 18).
"""

from __future__ import annotations

import datetime as dt
from typing import BinaryIO

import attrs

from pgops.errors import DamagedDumpError, DumpError
from pgops.render.visible import visible

MAGIC = b"PGDMP"
_OLDEST, _NEWEST = (1, 12), (1, 16)
_CUSTOM = 1
_LONGEST_TEXT = 1 << 30
"""Bytes: what a value of PostgreSQL can hold. A length beyond it is a damaged one."""
_COMPRESSIONS = {0: "none", 1: "gzip", 2: "lz4", 3: "zstd"}


@attrs.frozen(kw_only=True)
class Entry:
    """One object of a dump: `kind` is pg_dump's word for it (`TABLE`, `TABLE DATA`, `FK CONSTRAINT`, `COMMENT`)."""

    kind: str
    schema: str | None
    name: str
    owner: str | None = None
    tablespace: str | None = None
    """None where it lies in the database's own."""
    id: int | None = None
    """Its number in the archive; None in a plain dump."""
    has_data: bool = False
    """Whether rows or large objects belong to it."""
    file: str | None = None
    """The member with its rows, in a directory or a tar file."""
    creates: bool = True
    """Whether it is made: pg_dump lists the schema public that every database has, too."""

    def __str__(self) -> str:
        place = f"{self.schema}.{self.name}" if self.schema else self.name
        return visible(f"{self.kind} {place}")


@attrs.frozen(kw_only=True)
class Toc:
    """What stands at the head of an archive."""

    version: tuple[int, int]
    """Of the archive's layout: (1, 16)."""
    compression: str
    at: dt.datetime | None
    """When it was made, in the time zone of the machine that made it, which it does not say."""
    database: str
    server: str
    program: str
    entries: tuple[Entry, ...]


def read_toc(file: BinaryIO, *, where: str) -> Toc:
    """The table of contents at `file`'s position, which `where` names in errors.

    Raises `DamagedDumpError` where it is not whole, `DumpError` for a layout that is not read here.
    """
    try:
        return _Reader(file, where).toc()
    except (EOFError, UnicodeDecodeError, OverflowError, _BrokenError) as problem:
        raise DamagedDumpError(
            f"{where} is damaged: its table of contents can't be read ({problem}).", cure="Take another copy of it."
        ) from None


class _BrokenError(Exception):
    pass


class _Reader:
    def __init__(self, file: BinaryIO, where: str) -> None:
        self.file = file
        self.where = where
        self.version: tuple[int, int] = (0, 0)
        self.int_size = self.offset_size = 4

    def toc(self) -> Toc:
        if self._bytes(5) != MAGIC:
            raise _BrokenError("it does not begin as one")
        self.version = self._byte(), self._byte()
        self._byte()  # the revision
        if not _OLDEST <= self.version <= _NEWEST:
            number = ".".join(map(str, self.version))
            raise DumpError(
                f"{self.where} is an archive of version {number}, which is not read here.",
                cure="Take a newer pgops." if self.version > _NEWEST else "Was it made by a PostgreSQL before 9?",
            )
        self.int_size, self.offset_size = self._byte(), self._byte()
        if not (1 <= self.int_size <= 8 and 1 <= self.offset_size <= 8):
            raise _BrokenError("the sizes of its numbers make no sense")
        is_custom = self._byte() == _CUSTOM
        compression = self._compression()
        at = self._time()
        database, server, program = self._text() or "", self._text() or "", self._text() or ""
        count = self._int()
        if count < 0:
            raise _BrokenError("a negative number of entries")
        entries = tuple(self._entry(is_custom=is_custom) for _ in range(count))
        return Toc(
            version=self.version,
            compression=compression,
            at=at,
            database=database,
            server=server,
            program=program,
            entries=entries,
        )

    def _compression(self) -> str:
        if self.version >= (1, 15):
            method = self._byte()
            if method not in _COMPRESSIONS:
                raise _BrokenError(f"a compression of number {method}")
            return _COMPRESSIONS[method]
        return "gzip" if self._int() != 0 else "none"  # a level; -1 is zlib's own

    def _time(self) -> dt.datetime | None:
        second, minute, hour, day, month, year, _ = (self._int() for _ in range(7))
        try:
            # as mktime(3) counts: months from 0, years from 1900; a leap second is one more than Python has
            return dt.datetime(year + 1900, month + 1, day, hour, minute, min(second, 59))  # noqa: DTZ001
        except (ValueError, OverflowError):
            return None

    def _entry(self, *, is_custom: bool) -> Entry:
        number = self._int()
        has_data = bool(self._int())
        self._skip_texts(2)  # the oids of its catalogue and in it
        name, kind = self._text(), self._text()
        self._int()  # its section
        definition = self._text() or ""
        self._skip_texts(2)  # how to drop it, its COPY
        schema = self._text()
        tablespace = self._text()
        if self.version >= (1, 14):
            self._text()  # table access method
        if self.version >= (1, 16):
            self._int()  # relkind
        owner = self._text()
        self._text()  # WITH OIDS
        while self._text() is not None:  # what it depends on
            pass
        file = None
        if is_custom:
            self._byte()
            self._bytes(self.offset_size)
        else:
            file = self._text()
        if kind is None or name is None:
            raise _BrokenError("an entry without a name")
        return Entry(
            kind=kind,
            schema=schema or None,
            name=name,
            owner=owner or None,
            tablespace=tablespace or None,
            id=number,
            has_data=has_data,
            file=file or None,
            creates=not definition.startswith("--"),
        )

    def _skip_texts(self, count: int) -> None:
        for _ in range(count):
            self._text()

    def _bytes(self, count: int) -> bytes:
        found = self.file.read(count)
        if len(found) != count:
            raise EOFError("it ends too early")
        return found

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _int(self) -> int:
        negative = self._byte()
        if negative not in {0, 1}:
            raise _BrokenError("a number without a sign")
        value = int.from_bytes(self._bytes(self.int_size), "little")
        return -value if negative else value

    def _text(self) -> str | None:
        length = self._int()
        if length < 0:
            return None
        if length > _LONGEST_TEXT:
            raise _BrokenError("a text of an impossible length")
        # Names are in the encoding of the dump; nothing is refused because it is not UTF-8.
        return self._bytes(length).decode("utf-8", "surrogateescape")
