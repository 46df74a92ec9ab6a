"""The pending files: `prerelease.sql`, or in order `1_prerelease.sql`, `2_prerelease.sql` and so on.

Numbers are compared as numbers (10 comes after 2). `prerelease.sql` beside numbered ones comes first.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.errors import MigrationNameError, MigrationTextError, WorkspaceError
from pgops.migrations.appending import Ending, ending
from pgops.migrations.folder import RELEASED
from pgops.migrations.guardrails import refuse_new
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pgops.migrations.folder import OpenFolder

PLAIN = "prerelease.sql"
_NAME = re.compile(r"(?:([0-9]{1,9})_)?prerelease\.sql")


@attrs.frozen(kw_only=True)
class PendingFile:
    """One file that waits for its release, as it was when it was read."""

    name: str
    path: Path
    text: str = attrs.field(repr=False)
    """As it stands in the file, byte order mark and line ends included."""

    @property
    def number(self) -> int:
        """Its place in the order; 0 for `prerelease.sql`."""
        return number_of(self.name) or 0

    @property
    def is_empty(self) -> bool:
        """Whether it holds no statement: nothing, or blanks and comments."""
        try:
            return ending(self.text.removeprefix("\ufeff")) is Ending.EMPTY
        except MigrationTextError:  # an open quote is something, for people to mend
            return False


def is_pending(name: str) -> bool:
    """Whether a file of this name is taken as pending.

    >>> is_pending("10_prerelease.sql"), is_pending("Prerelease.sql"), is_pending("released.sql")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None


def number_of(name: str) -> int | None:
    """The number in a pending file's name; None where it has none."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found and found[1] else None


def in_order(names: Iterable[str]) -> list[str]:
    """The pending names among `names`, first to last.

    >>> in_order(["10_prerelease.sql", "CHANGELOG.md", "2_prerelease.sql"])
    ['2_prerelease.sql', '10_prerelease.sql']
    """
    return sorted((name for name in names if is_pending(name)), key=lambda name: (number_of(name) or 0, name))


def numbered(number: int) -> str:
    """The name of the pending file with that number."""
    return f"{number}_{PLAIN}"


def read_pending(folder: OpenFolder) -> tuple[PendingFile, ...]:
    """All of them, in order. Raises `WorkspaceError` where one is a link, no file, or not UTF-8."""
    return tuple(read_pending_file(folder, name) for name in in_order(folder.names()))


def read_pending_file(folder: OpenFolder, name: str) -> PendingFile:
    """One of them. Raises as `read_pending`."""
    return PendingFile(name=name, path=folder.path / name, text=text_of(folder, name) or "")


def text_of(folder: OpenFolder, name: str) -> str | None:
    """A file's text, every character of it, or None where there is none. Raises as `read_pending`."""
    content = folder.read(name)
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise WorkspaceError(
            f"{folder.path / name}:{line} is not UTF-8.", cure="Save the file as UTF-8; nothing was changed."
        ) from None


def chosen_name(wanted: str | None, there: Sequence[str]) -> str:
    """The pending file to append to: the named one, or the latest, or `prerelease.sql` where there is none.

    A new name has to be the next in order. Raises `MigrationNameError` for any other name, and `ReleasedNameError` for
    one that is out of bounds.

    >>> chosen_name(None, ["2_prerelease.sql", "10_prerelease.sql"]), chosen_name(None, [])
    ('10_prerelease.sql', 'prerelease.sql')
    """
    if wanted is None:
        return there[-1] if there else PLAIN
    if wanted in there:
        return wanted
    refuse_new(wanted)
    new = next_names(there)
    if wanted not in new:
        known = " or ".join(dict.fromkeys([*there, *new]))
        raise MigrationNameError(f"{visible(wanted)!r} can't be a pending file here.", cure=f"Name {known}.")
    return wanted


def next_names(there: Sequence[str]) -> tuple[str, ...]:
    """What a new pending file may be called: where `prerelease.sql` is alone, it may count as the first or not."""
    if not there:
        return PLAIN, numbered(1)
    last = number_of(there[-1])
    return (numbered(last + 1),) if last is not None else (numbered(1), numbered(2))


def released_texts(folder: OpenFolder) -> Iterator[str]:
    """The text of each file in released/, in the order of their dates."""
    if RELEASED not in folder.names():
        return
    with folder.below(RELEASED) as released:
        for name in sorted(released.names()):
            content = released.read(name) if name.endswith(".sql") else None
            if content is not None:
                yield content.decode("utf-8", "replace").removeprefix("\ufeff")
