"""A dump gets its name only once it is whole: until then it is written beside it, under a name of its own."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.dump.manifest import manifest_path
from pgops.dump.taking.failures import disk_named
from pgops.errors import DumpError
from pgops.files import settle, short_name
from pgops.locking import locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgops.dump.manifest import Manifest

PARTIAL = ".partial"
_LEFT = re.compile(r"[0-9a-f]{12}\.partial(?P<end>|\.json|\.old)")

_OF_A_DUMP = re.compile(r"(?:toc\.dat|\d+\.dat|blobs?_\d+\.(?:toc|dat)|blobs\.toc)(?:\.gz|\.lz4|\.zst)?")
"""The files of the directory format."""


@attrs.frozen(kw_only=True)
class Place:
    """Where a dump is written, and where it will be when it is whole."""

    final: Path
    partial: Path
    overwrite: bool

    def take(self, manifest: Manifest) -> None:
        """Bring all of it to the disk, and give dump and manifest their names, in this order.

        A crash in between leaves a whole dump without its manifest, never one with the manifest of another.
        """
        _sync(self.partial)
        described = self.partial.with_name(self.partial.name + ".json")
        try:
            # Written before the dump has its name: where there is no room for this either, nothing was made.
            descriptor = os.open(described, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(manifest.to_json())
                file.flush()
                os.fsync(file.fileno())
            self.refuse_taken()
            manifest_path(self.final).unlink(missing_ok=True)
            self._rename()
            described.replace(manifest_path(self.final))
        finally:
            described.unlink(missing_ok=True)
        settle(self.final.parent)

    def _rename(self) -> None:
        if not self.final.exists() or (self.final.is_file() and self.partial.is_file()):
            self.partial.replace(self.final)
            return
        # A folder gives its name to no other, nor a file to a folder: the old one steps aside for the moment.
        aside = self.partial.with_name(self.partial.name + ".old")
        self.final.rename(aside)
        try:
            self.partial.rename(self.final)
        except BaseException:
            aside.rename(self.final)
            raise
        _remove(aside)

    def refuse_taken(self) -> None:
        """Raise `DumpError` where something has the name, and is not to be replaced, or never is."""
        if not os.path.lexists(self.final):
            return
        if not self.overwrite:
            raise DumpError(
                f"{self.final} is there already.", cure="Name another file, or say overwrite=True (--overwrite)."
            )
        if self.final.is_dir() and not _may_be_a_dump(self.final):
            raise DumpError(
                f"{self.final} is a folder with other things than a dump in it: it is not replaced.",
                cure="Name a file or folder in it.",
            )


@contextmanager
def place_for(path: Path, *, overwrite: bool) -> Iterator[Place]:
    """A place to write a dump in. When the block ends nothing is left there but what was taken.

    What one that was killed (SIGKILL, a crash) left of this name is cleared away first. Raises `DumpError` where there
    is something of that name, or no folder for it; `FileBusyError` where another dump to that name is at work.
    """
    final = Path(os.path.realpath(path))
    if not final.name:
        raise DumpError(f"{path} is a folder that can't be replaced.", cure="Name a file or folder in it.")
    if not final.parent.is_dir():
        raise DumpError(f"{path}: there is no folder {final.parent}.", cure="Make it, or name another.")
    if final.exists() and not (final.is_file() or final.is_dir()):
        raise DumpError(f"{path} is no file: a dump can't be put in its place.", cure="Name a file.")
    partial = final.parent / f"{_beginning(final)}{secrets.token_hex(6)}{PARTIAL}"
    place = Place(final=final, partial=partial, overwrite=overwrite)
    with disk_named(path), locked(final, wait_s=0.0):
        _clear_away(final)
        place.refuse_taken()
        with suppress(FileNotFoundError):
            manifest_path(final).lstat()  # its name may be too long, and better that is said before the work
        try:
            yield place
        finally:
            _remove(partial)


def _beginning(final: Path) -> str:
    """How the name begins of all that is written for `final` before it has its own."""
    return f".{short_name(final)}."


def _clear_away(final: Path) -> None:
    """Whoever holds the lock is the only one at work here: what is left under such names has no owner."""
    beginning = _beginning(final)
    for left in sorted(final.parent.iterdir()):
        kind = _LEFT.fullmatch(left.name.removeprefix(beginning)) if left.name.startswith(beginning) else None
        if kind is None:
            continue
        if kind["end"] == ".old" and not os.path.lexists(final):  # it had stepped aside, and nothing came
            left.rename(final)
        else:
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _may_be_a_dump(folder: Path) -> bool:
    """Whether it is empty, or holds what pg_dump writes into one: so much is lost where it is replaced."""
    return all(not path.is_dir() and _OF_A_DUMP.fullmatch(path.name) for path in folder.iterdir())


def _sync(path: Path) -> None:
    for each in [*path.iterdir(), path] if path.is_dir() else [path]:
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
