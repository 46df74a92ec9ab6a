"""Why a dump was not made: pg_dump's own words, or the disk's, and what to do about them."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pgops.errors import DumpError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pgops.programs import ChildConnection, Running

_FULL = "Make room, or dump to another disk. Nothing was left behind."
_CURES_OF_THE_DISK = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.ENAMETOOLONG: "Take a shorter name: that of the manifest is the dump's and 14 characters more.",
}
_LOCKED = "Somebody holds a table, or waits to: look at the locks, then dump again or wait longer."
_NO_ROOM = "pg_dump takes one connection, or one more than its jobs; progress takes one, verifying two or more."
_CURES = (
    ("No space left on device", _FULL),
    ("Disk quota exceeded", _FULL),
    ("due to statement timeout", _LOCKED),
    ("due to lock timeout", _LOCKED),
    ("permission denied for large object", "Dump as their owner or a superuser; a dump of some schemas has none."),
    ("may lack SELECT privilege", "Dump as a role that may read all of it (pg_read_all_data), or leave that out."),
    ("permission denied", "Dump as a role that may read all of it (pg_read_all_data), or leave that out."),
    ("too many connections", _NO_ROOM),
    ("connection slots", _NO_ROOM),
    ("no matching", "Names are taken as they are, with their capitals: see what is there."),
    ("row-level security", "Dump as the tables' owner, or as a role with BYPASSRLS: else rows would be missing."),
    ("server version mismatch", "Install a newer pg_dump, or name its folder as pg_bin_path."),
    ("server closed the connection", "The server went away: see its log. Then dump again."),
    ("terminating connection", "The server ended the session: see its log. Then dump again."),
    ("could not receive data", "The connection was lost. Dump again."),
    ("conflict with recovery", "On a standby: raise max_standby_streaming_delay, or dump from the primary."),
    ("snapshot", "The session that holds the snapshot has ended. Dump again."),
)
_NO_NEWS = ("pg_dump: detail: Query was:", "pg_dump: detail: Command was:")


def dump_error(at_work: Running, child: ChildConnection) -> DumpError:
    """What went wrong, from how pg_dump ended and the last that it said."""
    said = [line for line in at_work.messages if ": error:" in line or ": detail:" in line or ": hint:" in line]
    words = " ".join(line for line in said if not line.startswith(_NO_NEWS)) or " ".join(list(at_work.messages)[-3:])
    cure = next((cure for mark, cure in _CURES if mark in words), "")
    if not said and "killed" in (at_work.problem or ""):
        cure = "Somebody ended it, or the system had no memory left. Dump again."
        words = ""
    name = child.target.params.get("dbname", "")
    what = f"{at_work.program} {at_work.problem}, and no dump of {name!r} was made"
    return DumpError(f"{what}: {words}" if words else f"{what}.", cure=cure)


@contextmanager
def disk_named(path: Path) -> Iterator[None]:
    """A disk that takes no more, or a folder that can't be written to, is a `DumpError`."""
    try:
        yield
    except OSError as problem:
        cure = _CURES_OF_THE_DISK.get(problem.errno or 0, "")
        raise DumpError(f"{path} could not be written: {problem.strerror}.", cure=cure) from None
