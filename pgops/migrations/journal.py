"""Several files as one change: whoever is killed at any moment leaves all of it or nothing, once the next has looked.

First the new contents are written beside the files and brought to the disk. Then the journal, which says which of them
takes which name, appears in one step: that is the moment from which the change is made. Then the names are given, and
the journal is removed. What is found without a journal is swept away; what the journal says is finished.

A journal is believed only in the folder that it was written in (by its inode) and only about files that the workspace
has, so one that came with a clone of the repository does nothing.
"""

from __future__ import annotations

import enum
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import JournalError, ReleasedNameError
from pgops.migrations import changelog
from pgops.migrations.folder import RELEASED, is_prepared
from pgops.migrations.pending import is_pending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.migrations.folder import OpenFolder

NAME = ".pgops-journal"
ABSENT = "absent"
_VERSION = 1
_RELEASE_NAME = re.compile(rf"{RELEASED}/[0-9]{{14}}\.sql")


@attrs.frozen(kw_only=True)
class Change:
    """One file before and after. None is no file; a name in `released/` can only be a new one."""

    name: str
    before: bytes | None = attrs.field(repr=False)
    after: bytes | None = attrs.field(repr=False)

    @property
    def is_release(self) -> bool:
        """Whether it adds a file to what is released."""
        return "/" in self.name


class Recovered(enum.Enum):
    """What became of a change that was broken off."""

    NOTHING = "there was none"
    FINISHED = "finished"
    UNDONE = "undone"


class _State(enum.Enum):
    DONE = enum.auto()
    TO_DO = enum.auto()
    IN_THE_WAY = enum.auto()


@attrs.frozen(kw_only=True)
class _Step:
    """One file of the journal: hashes, and the prepared file that has the new content."""

    name: str
    before: str
    after: str
    prepared: str | None

    @property
    def is_release(self) -> bool:
        return "/" in self.name


def carry_out(folder: OpenFolder, changes: Sequence[Change]) -> None:
    """Make all of the changes, or none where it raises before the first. The caller holds the lock.

    Raises as `OpenFolder.refuse` does, and `FileExistsError` for a released file that is there.
    """
    steps: list[_Step] = []
    for change in changes:
        _refuse(folder, change.name)
    try:
        for change in changes:
            like = None if change.is_release else change.name
            prepared = folder.prepare(change.after, like=like) if change.after is not None else None
            steps.append(
                _Step(name=change.name, before=hash_of(change.before), after=hash_of(change.after), prepared=prepared)
            )
        journal = folder.prepare(_written(folder, steps))
        folder.place(journal, NAME)
    except BaseException:
        folder.sweep()
        raise
    folder.settle()
    try:
        _finish(folder, steps)
    except Exception:
        if all(_state(folder, step) is not _State.DONE for step in steps):
            _forget(folder)
        raise


def recover(folder: OpenFolder) -> Recovered:
    """Finish or undo what a killed writer left. The caller holds the lock.

    Raises `JournalError` where neither can be done: somebody has changed a file meanwhile, or the journal is none.
    """
    content = folder.read(NAME)
    if content is None:
        found = folder.prepared()
        folder.sweep()
        return Recovered.UNDONE if found else Recovered.NOTHING
    steps = _steps(folder, content)
    states = [_state(folder, step) for step in steps]
    if _State.IN_THE_WAY not in states:
        _finish(folder, [step for step, state in zip(steps, states, strict=True) if state is _State.TO_DO])
        return Recovered.FINISHED
    # A released file that is another now may have been ours: then its release can't be called undone.
    in_the_way = [step for step, state in zip(steps, states, strict=True) if state is _State.IN_THE_WAY]
    if _State.DONE not in states and not any(step.is_release and _is_there(folder, step) for step in in_the_way):
        _forget(folder)
        return Recovered.UNDONE
    names = ", ".join(step.name for step in in_the_way)
    raise JournalError(
        f"A change in {folder.path} was broken off, and {names} is another file now than it was then or would have"
        " become.",
        cure=f"Look at the folder, put it right, and remove {NAME}.",
    )


def is_left(folder: OpenFolder) -> bool:
    """Whether a change was broken off, or is being made right now."""
    return folder.status(NAME) is not None or bool(folder.prepared())


def hash_of(content: bytes | None) -> str:
    """SHA-256 in hexadecimal, or "absent"."""
    return ABSENT if content is None else hashlib.sha256(content).hexdigest()


def content_of(folder: OpenFolder, name: str) -> bytes | None:
    """What is there now, in the folder or its `released/`."""
    above, slash, below = name.rpartition("/")
    if not slash:
        return folder.read(name)
    try:
        with folder.below(above) as inner:
            return inner.read(below)
    except FileNotFoundError:
        return None


def _finish(folder: OpenFolder, steps: Sequence[_Step]) -> None:
    # What is released comes first: until its file is there, nothing of what it was made of is gone.
    for step in sorted(steps, key=lambda step: not step.is_release):
        if step.prepared is None:
            folder.remove(step.name)
        elif step.is_release:
            folder.add_released(step.prepared, step.name.removeprefix(f"{RELEASED}/"))
        else:
            folder.place(step.prepared, step.name)
    folder.settle()
    _forget(folder)


def _forget(folder: OpenFolder) -> None:
    """Forget the change: what is done of it stays, and nothing more will be."""
    folder.remove(NAME)
    folder.settle()
    folder.sweep()


def _state(folder: OpenFolder, step: _Step) -> _State:
    now = hash_of(content_of(folder, step.name))
    if now == step.after:
        return _State.DONE
    ready = step.prepared is None or hash_of(folder.read(step.prepared)) == step.after
    return _State.TO_DO if now == step.before and ready else _State.IN_THE_WAY


def _is_there(folder: OpenFolder, step: _Step) -> bool:
    return content_of(folder, step.name) is not None


def _refuse(folder: OpenFolder, name: str) -> None:
    """Raise where the workspace may not write or remove this file."""
    if _RELEASE_NAME.fullmatch(name):
        if content_of(folder, name) is not None:
            raise FileExistsError(f"{folder.path / name} is there already, and is never replaced.")
        return
    folder.refuse(name)
    if not _may_change(name):
        raise ReleasedNameError(f"{name!r} is no file that the workspace changes.")


def _may_change(name: str) -> bool:
    return is_pending(name) or name == changelog.NAME or _RELEASE_NAME.fullmatch(name) is not None


def _written(folder: OpenFolder, steps: Sequence[_Step]) -> bytes:
    journal = {"version": _VERSION, "folder": _identity(folder), "steps": [attrs.asdict(step) for step in steps]}
    return json.dumps(journal, indent=1).encode("ascii")


def _steps(folder: OpenFolder, content: bytes) -> tuple[_Step, ...]:
    try:
        journal: dict[str, Any] = json.loads(content)
        steps = tuple(_Step(**step) for step in journal["steps"])
        known = journal["version"] == _VERSION and journal["folder"] == _identity(folder)
        sound = all(
            _may_change(step.name)
            and (step.prepared is None or is_prepared(step.prepared))
            and (step.prepared is None) == (step.after == ABSENT)
            and not (step.is_release and step.before != ABSENT)
            for step in steps
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        known = sound = False
        steps = ()
    if not (known and sound):
        raise JournalError(
            f"{folder.path / NAME} is no journal of a change that was made here.",
            cure="It may have come from a copy of the folder, or with a clone: look at it, and remove it.",
        )
    return steps


def _identity(folder: OpenFolder) -> int:
    status = folder.status(".")
    assert status is not None  # noqa: S101  an open folder is there
    return status.st_ino
