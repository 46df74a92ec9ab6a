"""The WAL files of an archive: whether one is missing between two that are there.

A single missing file ends every recovery that would go beyond it, and the tools' own checks don't see it: pgBackRest's
`info`, `check` and `verify` stay green. A WAL file's name is timeline, log and segment in hexadecimal, eight digits
each; a log has 4 GiB (manual, section 28.6, "WAL Internals").
"""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from pgops.backups.model import WalGap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEGMENT_BYTES = 16 * 1024 * 1024
"""The size of a WAL file unless initdb was told otherwise (`--wal-segsize`)."""

_LOG_BYTES = 1 << 32
# `.partial` files and those of backups and timelines (`.backup`, `.history`) are no whole segments; a tool may put a
# checksum and a suffix behind the name.
_NAME = re.compile(r"(?:^|/)([0-9A-F]{24})(?:-[0-9a-f]{40})?(?:\.(?:gz|bz2|lz4|zst|xz|lzma|br|lzo))?$")


def wal_names(paths: Iterable[str]) -> list[str]:
    """The names of the WAL files among `paths`, in order, each once.

    >>> wal_names(["0000000100000000/000000010000000000000002.gz", "00000002.history"])
    ['000000010000000000000002']
    """
    return sorted({found[1] for path in paths if (found := _NAME.search(path))})


def wal_gaps(names: Iterable[str], *, segment_bytes: int = SEGMENT_BYTES) -> tuple[WalGap, ...]:
    """What is missing between the first and the last file of each timeline.

    >>> wal_gaps(["0000000100000000000000FE", "000000010000000100000001"])
    (WalGap(first='0000000100000000000000FF', last='000000010000000100000000', files=2),)
    """
    per_log = _LOG_BYTES // segment_bytes
    by_timeline: dict[int, list[int]] = defaultdict(list)
    for name in names:
        timeline, log, segment = (int(name[at : at + 8], 16) for at in (0, 8, 16))
        by_timeline[timeline].append(log * per_log + segment)
    return tuple(gap for timeline, numbers in sorted(by_timeline.items()) for gap in _gaps(timeline, numbers, per_log))


def _gaps(timeline: int, numbers: list[int], per_log: int) -> Iterator[WalGap]:
    for before, after in pairwise(sorted(numbers)):
        if after > before + 1:
            first, last = (f"{timeline:08X}{n // per_log:08X}{n % per_log:08X}" for n in (before + 1, after - 1))
            yield WalGap(first=first, last=last, files=after - before - 1)
