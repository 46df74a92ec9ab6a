"""The WAL files of an archive: whether one is missing between two that are there.

A single missing file ends every recovery that would go beyond it, and the tools' own checks don't see it: pgBackRest's
`info`, `check` and `verify` stay green. A WAL file's name is timeline, log and segment in hexadecimal, eight digits
each; a log has 4 GiB (manual, section 28.6, "WAL Internals").
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.backups.model import Backup, WalGap
from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

SEGMENT_BYTES = 16 * 1024 * 1024
"""The size of a WAL file unless initdb was told otherwise (`--wal-segsize`)."""

_LOG_BYTES = 1 << 32
# `.partial` files and those of backups and timelines (`.backup`, `.history`) are no whole segments; a tool may put a
# checksum and suffixes behind the name.
_NAME = re.compile(r"(?:^|/)([0-9A-F]{24})(?:-[0-9a-f]{40})?(?:\.(?:gz|bz2|lz4|zst|xz|lzma|br|lzo|gpg|age|enc))*$")


def wal_names(paths: Iterable[str]) -> list[str]:
    """The names of the WAL files among `paths`, in order, each once.

    >>> wal_names(["0000000100000000/000000010000000000000002.gz", "00000002.history"])
    ['000000010000000000000002']
    """
    return sorted({found[1] for path in paths if (found := _NAME.search(path))})


def wal_gaps(names: Iterable[str], *, segment_bytes: int = SEGMENT_BYTES) -> tuple[WalGap, ...]:
    """What is missing between the first and the last file of each timeline, and before a new one begins.

    Raises `BackupToolError` for a file that WAL files of that size can't have.

    >>> wal_gaps(["0000000100000000000000FE", "000000010000000100000001"])
    (WalGap(first='0000000100000000000000FF', last='000000010000000100000000', files=2),)
    """
    by_timeline: dict[int, list[int]] = defaultdict(list)
    for name in names:
        timeline, number = _numbered(name, segment_bytes)
        by_timeline[timeline].append(number)
    return tuple(_gaps(by_timeline, segment_bytes))


def _gaps(by_timeline: dict[int, list[int]], segment_bytes: int) -> Iterator[WalGap]:
    reached: tuple[int, int] | None = None  # how far the timelines before have come, and which of them
    for timeline, unsorted in sorted(by_timeline.items()):
        numbers = sorted(unsorted)
        # A new timeline begins in a file of an older one. Where that was never archived, it died with its server.
        if reached is not None and numbers[0] > reached[0] + 1:
            yield _gap(reached[1], reached[0] + 1, numbers[0] - 1, segment_bytes)
        for before, after in pairwise(numbers):
            if after > before + 1:
                yield _gap(timeline, before + 1, after - 1, segment_bytes)
        reached = max(reached or (-1, 0), (numbers[-1], timeline))


def with_missing_wal(
    backups: Sequence[Backup], names: Collection[str], *, segment_bytes: int = SEGMENT_BYTES
) -> tuple[Backup, ...]:
    """The backups, each with the first WAL file of its own that is not among the archive's `names`."""
    there = frozenset(names)

    def missing(backup: Backup) -> str | None:
        if backup.first_wal is None or backup.last_wal is None:
            return None
        timeline, first = _numbered(backup.first_wal, segment_bytes)
        _, last = _numbered(backup.last_wal, segment_bytes)
        needed = (_name(timeline, number, segment_bytes) for number in range(first, last + 1))
        return next((name for name in needed if name not in there), None)

    return tuple(attrs.evolve(backup, missing_wal=missing(backup)) for backup in backups)


def wal_file_of(timeline: int, lsn: str, *, segment_bytes: int = SEGMENT_BYTES) -> str:
    """The file that holds a position.

    >>> wal_file_of(1, "0/2000028")
    '000000010000000000000002'
    """
    high, _, low = lsn.partition("/")
    return _name(timeline, ((int(high, 16) << 32) + int(low, 16)) // segment_bytes, segment_bytes)


def files_below(folder: Path) -> Iterator[str]:
    """Every file in a folder and those in it. Raises `OSError` where one can't be read: silence would look whole."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(Path(entry.path))
        else:
            yield entry.path


def archive_in(folder: Path) -> list[str] | None:
    """The WAL files in a folder; None where there are files and none of them is called like one.

    Raises `OSError` where it can't be read.
    """
    paths = list(files_below(folder))
    names = wal_names(paths)
    return names if names or not paths else None


def _numbered(name: str, segment_bytes: int) -> tuple[int, int]:
    timeline, log, segment = (int(name[at : at + 8], 16) for at in (0, 8, 16))
    if segment >= _LOG_BYTES // segment_bytes:
        raise BackupToolError(
            f"The WAL file {name} can't be one of {segment_bytes // 1024**2} MB.",
            cure="Say how large they are: segment_bytes, as SHOW wal_segment_size has it.",
        )
    return timeline, log * (_LOG_BYTES // segment_bytes) + segment


def _name(timeline: int, number: int, segment_bytes: int) -> str:
    log, segment = divmod(number, _LOG_BYTES // segment_bytes)
    return f"{timeline:08X}{log:08X}{segment:08X}"


def _gap(timeline: int, first: int, last: int, segment_bytes: int) -> WalGap:
    names = (_name(timeline, number, segment_bytes) for number in (first, last))
    return WalGap(first=next(names), last=next(names), files=last - first + 1)
