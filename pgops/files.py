"""Writing a user's file: whole or not at all, in its place, with its mode."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT = 40
"""Characters, which are 160 bytes at most: with what is added it fits into the 255 of a file's name."""


def write_whole(file: str | os.PathLike[str], chunks: Iterable[str], *, mode: int | None = None) -> Path:
    """Write `chunks` as UTF-8 to `file` and give its path.

    A crash or an error at any moment leaves the old file or the new one, never a part: the text goes to a temporary
    file beside it, to the disk, and then takes the name. A link is followed and its target replaced. An existing file
    keeps its owner and mode; a new one gets `mode`, or what the umask leaves. What is no file (a pipe, /dev/stdout)
    can't be replaced and is written to. Raises `OSError` as `open` does.
    """
    existing = _status_of(file)
    if existing is not None and not stat.S_ISREG(existing.st_mode):
        with Path(file).open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            out.writelines(chunks)
        return Path(file)
    path = Path(os.path.realpath(file))
    temporary = path.parent / f".{short_name(path)}.{secrets.token_hex(6)}"
    given = 0o666 if mode is None else mode
    # Never more open than the old file, not for a moment.
    guarded = given if existing is None else existing.st_mode & 0o600
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, guarded)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            out.writelines(chunks)
            out.flush()
            os.fsync(out.fileno())
        if existing is not None:
            with suppress(OSError):  # only root may give a file back to its owner; others own what they write
                os.chown(temporary, existing.st_uid, existing.st_gid)
            temporary.chmod(stat.S_IMODE(existing.st_mode))
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    settle(path.parent)
    return Path(file)


def short_name(path: Path) -> str:
    """What a file beside `path` is named by: its name, or its beginning and a hash, at most 40 characters.

    No two names have the same, so that files whose names begin alike don't get in each other's way.

    >>> short_name(Path("/backups/shop.dump"))
    'shop.dump'
    >>> short_name(Path("/backups/dump_of_the_production_database_of_tenant_1.dump"))
    'dump_of_the_production_d-a23919f791e7a86'
    """
    if len(path.name) <= _SHORT:
        return path.name
    digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:15]
    return f"{path.name[: _SHORT - len(digest) - 1]}-{digest}"


def _status_of(file: str | os.PathLike[str]) -> os.stat_result | None:
    """Kind, owner and mode of what is there, links followed, or None where there is nothing yet."""
    try:
        return Path(file).stat()
    except FileNotFoundError:
        return None


def settle(folder: Path) -> None:
    """Bring the rename itself to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
