"""Pending files rewritten as proposals: one edited, one split in several that keep the order.

Whatever follows a file that is split moves up in its numbers, and every changelog block moves with its file.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs

from pgops.errors import MigrationNameError, MigrationTextError, NothingPendingError
from pgops.migrations import changelog
from pgops.migrations.appending import Ending, checked_sql, comment_line, ending
from pgops.migrations.changelog import Changelog, entry_line
from pgops.migrations.changes import FilesProposal, differences, outcome_of, target_of
from pgops.migrations.guardrails import refuse_released
from pgops.migrations.journal import Change
from pgops.migrations.pending import PLAIN, PendingFile, number_of, numbered, read_pending, text_of
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgops.migrations.folder import OpenFolder


@attrs.frozen(kw_only=True)
class Part:
    """A pending file to be: its text, and the lines of its changelog block."""

    text: str
    entries: tuple[str, ...]


def propose_edit(folder: OpenFolder, file: str, text: str, summary: str) -> FilesProposal:
    """The proposal that `Workspace.edit` gives."""
    chosen = chosen_pending(folder, file)
    ending(checked_sql(text).removeprefix("\ufeff"))
    log = Changelog(text_of(folder, changelog.NAME) or "").with_entry(chosen.name, today(), summary)
    changes = (
        Change(name=chosen.name, before=chosen.text.encode(), after=text.encode()),
        Change(name=changelog.NAME, before=folder.read(changelog.NAME), after=log.text.encode()),
    )
    return proposal_of(folder, "migrations.edit", f"Edit {chosen.name}: {summary.strip()}", changes)


def propose_split(folder: OpenFolder, file: str, lines: Sequence[int]) -> FilesProposal:
    """The proposal that `Workspace.split` gives."""
    pending = read_pending(folder)
    chosen = chosen_pending(folder, file, pending)
    texts = _cut(chosen, lines)
    log = Changelog(text_of(folder, changelog.NAME) or "")
    _, block = log.without(chosen.name)
    parts = _with_entries(texts, block, chosen.name)
    following = pending[pending.index(chosen) + 1 :]
    changes = rearranged(folder, [chosen, *following], [*parts, *kept(log, following)], log)
    names = ", ".join(change.name for change in changes if change.after is not None and change.name != changelog.NAME)
    return proposal_of(folder, "migrations.split", f"Split {chosen.name} into {len(parts)}: {names}", changes)


def rearranged(
    folder: OpenFolder, before: Sequence[PendingFile], after: Sequence[Part], log: Changelog
) -> tuple[Change, ...]:
    """The changes that put `after` in the place of `before`, which are the last pending files, in order.

    The first keeps its name where there is one of each kind: `prerelease.sql` becomes `1_prerelease.sql` when others
    come to stand behind it.
    """
    names = _names(before[0].name, len(after))
    old = {each.name: each.text.encode() for each in before}
    new = {name: part.text.encode() for name, part in zip(names, after, strict=True)}
    for each in before:
        log, _ = log.without(each.name)
    for name, part in zip(names, after, strict=True):
        if part.entries:
            log = log.with_lines(name, part.entries)
    changes = [
        Change(name=name, before=old.get(name, folder.read(name)), after=new.get(name))
        for name in dict.fromkeys([*new, *old])
    ]
    changes.append(
        Change(name=changelog.NAME, before=folder.read(changelog.NAME), after=log.text.encode()),
    )
    return tuple(change for change in changes if change.before != change.after)


def kept(log: Changelog, files: Sequence[PendingFile]) -> list[Part]:
    """The files as they are, with their changelog blocks."""
    return [Part(text=each.text, entries=tuple(log.without(each.name)[1])) for each in files]


def chosen_pending(folder: OpenFolder, file: str, pending: Sequence[PendingFile] | None = None) -> PendingFile:
    """The pending file of that name.

    Raises `NothingPendingError` or `MigrationNameError` where there is none, `ReleasedNameError` for a released name.
    """
    refuse_released(file)
    pending = read_pending(folder) if pending is None else pending
    if not pending:
        raise NothingPendingError(f"There is no pending file in {folder.path}.", cure="Record something first.")
    for each in pending:
        if each.name == file:
            folder.refuse(file)
            return each
    known = ", ".join(each.name for each in pending)
    raise MigrationNameError(f"There is no pending file {visible(file)!r}.", cure=f"Name one of: {known}.")


def proposal_of(folder: OpenFolder, kind: str, title: str, changes: tuple[Change, ...]) -> FilesProposal:
    """A proposal that shows every file's difference."""
    if not changes:
        raise NothingPendingError(f"{title}: nothing would change.", cure="There is nothing to do.")
    for change in changes:
        folder.refuse(change.name)
    return FilesProposal(
        kind=kind,
        title=title,
        statements=differences(changes),
        target=target_of(folder.path, changes),
        parameters=outcome_of(changes),
        folder=folder.path,
        changes=changes,
    )


