"""What is in a dump, of any format, read from the dump itself: nothing is connected to, and nothing is run."""

from __future__ import annotations

import datetime as dt
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import attrs

from pgops.dump.reading.plain_facts import PlainFacts, compression_of_file, read_plain
from pgops.dump.reading.toc import MAGIC, Entry, read_toc
from pgops.errors import DamagedDumpError, DumpError
from pgops.findings import as_json, as_tuple

if TYPE_CHECKING:
    import os

    from pgops.render.document import Document

TOC_FILE = "toc.dat"
_TAR_MAGIC_AT = 257
_NOT_SCHEMA = {"ENCODING", "STDSTRINGS", "SEARCHPATH"}
"""Entries of the archive that are settings and no objects."""
_DATA = {"TABLE DATA", "BLOBS", "SEQUENCE SET", "STATISTICS DATA", "MATERIALIZED VIEW DATA", "BLOB DATA"}


@attrs.frozen(kw_only=True)
class Contents:
    """What a dump says of itself."""

    path: Path
    format: str
    """`plain`, `custom`, `directory` or `tar`."""
    compression: str
    """`none`, `gzip`, `lz4` or `zstd`."""
    database: str | None
    """The name of the dumped database; a plain dump does not say it."""
    server: str
    """The version of the server that was dumped, in its own words; empty where it is not said."""
    program: str
    """The version of the pg_dump that wrote it."""
    at: dt.datetime | None
    """When, in the time zone of the machine that made it, which it does not say; a plain dump says nothing."""
    entries: tuple[Entry, ...] = attrs.field(converter=as_tuple)
    archive: tuple[int, int] | None = None
    """The version of the archive's layout: (1, 16); None for a plain dump."""
    plain: PlainFacts | None = None

    @property
    def has_data(self) -> bool:
        """Whether rows or large objects are in it."""
        return any(each.has_data for each in self.entries)

    @property
    def has_schema(self) -> bool:
        """Whether it makes any object."""
        return any(each.kind not in _DATA for each in self.entries)

    @property
    def server_major(self) -> int | None:
        """The major version of the server that was dumped."""
        digits = self.server.split(".")[0].split(" ")[0]
        return int(digits) if digits.isdigit() else None

    def to_facts(self) -> dict[str, Any]:
        """As JSON types; `"schema": "pgops.contents/1"` says of which shape."""
        facts = {
            "schema": "pgops.contents/1",
            "path": str(self.path),
            "format": self.format,
            "compression": self.compression,
            "database": self.database,
            "server": self.server,
            "program": self.program,
            "at": self.at,
            "has_schema": self.has_schema,
            "has_data": self.has_data,
            "entries": [
                {"kind": each.kind, "schema": each.schema, "name": each.name, "owner": each.owner}
                for each in self.entries
            ],
        }
        plain: dict[str, Any] = as_json(facts)
        return plain

    def to_document(self) -> Document:
        """For people, through any writer."""
        from pgops.render.document import Code, Document, KeyValues, Table  # noqa: PLC0415  no need of it to restore

        about = {
            "format": self.format,
            "compression": self.compression,
            "database": self.database,
            "server": self.server,
            "pg_dump": self.program,
            "made": self.at,
        }
        rows = [(each.kind, Code(each.schema or ""), Code(each.name), Code(each.owner or "")) for each in self.entries]
        return Document(
            str(self.path),
            blocks=[
                KeyValues([(name, value) for name, value in about.items() if value not in {None, ""}]),
                Table(("kind", "schema", "name", "owner"), rows),
            ],
        )


def read_contents(path: str | os.PathLike[str]) -> Contents:
    """What is in the dump at `path`: a file, or a folder of the directory format.

    Of an archive its table of contents is read, of a plain dump the whole, which takes a second for each 400 MB.

    Raises `DumpError` where it is no dump, is not there or may not be read, `DamagedDumpError` where it begins as one
    and can't be read, `ClientProgramError` where it is compressed with lz4 or zstd and that program is missing.
    """
    path = Path(path)
    try:
        return _contents(path)
    except FileNotFoundError:
        raise DumpError(f"There is no {path}.", cure="Name a dump's file or folder.") from None
    except PermissionError as problem:
        raise DumpError(f"{problem.filename or path} may not be read: {problem.strerror}.") from None
    except OSError as problem:
        raise DumpError(f"{path} can't be read: {problem.strerror or problem}.") from None


def _contents(path: Path) -> Contents:
    if path.is_dir():
        toc = path / TOC_FILE
        if not toc.is_file():
            raise _no_dump(path, f"a folder without {TOC_FILE}")
        with toc.open("rb") as file:
            return _archive(path, "directory", cast("BinaryIO", file))
    if not path.is_file() and path.exists():
        raise _no_dump(path, "neither a file nor a folder")
    with path.open("rb") as file:
        head = file.read(512)
        file.seek(0)
        if not head:
            raise _no_dump(path, "empty")
        if head.startswith(MAGIC):
            return _archive(path, "custom", cast("BinaryIO", file))
        if head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar":
            return _tar(path)
    if compression_of_file(head) == "none" and b"\0" in head:
        raise _no_dump(path, "neither SQL nor an archive")
    return _plain(path)


def _archive(path: Path, form: str, file: BinaryIO) -> Contents:
    toc = read_toc(file, where=str(path))
    return Contents(
        path=path,
        format=form,
        compression=toc.compression,
        database=toc.database,
        server=toc.server,
        program=toc.program,
        at=toc.at,
        entries=tuple(each for each in toc.entries if each.kind not in _NOT_SCHEMA),
        archive=toc.version,
    )


def _tar(path: Path) -> Contents:
    try:
        with tarfile.open(path, "r:") as tar:
            member = tar.extractfile(TOC_FILE)
            if member is None:
                raise _no_dump(path, f"a tar file without {TOC_FILE}")
            with member:
                return _archive(path, "tar", cast("BinaryIO", member))
    except KeyError:
        raise _no_dump(path, f"a tar file without {TOC_FILE}") from None
    except tarfile.TarError as problem:
        raise DamagedDumpError(f"{path} is damaged: {problem}.", cure="Take another copy of it.") from None


def _plain(path: Path) -> Contents:
    facts = read_plain(path)
    if not facts.is_dump:
        raise DumpError(
            f"{path} is no dump: it does not begin as pg_dump's output does.",
            cure="SQL of another kind is run with `pgops sql`.",
        )
    return Contents(
        path=path,
        format="plain",
        compression=facts.compression,
        database=None,
        server=facts.server,
        program=facts.program,
        at=None,
        entries=facts.entries,
        plain=facts,
    )


def _no_dump(path: Path, what: str) -> DumpError:
    return DumpError(f"{path} is no dump: it is {what}.", cure="Name a file or folder that pg_dump wrote.")
