"""One writer at a time: a lock file beside the file that is to be changed.

The lock is the system's own (flock), so it ends with its process, however that ends; a lock file that a killed process
left behind is taken over. Where there is no flock (Windows) nobody waits, and the writer's own comparison with what it
expected has to do.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pgops.errors import FileBusyError
from pgops.files import short_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LOOK_AGAIN_S = 0.02
_NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK}


@contextmanager
def locked(path: Path, *, wait_s: float, folder: int | None = None) -> Iterator[None]:
    """Hold the lock of `path` for the block. Raises `FileBusyError` after `wait_s` seconds, naming who holds it.

    The lock file lies beside `path`. With `folder`, an open descriptor of the folder that `path` lies in, it is made
    there, whatever has become of the folder's name.
    """
    name = f".{short_name(path)}.lock"
    lock = str(path.with_name(name)) if folder is None else name
    handle = _taken(lock, path, wait_s, folder) if fcntl is not None else None
    try:
        yield
    finally:
        if handle is not None:
            with suppress(OSError):
                # While it is held: whoever waits for it sees that it is gone, and begins anew.
                os.unlink(lock, dir_fd=folder)
            os.close(handle)


def _taken(lock: str, path: Path, wait_s: float, folder: int | None) -> int:
    until = time.monotonic() + wait_s
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        try:
            _refuse_other_names(handle, lock)
            if _is_held(handle) and _is_still_there(handle, lock, folder):
                os.ftruncate(handle, 0)
                os.write(handle, str(os.getpid()).encode())
                return handle
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if time.monotonic() >= until:
            who = f"process {holder}" if holder.isdecimal() else "another process"
            raise FileBusyError(
                f"{path} is being changed by {who}, and still was after {wait_s:g} s.",
                cure="Wait until it is done, then apply again.",
            )
        time.sleep(_LOOK_AGAIN_S)


def _is_held(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as problem:  # a file system without locks, some network shares: as on Windows
        if problem.errno not in _NO_LOCKS:
            raise
    return True


def _refuse_other_names(handle: int, lock: str) -> None:
    """A hard link would have us write our process id over somebody's file."""
    status = os.fstat(handle)
    if status.st_nlink > 1 or not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EMLINK, "This should be a lock file, and is another file too", lock)


def _is_still_there(handle: int, lock: str, folder: int | None) -> bool:
    """False when the one before removed the file between our opening and our locking it."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(lock, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return False
