"""Whether a dump is whole: every member of it is read, and held against its manifest where there is one.

`pg_restore -l` on a truncated file ends well: it reads the table of contents, which stands at the head. So everything
is read and decompressed, and thrown away. What that can't prove is said: bytes of uncompressed rows may have changed
unseen, unless a manifest has their SHA-256.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pgops.config.client_programs import HOW_TO_GET_THEM
from pgops.dump.contents import Contents, read_contents
from pgops.dump.manifest import Manifest, read_manifest, refuse_damaged
from pgops.errors import ClientProgramError, DamagedDumpError, DumpError, NoClientProgramError
from pgops.findings import as_tuple
from pgops.programs import PG_RESTORE, find_programs, started
from pgops.programs.client_program import lacks

if TYPE_CHECKING:
    from pgops.conninfo import Conninfo
    from pgops.programs import ClientProgram

_UNABLE = ("unsupported version", "does not support compression", "not supported by this installation")
"""What a pg_restore says that is too old for an archive, or built without its compression."""
_ROWS_END = b"\n\n\n"
_TAR_BLOCK = 512
"""Bytes; a tar file ends with two blocks of zeros."""
_CURE = "Take another copy of it."


@attrs.frozen(kw_only=True)
class DumpCheck:
    """A dump that is whole, as far as it can be proved."""

    path: Path
    format: str
    proved: str
    """What was done, and what it shows."""
    unproved: tuple[str, ...] = attrs.field(default=(), converter=as_tuple)
    """What it does not show; empty where a manifest has every byte's hash."""
    has_manifest: bool = False
    program: str | None = None
    """The pg_restore that read it; None for a plain dump."""

    def to_facts(self) -> dict[str, Any]:
        """As JSON types; `"schema": "pgops.dump-check/1"` says of which shape."""
        return {
            "schema": "pgops.dump-check/1",
            "path": str(self.path),
            "format": self.format,
            "has_manifest": self.has_manifest,
            "proved": self.proved,
            "unproved": list(self.unproved),
            "program": self.program,
        }


def check_dump(
    path: str | os.PathLike[str],
    *,
    bin_path: str | os.PathLike[str] | None = None,
    program: ClientProgram | None = None,
) -> DumpCheck:
    """Read the whole dump at `path`, and say what that proves, by `program` or the lowest pg_restore that can.

    Raises `DamagedDumpError`, which names what is damaged; `DumpError` where it is no dump; `NoClientProgramError`
    where no pg_restore here can read it; `ManifestError` where its manifest can't be read.
    """
    contents, manifest = read_whole(path)
    return check_contents(contents, manifest, program=program, bin_path=bin_path)


def read_whole(path: str | os.PathLike[str]) -> tuple[Contents, Manifest | None]:
    """The contents of a dump and its manifest, if it has one, whose every byte is what the manifest says."""
    path = Path(path)
    manifest = read_manifest(path)
    if manifest is not None and path.exists():
        refuse_damaged(path, manifest)
    return read_contents(path), manifest


def check_contents(
    contents: Contents,
    manifest: Manifest | None,
    *,
    program: ClientProgram | None = None,
    bin_path: str | os.PathLike[str] | None = None,
) -> DumpCheck:
    """Read every member of what `read_whole` gave. Raises as `check_dump` does."""
    program_name = None
    if contents.plain is not None:
        if not contents.plain.is_complete:
            raise DamagedDumpError(
                f"{contents.path} is truncated, or something was added to it: pg_dump's last line is not its last.",
                cure=_CURE,
            )
        proved = "it was read from pg_dump's first line to its last"
    else:
        program = program or reading_program(contents, bin_path=bin_path)
        program_name = str(program)
        _read_all(contents, program)
        _refuse_cut_members(contents)
        proved = f"every member was read by {program.name} {program.version}"
    if manifest is not None:
        proved = f"size and SHA-256 are the manifest's, and {proved}"
    return DumpCheck(
        path=contents.path,
        format=contents.format,
        proved=proved,
        unproved=() if manifest is not None else _unproved(contents),
        has_manifest=manifest is not None,
        program=program_name,
    )


