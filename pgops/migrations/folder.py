"""The folder of migrations, held open: what is read, written and removed in it, and what never is.

Every path is walked from the root, name by name, and no link is followed on the way, so between looking and writing
nobody can put another folder in its place. Within the folder files have plain names. None is ever written in place: a
new file takes the name of the old one, so the bytes behind a link or a hard link stay what they were, whatever happens.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.errors import ReleasedNameError, WorkspaceError
from pgops.migrations.guardrails import is_released, refuse_new, refuse_released
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASED = "released"
"""The folder that a release adds a file to."""

_PREPARED = re.compile(r"\.pgops-new-[0-9a-f]{12}")
_MOST_BYTES = 256 * 1024 * 1024
# Enough to pass through a folder that may not be listed; macOS has no O_PATH.
_SEARCH = getattr(os, "O_PATH", os.O_RDONLY)
_STRAIGHT: int = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@attrs.frozen
class OpenFolder:
    """A folder that stays the same whatever becomes of its name. `open_folder` opens it, for a `with` block."""

    path: Path
    """Absolute, links resolved: for messages."""
    fd: int = attrs.field(repr=False)

    # --- looking ------------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """What lies in it, sorted."""
        return sorted(os.listdir(self.fd))  # noqa: PTH208  of a descriptor

    def status(self, name: str) -> os.stat_result | None:
        """Of the name itself, links not followed; None where there is nothing."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def read(self, name: str) -> bytes | None:
        """The file's bytes, or None where there is none. Raises `WorkspaceError` for a link or what is no file."""
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.fd)
        except FileNotFoundError:
            return None
        except OSError as problem:
            if problem.errno not in {errno.ELOOP, errno.EMLINK, errno.ENXIO}:
                raise
            raise self._no_plain_file(name) from None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise self._no_plain_file(name)
            if status.st_size > _MOST_BYTES:
                raise WorkspaceError(
                    f"{self.path / name} has {status.st_size} bytes, which is no migration.",
                    cure="Load rows by other means.",
                )
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(handle)

    @contextmanager
    def below(self, name: str, *, make: bool = False) -> Iterator[OpenFolder]:
        """A folder in this one. Raises `WorkspaceError` for a link, `FileNotFoundError` where there is none."""
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=self.fd)
        try:
            fd = os.open(name, os.O_RDONLY | _STRAIGHT, dir_fd=self.fd)
        except OSError as problem:
            if problem.errno not in {errno.ELOOP, errno.EMLINK, errno.ENOTDIR}:
                raise
            raise WorkspaceError(
                f"{self.path / name} is a link, or no folder.", cure="Put a folder in its place."
            ) from None
        try:
            yield OpenFolder(self.path / name, fd)
        finally:
            os.close(fd)

    # --- changing -----------------------------------------------------------------------------------------------------

    def refuse(self, name: str) -> None:
        """Raise where no call may write or remove `name` in this folder.

        `ReleasedNameError` for a released name, a link to one, and a hard link to a released file; `WorkspaceError` for
        any other link, for what is no file and for a file that nobody may write; `MigrationNameError` for a new name
        that is not ASCII.
        """
        assert os.sep not in name, name  # noqa: S101  the callers' own names
        refuse_released(name)
        status = self.status(name)
        if status is None:
            refuse_new(name)
            return
        if not stat.S_ISREG(status.st_mode):
            raise self._no_plain_file(name)
        if status.st_nlink > 1:
            twin = next((path for path, inode in self.released_files() if inode == _inode(status)), None)
            if twin is not None:
                raise ReleasedNameError(
                    f"{self.path / name} is a hard link: the same file has been released as {visible(twin)}.",
                    cure="Remove the name (the released file stays), and record what is pending anew.",
                )
        if not status.st_mode & 0o222:
            raise WorkspaceError(f"{self.path / name} is read-only.", cure="Allow writing, if it is to be changed.")

    def prepare(self, content: bytes, *, like: str | None = None) -> str:
        """Write a new file and bring it to the disk; it is a file's new content, and gets its name by `place`.

        It has the owner and mode of the file `like`, and what the umask leaves where there is none.
        """
        return self._written(content, self.status(like) if like is not None else None)

    def place(self, prepared: str, name: str) -> None:
        """Give a prepared file its name, in the place of the file that had it. Raises as `refuse`."""
        self.refuse(name)
        os.replace(prepared, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def remove(self, name: str) -> None:
        """Remove the file; none is as good. Raises as `refuse`."""
        self.refuse(name)
        self._drop(name)

    def add_released(self, prepared: str, name: str) -> None:
        """Add a prepared file to `released/` under a new name: the only way in, for an approved release.

        Another file's name is never taken: `FileExistsError`. Raises `WorkspaceError` where the file system has no hard
        links, by which alone that can be had.
        """
        with self.below(RELEASED, make=True) as released:
            try:
                os.link(prepared, name, src_dir_fd=self.fd, dst_dir_fd=released.fd, follow_symlinks=False)
            except OSError as problem:
                if problem.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
                    raise
                raise WorkspaceError(
                    f"The file system of {released.path} can't add a file so that it surely replaces none:"
                    f" {problem.strerror}.",
                    cure="Release on a file system that has hard links.",
                ) from None
            released.settle()
        self._drop(prepared)

    def prepared(self) -> list[str]:
        """Prepared files, those of writers that were killed among them."""
        return [name for name in self.names() if is_prepared(name) and self.is_file(name)]

    def sweep(self) -> None:
        """Remove them; to be done while no writer is at work."""
        for name in self.prepared():
            self._drop(name)

    def settle(self) -> None:
        """Bring the names themselves to the disk, where the system can."""
        with suppress(OSError):
            os.fsync(self.fd)

    def is_file(self, name: str) -> bool:
        """Whether it is a file, and no link."""
        status = self.status(name)
        return status is not None and stat.S_ISREG(status.st_mode)

    def _written(self, content: bytes, like: os.stat_result | None) -> str:
        name = f".pgops-new-{secrets.token_hex(6)}"
        given = 0o666 if like is None else like.st_mode & 0o600  # never more open than the old file, not for a moment
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(name, flags, given, dir_fd=self.fd)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if like is not None:
                with suppress(OSError):  # only root may give a file back to its owner; others own what they write
                    os.fchown(handle, like.st_uid, like.st_gid)
                os.fchmod(handle, stat.S_IMODE(like.st_mode))
            os.fsync(handle)
        except BaseException:
            self._drop(name)
            raise
        finally:
            os.close(handle)
        return name

    def _drop(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.fd)

    def _no_plain_file(self, name: str) -> WorkspaceError:
        path = self.path / name
        leads = Path(os.path.realpath(path))
        if any(is_released(part) for part in leads.parts):
            return ReleasedNameError(
                f"{path} is a link to {visible(str(leads))}, which has been released.", cure="Remove the link."
            )
        return WorkspaceError(f"{path} is a link, or no file.", cure="Put the file itself in its place.")

    # --- what was released --------------------------------------------------------------------------------------------

    def released_files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Every file out of bounds beneath this folder, by its path from here, with what identifies it."""
        for folder, _, files, fd in os.fwalk(".", dir_fd=self.fd, follow_symlinks=False):
            inside = any(is_released(part) for part in Path(folder).parts)
            for name in files:
                if inside or is_released(name):
                    with suppress(FileNotFoundError):
                        status = os.stat(name, dir_fd=fd, follow_symlinks=False)
                        yield os.path.normpath(os.path.join(folder, name)), _inode(status)  # noqa: PTH118  names, not paths


def is_prepared(name: str) -> bool:
    """Whether `OpenFolder.prepare` gives such names."""
    return _PREPARED.fullmatch(name) is not None


@contextmanager
def open_folder(path: Path, *, make: bool = False) -> Iterator[OpenFolder]:
    """The folder at `path`, for the block. With `make` it is made, and those above it that are missing.

    Raises `ReleasedNameError` where it lies beneath a released name, links resolved; `WorkspaceError` where there is
    none, or the system can't hold folders open (Windows); `MigrationNameError` where a folder to be made has a name
    that is not ASCII.
    """
    if os.open not in os.supports_dir_fd or not hasattr(os, "fwalk"):
        raise WorkspaceError("Migrations can't be changed safely on this system.", cure="Use Linux or macOS.")
    real = Path(os.path.realpath(path))
    refuse_released(path)
    refuse_released(real)
    with ExitStack() as stack:
        fd = os.open(real.anchor, _SEARCH | _STRAIGHT)
        stack.callback(os.close, fd)
        try:
            for depth, part in enumerate(real.parts[1:], 2):
                fd = _entered(part, fd, make=make, last=depth == len(real.parts))
                stack.callback(os.close, fd)
        except (FileNotFoundError, NotADirectoryError) as problem:
            what = "is no folder" if isinstance(problem, NotADirectoryError) else "is not there"
            raise WorkspaceError(
                f"The folder of migrations, {path}, {what}.",
                cure="Record a migration, or name the folder that you mean: migrations_path in postgres.toml.",
            ) from None
        yield OpenFolder(real, fd)


def _entered(name: str, above: int, *, make: bool, last: bool) -> int:
    flags = (os.O_RDONLY if last else _SEARCH) | _STRAIGHT
    try:
        return os.open(name, flags, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise
    refuse_new(name)
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=above)
    return os.open(name, flags, dir_fd=above)


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
