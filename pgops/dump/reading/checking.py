"""Whether a dump is whole: every member of it is read, and held against its manifest where there is one.

`pg_restore -l` on a truncated file ends well: it reads the table of contents, which stands at the head. So everything
is read and decompressed, and thrown away. What that can't prove is said: bytes of uncompressed rows may have changed
unseen, unless a manifest has their SHA-256.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pgops.config.client_programs import HOW_TO_GET_THEM
from pgops.dump.manifest import Manifest, read_manifest, refuse_damaged
from pgops.dump.reading.contents import Contents, read_contents
from pgops.dump.reading.members import may_hide_cut_objects, may_hide_cut_rows, refuse_cut_members
from pgops.errors import ClientProgramError, DamagedDumpError, DumpError, NoClientProgramError
from pgops.findings import as_tuple
from pgops.programs import PG_RESTORE, find_programs, started
from pgops.programs.client_program import lacks

if TYPE_CHECKING:
    from pgops.conninfo import Conninfo
    from pgops.programs import ClientProgram, Running

_UNABLE = ("unsupported version", "does not support compression", "not supported by this installation")
"""What a pg_restore says that is too old for an archive, or built without its compression."""
_NOT_THE_DUMP = ("No space left", "Permission denied", "Input/output error", "Too many open files", "Stale file handle")
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
    if manifest is not None and (path.is_file() or path.is_dir()):
        try:
            refuse_damaged(path, manifest)
        except OSError as problem:
            raise DumpError(f"{problem.filename or path} can't be read: {problem.strerror or problem}.") from None
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
        refuse_cut_members(contents)
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
    _refuse_failed(contents, running)
    told = next((line for line in words if any(each in line for each in _UNABLE)), None)
    if told is not None:
        return told
    return (words[-1] if words else running.problem) if running.problem else None


def _read_all(contents: Contents, program: ClientProgram) -> None:
    # The output goes nowhere, but it is written: only so is every member opened, read and decompressed.
    arguments = [f"--file={os.devnull}", os.path.abspath(contents.path)]  # noqa: PTH100
    with started(program, arguments, None, stdout=subprocess.DEVNULL) as running:
        running.process.wait()
    # Some that is wrong is only said: at the end of a member it goes on, and ends well.
    if running.problem is None and all(": warning:" in line or ": detail:" in line for line in running.messages):
        return
    _refuse_failed(contents, running)
    words = [_plainly(line) for line in running.messages]
    said = "; ".join(dict.fromkeys(words)) or running.problem
    # A length in it that was changed asks for more memory than there is, which a whole dump hardly ever does.
    short = " (or this machine has too little)" if "out of memory" in str(said) else ""
    raise DamagedDumpError(f"{contents.path} is damaged: {said}{short}.", cure=_CURE)


def _refuse_failed(contents: Contents, running: Running) -> None:
    """Raise where it is the program or the machine that failed, which says nothing of the dump."""
    words = [_plainly(line) for line in running.messages]
    told = next((line for line in words if any(each in line for each in _NOT_THE_DUMP)), None)
    if told is not None or (running.process.returncode or 0) < 0:
        raise ClientProgramError(
            f"{running.program} could not read {contents.path}: {told or running.problem}.",
            cure="Whether it is damaged is not known: see to that, and try again.",
        )


def _plainly(line: str) -> str:
    closing = re.search(r'could not close data file "(.*)": (?:Success|No such file or directory)$', line)
    if closing is not None:  # zlib found the end missing, which is no error of the system's
        return f'"{closing[1]}" ends too early'
    return line.removeprefix("pg_restore: ").removeprefix("error: ").removeprefix("fatal: ")


def _unproved(contents: Contents) -> tuple[str, ...]:
    """What reading everything does not show."""
    why = {
        "none": "rows are not compressed, so a changed byte in them does not show",
        "lz4": "lz4 keeps no checksum of a dump's rows, so a changed byte may decompress to other rows",
        "zstd": "zstd keeps no checksum of a dump's rows, so a changed byte may decompress to other rows",
    }
    found = [why[contents.compression]] if contents.compression in why else []
    if contents.plain is not None and contents.compression == "none":
        found = ["rows and definitions are not compressed and have no checksum, so a changed byte does not show"]
    elif contents.archive is not None:
        found.append("the table of contents has no checksum: a changed byte in an object's definition does not show")
    if may_hide_cut_rows(contents):
        found.append(f"there is no program {contents.compression} here: a member that is cut does not show")
    if may_hide_cut_objects(contents):
        found.append("a large object has no mark at its end, so one that is cut does not show")
    return (*found, "there is no manifest that would have sizes and hashes")
