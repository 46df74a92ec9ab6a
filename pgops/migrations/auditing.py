"""What nobody but a person can have done: the audit of a workspace, for pre-commit, CI and the curious.

It looks, and changes nothing, not even what a killed writer left. What was released is held against the hash that its
release wrote into CHANGELOG.md, and, in a git repository, against the commit that added it.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.config.migrations_folder import migrations_path
from pgops.findings import Severity
from pgops.migrations import changelog, journal
from pgops.migrations.changelog import Block, Changelog
from pgops.migrations.committed import changed_since_added
from pgops.migrations.folder import RELEASED, OpenFolder, open_folder
from pgops.migrations.guardrails import is_released
from pgops.migrations.pending import in_order, is_pending, number_of, read_pending_file, text_of
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pgops.config.model import Profile
    from pgops.migrations.pending import PendingFile

_STAMPED = re.compile(r"[0-9]{14}\.sql")
_LIKE_PENDING = re.compile(r"[0-9]*[_\W]*pre_?release\.sql", re.IGNORECASE)


CHANGELOG_CODES = frozenset({"no_entry", "entry_without_file"})
"""The codes of findings that say that files and changelog differ."""


@attrs.frozen(kw_only=True)
class AuditFinding:
    """One thing that is not as the calls leave it. `code` is its kind, for filters and for looking it up."""

    code: str
    severity: Severity
    path: Path
    message: str
    cure: str


def audit(
    root: str | os.PathLike[str] | None = None,
    *,
    profile: Profile | str | None = None,
    path: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> tuple[AuditFinding, ...]:
    """The findings about the workspace that `Workspace.open` would open, worst first; () where all is well.

    Unlike opening it, this leaves a change that was broken off as it is, and reports it.

    Raises `WorkspaceError` where there is no folder, `OSError` where something in it can't be read: neither is a good
    answer.
    """
    found = migrations_path(profile=profile, path=path, root=root, env=env, cwd=cwd)
    with open_folder(found.path) as folder:
        findings = list(_findings(folder))
    return tuple(sorted(findings, key=lambda each: (-each.severity, str(each.path), each.code)))


def _findings(folder: OpenFolder) -> Iterator[AuditFinding]:
    names = folder.names()
    yield from _unfinished(folder)
    yield from _links(folder, names)
    pending = [read_pending_file(folder, name) for name in in_order(names) if folder.is_file(name)]
    log = Changelog((text_of(folder, changelog.NAME) or "") if folder.is_file(changelog.NAME) else "")
    yield from _numbering(folder, names)
    yield from _against_changelog(folder, names, pending, log)
    yield from _released(folder, log)


# --- what a writer, or a hand, left -----------------------------------------------------------------------------------


def _unfinished(folder: OpenFolder) -> Iterator[AuditFinding]:
    if journal.is_left(folder):
        yield AuditFinding(
            code="unfinished",
            severity=Severity.WARNING,
            path=folder.path / journal.NAME,
            message="A change was broken off, and is neither finished nor undone; or one is being made right now.",
            cure="Workspace.open(), or any command of pgops migrations but this, finishes or undoes it.",
        )


def _links(folder: OpenFolder, names: Sequence[str]) -> Iterator[AuditFinding]:
    for name in names:
        status = folder.status(name)
        if status is None or not (is_pending(name) or name == changelog.NAME):
            continue
        if not stat.S_ISREG(status.st_mode):
            yield AuditFinding(
                code="no_file",
                severity=Severity.CRITICAL,
                path=folder.path / name,
                message="It is a link, or no file, so nothing is read from it or written to it.",
                cure="Put the file itself in its place.",
            )
        elif status.st_nlink > 1 and (twin := _twin(folder, status)) is not None:
            yield AuditFinding(
                code="hard_link",
                severity=Severity.CRITICAL,
                path=folder.path / name,
                message=f"The same file has been released as {visible(twin)}: an editor would change both.",
                cure="Remove this name (the released file stays), and record what is pending anew.",
            )
    for path, mode in _released_entries(folder):
        if stat.S_ISLNK(mode):
            yield AuditFinding(
                code="released_link",
                severity=Severity.CRITICAL,
                path=folder.path / path,
                message="A released name is a link: what it leads to can change without it.",
                cure="Put the file itself in its place.",
            )


def _twin(folder: OpenFolder, status: os.stat_result) -> str | None:
    wanted = status.st_dev, status.st_ino
    return next((path for path, inode in folder.released_files() if inode == wanted), None)


def _released_entries(folder: OpenFolder) -> Iterator[tuple[str, int]]:
    """Each name out of bounds beneath the folder, files, folders and links, with its mode."""
    for above, folders, files, fd in os.fwalk(".", dir_fd=folder.fd, follow_symlinks=False, onerror=_raised):
        inside = any(is_released(part) for part in Path(above).parts)
        for name in (*folders, *files):
            if inside or is_released(name):
                mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
                yield os.path.normpath(os.path.join(above, name)), mode  # noqa: PTH118  names, not paths


def _raised(problem: OSError) -> None:
    raise problem


# --- numbers ----------------------------------------------------------------------------------------------------------


def _numbering(folder: OpenFolder, names: Sequence[str]) -> Iterator[AuditFinding]:
    numbers = Counter(number for name in names if is_pending(name) and (number := number_of(name)) is not None)
    for number, count in numbers.items():
        if count > 1:
            yield AuditFinding(
                code="same_number",
                severity=Severity.WARNING,
                path=folder.path,
                message=f"{count} pending files have the number {number}, so their order is an accident.",
                cure="Number them anew.",
            )
    if numbers:
        first = min(numbers)
        begins = first in ((1, 2) if "prerelease.sql" in names else (1,))
        missing = sorted(set(range(first if begins else 1, max(numbers))) - set(numbers))
        if missing:
            shown = ", ".join(map(str, missing[:5])) + (" and more" if len(missing) > 5 else "")
            yield AuditFinding(
                code="gap",
                severity=Severity.WARNING,
                path=folder.path,
                message=f"The numbers of the pending files have a gap: {shown}. Is a file missing?",
                cure="Bring it back, or number the files anew.",
            )
    for name in names:
        if not is_pending(name) and _LIKE_PENDING.fullmatch(name):
            yield AuditFinding(
                code="not_pending",
                severity=Severity.WARNING,
                path=folder.path / name,
                message="It looks like a pending file and is none: prerelease.sql is one, and 1_prerelease.sql.",
                cure="Rename it.",
            )


# --- files and changelog ----------------------------------------------------------------------------------------------


def _against_changelog(
    folder: OpenFolder, names: Sequence[str], pending: Sequence[PendingFile], log: Changelog
) -> Iterator[AuditFinding]:
    for each in pending:
        if not each.is_empty and not any(block.entries for block in log.of(each.name)):
            yield AuditFinding(
                code="no_entry",
                severity=Severity.WARNING,
                path=each.path,
                message=f"It holds statements, and {changelog.NAME} has no entry for it.",
                cure=f"Write a dated line under ## {changelog.WIP}, ### {each.name}; Workspace.record does both.",
            )
    for block in log.blocks:
        if block.section == changelog.WIP and block.file not in names and is_pending(block.file):
            yield AuditFinding(
                code="entry_without_file",
                severity=Severity.WARNING,
                path=folder.path / changelog.NAME,
                message=f"Line {block.first + 1}: there are entries for {visible(block.file)}, and no such file.",
                cure="Bring the file back, or take the entries out.",
            )


# --- what was released ------------------------------------------------------------------------------------------------


def _released(folder: OpenFolder, log: Changelog) -> Iterator[AuditFinding]:
    blocks: dict[str, list[Block]] = {}
    for block in log.blocks:
        if block.section == changelog.RELEASED:
            blocks.setdefault(block.file, []).append(block)
    files = [path for path, mode in _released_entries(folder) if stat.S_ISREG(mode)]
    direct = {Path(path).name: path for path in files if Path(path).parent == Path(RELEASED)}
    first_hashed = min((name for name, of in blocks.items() if any(block.has_hash for block in of)), default=None)
    old: list[str] = []
    fitting: list[str] = []
    for path in files:
        name = Path(path).name
        own = blocks.get(name, []) if direct.get(name) == path else []
        if any(block.has_hash for block in own):
            found = list(_against_hashes(folder, path, own))
            yield from found
            fitting += [name] if not found else []
        elif first_hashed is not None and _STAMPED.fullmatch(name) and path in direct.values() and name > first_hashed:
            yield AuditFinding(
                code="no_hash",
                severity=Severity.WARNING,
                path=folder.path / path,
                message=f"It was released after {first_hashed}, and {changelog.NAME} has no hash of it.",
                cure="Was the line taken out, or the file put there by hand? git log tells.",
            )
        else:
            old.append(path)
    yield from _against_git(folder, fitting)
    for name, own in blocks.items():
        if name not in direct and any(block.has_hash for block in own):
            yield AuditFinding(
                code="released_file_missing",
                severity=Severity.CRITICAL,
                path=folder.path / RELEASED / name,
                message=f"{changelog.NAME} says that it was released, and it is gone.",
                cure="Bring it back, from git say.",
            )
    if old:
        yield AuditFinding(
            code="released_without_hash",
            severity=Severity.INFO,
            path=folder.path / old[0] if len(old) == 1 else folder.path,
            message=f"{len(old)} released {'file has' if len(old) == 1 else 'files have'} no hash, since they were not"
            " released by pgops: whether they were changed is not known.",
            cure="git log tells.",
        )


def _against_hashes(folder: OpenFolder, path: str, blocks: Sequence[Block]) -> Iterator[AuditFinding]:
    block = next(block for block in blocks if block.has_hash)
    content = journal.content_of(folder, path) or b""
    now = journal.hash_of(content)
    if block.sha256 is None or not block.is_sealed or len({each.sha256 for each in blocks if each.has_hash}) > 1:
        yield AuditFinding(
            code="changed_manifest",
            severity=Severity.CRITICAL,
            path=folder.path / changelog.NAME,
            message=f"Line {block.first + 1}: the hash of {path}, or the line above it, was changed after the release.",
            cure="Bring back the lines as the release wrote them, from git say, and audit again.",
        )
    if block.sha256 == now:
        return
    if block.sha256 in _hashes_with_other_line_ends(content):
        yield AuditFinding(
            code="other_line_ends",
            severity=Severity.INFO,
            path=folder.path / path,
            message="Only its line ends are others than at its release: git may have changed them (core.autocrlf).",
            cure="Write `released/** -text` into .gitattributes beside it, and check the file out again.",
        )
    else:
        yield AuditFinding(
            code="edited_after_release",
            severity=Severity.CRITICAL,
            path=folder.path / path,
            message=f"It was changed after its release: its SHA-256 is {now[:12]}..., and was"
            f" {(block.sha256 or 'unreadable')[:12]}...",
            cure="Bring it back, from git say, and record what shall change as a new migration.",
        )


def _hashes_with_other_line_ends(content: bytes) -> tuple[str, str]:
    unix = content.replace(b"\r\n", b"\n")
    return journal.hash_of(unix), journal.hash_of(unix.replace(b"\n", b"\r\n"))


def _against_git(folder: OpenFolder, names: Sequence[str]) -> Iterator[AuditFinding]:
    """Hash and file can be changed together; what was committed first can't."""
    for name, commit in changed_since_added(folder.path, [f"{RELEASED}/{name}" for name in names]).items():
        yield AuditFinding(
            code="changed_since_commit",
            severity=Severity.CRITICAL,
            path=folder.path / name,
            message=f"It is not the file that commit {commit} added. Its hash fits: both were changed.",
            cure=f"git checkout {commit} -- {name}, and the same for the lines in {changelog.NAME}.",
        )
