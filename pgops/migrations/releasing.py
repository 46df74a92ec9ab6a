"""A release: the first pending file becomes history, and an empty one takes its place.

The file's text goes to `released/<UTC time>.sql`, byte for byte; its changelog block moves to RELEASED with the day,
the file, one line, and the hash that an audit will hold the released file against.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from pgops.errors import MigrationNameError, NothingPendingError
from pgops.migrations import changelog
from pgops.migrations.changelog import Changelog, checked_summary
from pgops.migrations.changes import FilesProposal, differences, outcome_of, target_of
from pgops.migrations.folder import RELEASED
from pgops.migrations.guardrails import refuse_released
from pgops.migrations.journal import Change, hash_of
from pgops.migrations.pending import read_pending, text_of
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Collection

    from pgops.migrations.folder import OpenFolder
    from pgops.migrations.pending import PendingFile

_STAMP = "%Y%m%d%H%M%S"
_RELEASE = re.compile(r"[0-9]{14}\.sql")


def propose_release(folder: OpenFolder, summary: str, file: str | None) -> FilesProposal:
    """The proposal that `Workspace.release` gives."""
    summary = checked_summary(summary)
    pending = read_pending(folder)
    chosen = _chosen(pending, file, folder)
    folder.refuse(chosen.name)
    now = dt.datetime.now(dt.UTC)
    there = _released_names(folder)
    name = _free_name(now, there)
    content = chosen.text.encode()
    log = Changelog(text_of(folder, changelog.NAME) or "")
    after = log.with_release(chosen.name, name, now.date(), summary, hash_of(content))
    changes = (
        Change(name=f"{RELEASED}/{name}", before=None, after=content),
        Change(name=chosen.name, before=content, after=b""),
        Change(name=changelog.NAME, before=folder.read(changelog.NAME), after=after.text.encode()),
    )
    return FilesProposal(
        kind="migrations.release",
        title=f"Release {chosen.name} as {RELEASED}/{name}",
        statements=(f"{chosen.name} -> {RELEASED}/{name}, sha256 {hash_of(content)}", *differences(changes[2:])),
        target=target_of(folder.path, changes, pending[: pending.index(chosen)]),  # those before it have to stay empty
        parameters={**outcome_of(changes), "summary": summary},
        effects=(
            f"{RELEASED}/{name} is added, and never changed by pgops from then on.",
            f"{chosen.name} is empty again; its changelog block moves to {changelog.RELEASED}.",
        ),
        risks=_risks(name, there),
        folder=folder.path,
        changes=changes,
    )


def _chosen(pending: tuple[PendingFile, ...], file: str | None, folder: OpenFolder) -> PendingFile:
    """The named file, or the first with anything in it: later ones may build on it, so it can't be passed over."""
    if file is not None:
        refuse_released(file)
    if not pending:
        raise NothingPendingError(f"There is no pending file in {folder.path}.", cure="Record something first.")
    named = next((each for each in pending if each.name == file), None)
    if file is not None and named is None:
        known = ", ".join(each.name for each in pending)
        raise MigrationNameError(f"There is no pending file {visible(file)!r}.", cure=f"Name one of: {known}.")
    first = next((each for each in pending if not each.is_empty), None)
    if first is None or (named is not None and named.is_empty):
        empty = (named or pending[0]).path
        raise NothingPendingError(f"There is nothing to release in {empty}.", cure="Record something first.")
    if named is not None and named is not first:
        raise MigrationNameError(
            f"{named.name} can't be released before {first.name}, which comes first.", cure=f"Release {first.name}."
        )
    return first


def _free_name(now: dt.datetime, there: Collection[str]) -> str:
    """Of this second, or of the next one that has none."""
    while (name := f"{now:{_STAMP}}.sql") in there:
        now += dt.timedelta(seconds=1)
    return name


def _released_names(folder: OpenFolder) -> list[str]:
    try:
        with folder.below(RELEASED) as released:
            return released.names()
    except FileNotFoundError:
        return []


def _risks(name: str, there: Collection[str]) -> tuple[str, ...]:
    later = max((each for each in there if _RELEASE.fullmatch(each)), default="")
    if later > name:
        return (f"{RELEASED}/{later} is dated later: whoever applies them by name takes this one first.",)
    return ()
