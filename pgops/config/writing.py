"""A change of a user's file as a proposal: shown without any password, applied whole or not at all.

The proposal holds the text before and after, sealed. What it shows is the difference, every password masked; what an
approval agrees to covers the real contents through their hashes. So a file that somebody changed since is not written
over, and an approval for one file fits no other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from pgops.approval import Keep, Proposal, Record, agreed, recorded
from pgops.config.document import file_text
from pgops.config.masking import masked_difference
from pgops.errors import StaleProposalError
from pgops.files import write_whole
from pgops.locking import locked
from pgops.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgops.approval import Approval

ABSENT = "absent"
PRIVATE = 0o600
_WAIT_S = 10.0


@attrs.frozen(kw_only=True)
class FileProposal(Proposal):
    """A file's new text. `propose_file` makes one.

    `target` is the real path and the SHA-256 of what is there ("absent" for no file); `statements` are the difference.
    """

    language: ClassVar[str] = "diff"
    path: Path
    """As the caller named it; a link is followed when the proposal is applied."""
    before: Secret | None = attrs.field(repr=False)
    """None where there is no file yet."""
    after: Secret = attrs.field(repr=False)
    mode: int | None = None
    """The file's permissions afterwards. None: an old file keeps its own, a new one is the owner's alone (0600)."""
    keeps_backup: bool = True

    @property
    def is_consistent(self) -> bool:
        """Whether the text that would be written is the one that was agreed to."""
        return bool(self.parameters["sha256"] == fingerprint(self.after))

    @property
    def diff(self) -> str:
        """The unified difference, every password masked; empty where the text stays as it is."""
        return "\n".join(self.statements)

    @property
    def is_change(self) -> bool:
        """False where the file already is as it should be: then `apply` writes nothing."""
        return bool(self.before != self.after or (self.mode is not None and self.mode != _mode(self.path)))

    def apply(self, *, approval: Approval | None, record: Keep | None = None, wait_s: float = _WAIT_S) -> Record:
        """Write the file, with a backup of the old one beside it, and give a record of what was done.

        Raises `NotApprovedError` without an approval of this very proposal, `StaleProposalError` when the file is no
        longer what it was, `FileBusyError` when another writer holds it for more than `wait_s` seconds, `OSError` when
        the file can't be written. In each of these cases it is as it was.
        """
        approval = agreed(self, approval)
        began = dt.datetime.now(dt.UTC)
        real = Path(os.path.realpath(self.path))
        if not self.is_change:
            self._refuse_stale(real)
            outcome, backup = "nothing to change", None
        else:
            _make_folders(real.parent)
            with locked(real, wait_s=wait_s):
                self._refuse_stale(real)
                backup = self._write(real)
            outcome = "written"
        return recorded(
            self,
            approval,
            began=began,
            outcome=outcome,
            details={
                "path": str(self.path),
                "backup": str(backup) if backup is not None else None,
                "sha256": self.parameters["sha256"],
            },
            keep=record,
        )

    def _write(self, real: Path) -> Path | None:
        backup = None
        if self.before is not None and self.keeps_backup and self.before != self.after:
            backup = _back_up(real, self.before)
        if self.mode is not None and self.before is not None:
            real.chmod(self.mode)  # first, so that a new password is never in a file that others may still read
        if self.before != self.after:
            # A generator: the frames of a failing write hold no text.
            text = (part.reveal() for part in (self.after,))
            write_whole(real, text, mode=PRIVATE if self.mode is None else self.mode)
        return backup

    def _refuse_stale(self, real: Path) -> None:
        now = {"path": str(real), "sha256": fingerprint(current_text(real))}
        if now != dict(self.target):
            what = "is another file" if now["path"] != self.target["path"] else "has changed"
            raise StaleProposalError(
                f"{self.path} {what} since this was proposed: {self.title}.", cure="Propose it anew and look again."
            )


def propose_file(
    path: str | os.PathLike[str],
    after: str | Secret,
    *,
    title: str,
    kind: str = "file",
    before: Secret | None = None,
    mode: int | None = None,
    keeps_backup: bool = True,
    parameters: Mapping[str, Any] | None = None,
    effects: tuple[str, ...] = (),
    risks: tuple[str, ...] = (),
) -> FileProposal:
    """A proposal to give the file at `path` the text `after`, every character of it (line ends, byte order mark).

    `before` is the text that `after` was made from; None reads it now. Raises `ConfigError` where the file that is
    there can't be read as UTF-8.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100  resolve() would follow links
    after = after if isinstance(after, Secret) else Secret(after)
    before = current_text(path) if before is None else before
    return FileProposal(
        kind=kind,
        title=title,
        statements=(*_mode_change(path, mode), *masked_difference(before, after, path.name)),
        target={"path": os.path.realpath(path), "sha256": fingerprint(before)},
        parameters={
            "sha256": fingerprint(after),
            "mode": f"{mode:04o}" if mode is not None else "kept",
            **(parameters or {}),
        },
        effects=effects,
        risks=risks,
        path=path,
        before=before,
        after=after,
        mode=mode,
        keeps_backup=keeps_backup,
    )


def current_text(path: Path) -> Secret | None:
    """The file's text, or None where there is none. A link to nothing is a file that isn't there yet."""
    try:
        return file_text(Path(os.path.realpath(path)))
    except FileNotFoundError:
        return None


def fingerprint(text: Secret | None) -> str:
    """SHA-256 of the text as it stands in the file, in hexadecimal, or "absent"."""
    return ABSENT if text is None else hashlib.sha256(text.reveal().encode()).hexdigest()


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _mode_change(path: Path, wanted: int | None) -> tuple[str, ...]:
    now = _mode(path)
    return (f"mode {now:04o} -> {wanted:04o}",) if now is not None and wanted is not None and now != wanted else ()


def _make_folders(folder: Path) -> None:
    """Each one that is missing, for the owner alone: what is in them may hold passwords."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def _back_up(real: Path, text: Secret) -> Path:
    """A copy beside the file, never more open than it. Two in one second get different names."""
    stamp = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%SZ}"
    mode = (_mode(real) or PRIVATE) & PRIVATE
    for number in range(1, 1000):
        backup = real.with_name(f"{real.name}.bak-{stamp}" + (f"-{number}" if number > 1 else ""))
        if not backup.exists():
            return write_whole(backup, (part.reveal() for part in (text,)), mode=mode)
    raise StaleProposalError(f"{real} has had a thousand backups in one second.", cure="Stop who writes it.")