def reading_program(
    contents: Contents, *, bin_path: str | os.PathLike[str] | None = None, target: Conninfo | None = None
) -> ClientProgram:
    """The lowest pg_restore that can read the archive, and can do what a connection to `target` needs.

    Raises `NoClientProgramError`, which has the versions and what each can't do; `DamagedDumpError` where all agree
    that the archive can't be read.
    """
    folder = Path(bin_path) if bin_path is not None else None
    candidates = sorted(find_programs(PG_RESTORE, folder=folder), key=lambda each: each.major)
    if folder is not None:  # a folder that is named is meant, if it has one that can
        candidates.sort(key=lambda each: each.source != "pg_bin_path")
    if not candidates:
        raise NoClientProgramError("There is no pg_restore on this machine.", cure=HOW_TO_GET_THEM)
    unable: list[str] = []
    broken: list[str] = []
    for candidate in candidates:
        lacking = lacks(candidate, target.params) if target is not None else None
        words = None if lacking is not None else _refuses(candidate, contents)
        if lacking is None and words is None:
            return candidate
        if words is not None and not any(each in words for each in _UNABLE):
            broken.append(words)
        unable.append(f"{candidate}: {lacking or words}")
    if broken:
        raise DamagedDumpError(f"{contents.path} is damaged: {broken[-1]}.", cure=_CURE)
    version = ".".join(map(str, contents.archive or ()))
    raise NoClientProgramError(
        f"{contents.path}, an archive of version {version} by pg_dump {contents.program}, can be read by no pg_restore "
        f"here (found: {'; '.join(unable)}).",
        cure=f"Install pg_restore of PostgreSQL {contents.program.split('.')[0]} or later, or name its folder.",
    )


def _refuses(program: ClientProgram, contents: Contents) -> str | None:
    path = os.path.abspath(contents.path)  # noqa: PTH100  it never begins with -, and follows no links
    with started(program, ["--list", path], None) as running:
        running.process.wait()
    words = [_plainly(line) for line in running.messages]
    told = next((line for line in words if any(each in line for each in _UNABLE)), None)
    if told is not None:
        return told
    return (words[-1] if words else running.problem) if running.problem else None


def _read_all(contents: Contents, program: ClientProgram) -> None:
    # The output goes nowhere, but it is written: only so is every member opened, read and decompressed.
    arguments = [f"--file={os.devnull}", os.path.abspath(contents.path)]  # noqa: PTH100
    with started(program, arguments, None, stdout=subprocess.DEVNULL) as running:
        running.process.wait()
    if running.problem is None and not running.messages:
        return
    words = [_plainly(line) for line in running.messages]
    if any("No space left" in line or "Permission denied" in line for line in words):
        raise ClientProgramError(f"{program} could not read {contents.path}: {words[-1]}.")
    said = "; ".join(dict.fromkeys(words)) or running.problem
    raise DamagedDumpError(f"{contents.path} is damaged: {said}.", cure=_CURE)


def _plainly(line: str) -> str:
    closing = re.search(r'could not close data file "(.*)": (?:Success|No such file or directory)$', line)
    if closing is not None:  # zlib found the end missing, which is no error of the system's
        return f'"{closing[1]}" ends too early'
    return line.removeprefix("pg_restore: ").removeprefix("error: ").removeprefix("fatal: ")


def _refuse_cut_members(contents: Contents) -> None:
    """The uncompressed rows of a directory end where their file ends, for pg_restore wherever that is."""
    if contents.format == "tar":
        size = contents.path.stat().st_size
        if size % _TAR_BLOCK or _end_of(contents.path, 2 * _TAR_BLOCK).strip(b"\0"):
            raise DamagedDumpError(f"{contents.path} is damaged: the end of the tar file is missing.", cure=_CURE)
    if contents.format != "directory":
        return
    for entry in contents.entries:
        if entry.kind != "TABLE DATA" or not entry.file:
            continue
        file = contents.path / entry.file
        if not file.is_file():  # it was read, so it is there with the suffix of its compression
            continue
        if _end_of(file, len(_ROWS_END)) != _ROWS_END:
            raise DamagedDumpError(
                f"{contents.path} is damaged: {entry.file}, the rows of {entry.schema}.{entry.name}, is truncated.",
                cure=_CURE,
            )


def _end_of(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(0, io.SEEK_END)
            file.seek(max(file.tell() - count, 0))
            return file.read()
    except OSError as problem:
        raise DumpError(f"{path} can't be read: {problem.strerror}.") from None


def _unproved(contents: Contents) -> tuple[str, ...]:
    """What reading everything does not show."""
    why = {
        "none": "rows are not compressed, so a changed byte in them does not show",
        "lz4": "lz4 keeps no checksum of a dump's rows, so a changed byte may decompress to other rows",
        "zstd": "zstd keeps no checksum of a dump's rows, so a changed byte may decompress to other rows",
    }
    found = [why[contents.compression]] if contents.compression in why else []
    if contents.archive is not None and contents.compression == "gzip":
        found.append("the table of contents has no checksum: a changed byte in an object's definition does not show")
    return (*found, "there is no manifest that would have sizes and hashes")
