"""Whether the members of a directory or tar dump are whole: a truncated one may end well for pg_restore.

It takes the end of a file for the end of what is in it: an uncompressed file has no other end, an empty one is none of
zlib's errors, and of lz4 and zstd it does not ask whether their frame has ended.
"""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

from pgops.dump.reading.plain_facts import compression_of_file, opened
from pgops.errors import DamagedDumpError, DumpError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pgops.dump.reading.contents import Contents

_ROWS_END = b"\n\n\n"
_TAR_BLOCK = 512
"""Bytes; a tar file ends with two blocks of zeros."""
_SUFFIXES = {"none": "", "gzip": ".gz", "lz4": ".lz4", "zstd": ".zst"}
_CHUNK = 1024 * 1024
_CURE = "Take another copy of it."


def may_hide_cut_objects(contents: Contents) -> bool:
    """Whether a truncated large object of the dump would not be found by `refuse_cut_members`."""
    is_bare = contents.format == "directory" and contents.compression == "none"
    return is_bare and any(each.kind in {"BLOBS", "BLOB"} for each in contents.entries)


def may_hide_cut_rows(contents: Contents) -> bool:
    """Whether the rows' end can't be looked at: there is no program here that decompresses them."""
    is_packed = contents.format == "directory" and contents.compression in {"lz4", "zstd"}
    return is_packed and shutil.which(contents.compression) is None


def refuse_cut_members(contents: Contents) -> None:
    """Raise `DamagedDumpError` for a member that is missing or truncated, by what pg_restore does not look at."""
    if contents.format == "tar":
        size = contents.path.stat().st_size
        if size % _TAR_BLOCK or _end_of(contents.path, 2 * _TAR_BLOCK).strip(b"\0"):
            raise DamagedDumpError(f"{contents.path} is damaged: the end of the tar file is missing.", cure=_CURE)
    if contents.format != "directory":
        return
    for entry in contents.entries:
        if not entry.file:
            continue
        if entry.kind == "TABLE DATA":
            file, compression = _member(contents, entry.file)
            if _end_of_content(contents, file, compression, entry.file) != _ROWS_END:
                raise _cut(contents, f"{file.name}, the rows of {entry.schema}.{entry.name}, is truncated")
        elif entry.kind in {"BLOBS", "BLOB"}:
            for name in _large_objects(contents, entry.file):
                file, compression = _member(contents, name)
                if compression != "lz4" or file.stat().st_size:  # an empty one is an empty file with lz4
                    _end_of_content(contents, file, compression, name)


def _large_objects(contents: Contents, name: str) -> Iterator[str]:
    """The members that a list of large objects names: `16385 blob_16385.dat`, one a line."""
    try:
        listed = (contents.path / name).read_text(errors="replace")
    except FileNotFoundError:
        raise _cut(contents, f"{name} is missing") from None
    except OSError as problem:
        raise DumpError(f"{contents.path / name} can't be read: {problem.strerror}.") from None
    if not listed.endswith("\n"):
        raise _cut(contents, f"{name}, the list of large objects, is truncated")
    for line in listed.splitlines():
        yield line.partition(" ")[2]


def _member(contents: Contents, name: str) -> tuple[Path, str]:
    """Its file and how that is compressed. pg_restore looks for the bare name first."""
    for compression, suffix in _SUFFIXES.items():
        file = contents.path / f"{name}{suffix}"
        if file.is_file():
            return file, compression
    raise _cut(contents, f"{name} is missing")


def _end_of_content(contents: Contents, file: Path, compression: str, name: str) -> bytes:
    """The last bytes of what is in it, decompressed."""
    if compression == "none":
        return _end_of(file, len(_ROWS_END))
    try:
        with file.open("rb") as opened_file:
            if compression_of_file(opened_file.read(8)) != compression:  # it is empty, or cut within its first bytes
                raise _cut(contents, f"{name} is truncated")
        # Of gzip pg_restore has read the end, where its checksum is.
        if compression == "gzip" or shutil.which(compression) is None:
            return _ROWS_END
        end = b""
        with opened(file) as content:
            while more := content.read(_CHUNK):
                end = (end + more)[-len(_ROWS_END) :]
    except OSError as problem:
        raise DumpError(f"{file} can't be read: {problem.strerror}.") from None
    return end


def _end_of(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(0, io.SEEK_END)
            file.seek(max(file.tell() - count, 0))
            return file.read()
    except OSError as problem:
        raise DumpError(f"{path} can't be read: {problem.strerror}.") from None


def _cut(contents: Contents, what: str) -> DamagedDumpError:
    return DamagedDumpError(f"{contents.path} is damaged: {what}.", cure=_CURE)
