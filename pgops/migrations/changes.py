"""A change of several files of the workspace as a proposal: shown, approved, and made whole or not at all."""

from __future__ import annotations

import datetime as dt
import difflib
import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from pgops.approval import Keep, Proposal, Record, agreed, recorded
from pgops.errors import StaleProposalError
from pgops.locking import locked
from pgops.migrations.folder import OpenFolder, open_folder
from pgops.migrations.journal import Change, Recovered, carry_out, content_of, hash_of, recover

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgops.approval import Approval
    from pgops.migrations.pending import PendingFile

_log = logging.getLogger(__name__)

WAIT_S = 10.0
_LOCK = Path("pgops")


@attrs.frozen(kw_only=True)
class FilesProposal(Proposal):
    """New contents for files of the workspace. `Workspace.release`, `edit`, `split` and `consolidate` make them.

    `target` is the folder and the SHA-256 of each file as it is; `statements` are the differences, file by file.
    """

    language: ClassVar[str] = "diff"
    folder: Path
    changes: tuple[Change, ...]

    @property
    def is_consistent(self) -> bool:
        """Whether the files would become what was agreed to."""
        same_files = self.parameters["files"] == outcome_of(self.changes)["files"]
        return bool(same_files and self.target["folder"] == str(self.folder))

    @property
    def diff(self) -> str:
        """The unified differences of all files."""
        return "\n".join(self.statements)

    def dry_run(self) -> tuple[str, ...]:
        """What `apply` would do, file by file, once it is sure that it still could. Nothing is written.

        Raises `StaleProposalError` where a file has changed since, and `WorkspaceError` where one may not be written.
        """
        with open_folder(self.folder) as folder:
            self._refuse_stale(folder)
            for change in self.changes:
                if not change.is_release:
                    folder.refuse(change.name)
        return tuple(f"{_verb(change)} {change.name} ({_size(change.after)})" for change in self.changes)

    def apply(self, *, approval: Approval | None, record: Keep | None = None, wait_s: float = WAIT_S) -> Record:
        """Make the change, all of it, and give a record of what was done.

        Raises `NotApprovedError` without an approval of this very proposal, `StaleProposalError` when a file is no
        longer what it was, `FileBusyError` when another writer holds the workspace for more than `wait_s` seconds,
        `WorkspaceError` where a file may not be written, `OSError` when it can't be. In each of these cases every file
        is as it was.
        """
        approval = agreed(self, approval)
        began = dt.datetime.now(dt.UTC)
        with writing_in(self.folder, wait_s=wait_s) as folder:
            self._refuse_stale(folder)
            carry_out(folder, self.changes)
        return recorded(
            self,
            approval,
            began=began,
            outcome="written",
            details={"folder": str(self.folder), **self.parameters},
            keep=record,
        )

    def _refuse_stale(self, folder: OpenFolder) -> None:
        for name, then in self.target["files"].items():
            if hash_of(content_of(folder, name)) != then:
                raise StaleProposalError(
                    f"{self.folder / name} has changed since this was proposed: {self.title}.",
                    cure="Propose it anew and look again.",
                )


@contextmanager
def writing_in(path: Path, *, make: bool = False, wait_s: float = WAIT_S) -> Iterator[OpenFolder]:
    """The folder, for one writer at a time; what a killed one left there is finished or undone first.

    Raises as `open_folder` and `recover`, and `FileBusyError` after `wait_s` seconds.
    """
    with open_folder(path, make=make) as folder, locked(folder.path / _LOCK, wait_s=wait_s, folder=folder.fd):
        recovered = recover(folder)
        if recovered is not Recovered.NOTHING:
            _log.warning("a change in %s that was broken off has been %s", folder.path, recovered.value)
        yield folder


def differences(changes: Sequence[Change]) -> tuple[str, ...]:
    """The unified differences, as lines, of every change in turn."""
    lines: list[str] = []
    for change in changes:
        old, new = (change.name if side is not None else "/dev/null" for side in (change.before, change.after))
        found = list(difflib.unified_diff(_lines(change.before), _lines(change.after), old, new, lineterm=""))
        lines += found or [f"--- {old}", f"+++ {new}"]
    return tuple(lines)


def target_of(folder: Path, changes: Sequence[Change], others: Iterable[PendingFile] = ()) -> dict[str, Any]:
    """The `target` of a proposal: the folder, and each file as it is; `others` are those that have to stay so too."""
    files = {each.name: hash_of(each.text.encode()) for each in others}
    return {"folder": str(folder), "files": files | {change.name: hash_of(change.before) for change in changes}}


def outcome_of(changes: Sequence[Change]) -> dict[str, object]:
    """The `parameters` of a proposal: each file as it will be."""
    return {"files": {change.name: hash_of(change.after) for change in changes}}


def _lines(content: bytes | None) -> list[str]:
    return content.decode("utf-8", "backslashreplace").replace("\r\n", "\n").split("\n") if content else []


def _verb(change: Change) -> str:
    if change.after is None:
        return "remove"
    return "add" if change.before is None else "write"


def _size(content: bytes | None) -> str:
    return "nothing is left" if content is None else f"{len(content)} bytes"