def today() -> dt.date:
    """The day in UTC, as changelogs have it."""
    return dt.datetime.now(dt.UTC).date()


def _cut(file: PendingFile, lines: Sequence[int]) -> list[str]:
    """The text from line to line. Raises `MigrationTextError` where a statement would be cut in two."""
    all_lines = file.text.split("\n")
    cuts = sorted(set(lines))
    if not cuts or cuts[0] < 2 or cuts[-1] > len(all_lines):
        raise MigrationTextError(
            f"{file.name} has {len(all_lines)} lines.", cure="Name the lines, from 2, with which further files begin."
        )
    edges = [0, *(line - 1 for line in cuts), len(all_lines)]
    texts = ["\n".join(all_lines[start:end]) + "\n" for start, end in pairwise(edges)]
    texts[-1] = texts[-1].removesuffix("\n")
    for text, line in zip(texts, [*cuts, None], strict=True):
        if _is_cut(text, is_last=line is None):
            raise MigrationTextError(
                f"{file.name}:{line} is within a statement.", cure="Name a line with which a statement begins."
            )
        if ending_or_none(text) is Ending.EMPTY:
            raise MigrationTextError(f"A part of {file.name} would hold no statement.", cure="Name other lines.")
    return texts


def _is_cut(text: str, *, is_last: bool) -> bool:
    found = ending_or_none(text)
    return found is None or (found is Ending.WITHIN and not is_last)


def ending_or_none(text: str) -> Ending | None:
    """How the text ends; None where a quote is open."""
    try:
        return ending(text.removeprefix("\ufeff"))
    except MigrationTextError:
        return None


def _with_entries(texts: Sequence[str], block: Sequence[str], file: str) -> list[Part]:
    """Each part with the entries whose comment stands in it; the first gets all that can't be told."""
    left = list(block)
    parts: list[Part] = []
    said = entry_line(today(), f"split from {file}")
    for text in reversed(texts[1:]):
        commented = set(_entries_of_comments(text))
        mine = [line for line in left if line in commented]
        left = [line for line in left if line not in commented]
        parts.append(Part(text=text, entries=(*mine, said)))
    return [Part(text=texts[0], entries=(*left, said)), *reversed(parts)]


def _entries_of_comments(text: str) -> list[str]:
    """The changelog lines that were written together with the comment lines of this text."""
    found: list[str] = []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        day, _, summary = rest.partition(" ")
        try:
            on = dt.date.fromisoformat(day)
            if mark == "--" and line == comment_line(summary, on):
                found.append(entry_line(on, summary))
        except (ValueError, MigrationTextError):
            continue
    return found


def _names(first: str, count: int) -> list[str]:
    number = number_of(first)
    if number is None:
        return [PLAIN] if count == 1 else [numbered(each) for each in range(1, count + 1)]
    return [numbered(each) for each in range(number, number + count)]
