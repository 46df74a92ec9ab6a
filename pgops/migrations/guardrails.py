"""Which names are out of bounds: whatever ends with `released`, and all that lies beneath it.

What was released is history, so no call here creates, changes, moves or deletes it; the one exception, an approved
release, adds one file. The rule goes by how a name reads, not by its bytes: letter case, an extension, trailing dots
and spaces, unicode forms that look the same and characters that nobody sees make no difference. That refuses a few
harmless names (`unreleased.sql`) and never lets one pass. Links and hard links are `folder`'s part: they need a look.

>>> is_released("Released.SQL"), is_released("ｒｅｌｅａｓｅｄ. "), is_released("prerelease.sql")
(True, True, False)
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePath

from pgops.errors import MigrationNameError, ReleasedNameError
from pgops.render.visible import is_hidden, visible

WORD = "released"

# A dot ends the name before an extension; of the others each does so on some system, or looks like one that does.
_ENDS = re.compile(r"[./\\:]")


def is_released(name: str) -> bool:
    """Whether a single name, of a file or a folder, ends with `released`, before any of its extensions too."""
    return any(piece.rstrip().endswith(WORD) for piece in _ENDS.split(_as_read(name)))


def released_part(path: str | os.PathLike[str]) -> str | None:
    """The first name in `path` that is out of bounds, or None. Nothing is looked up: `..` and links stay as written.

    >>> released_part("db/migrations/Released/1.sql"), released_part("db/migrations/prerelease.sql")
    ('Released', None)
    """
    return next((part for part in PurePath(path).parts if is_released(part)), None)


def refuse_released(path: str | os.PathLike[str]) -> None:
    """Raise `ReleasedNameError` where `path`, as written, is out of bounds."""
    part = released_part(path)
    if part is not None:
        raise ReleasedNameError(
            f"{visible(os.fspath(path))} is for what has been released, by the name {visible(part)!r}, and is never"
            " touched.",
            cure="Write a new migration instead, or name another place.",
        )


def refuse_new(name: str) -> None:
    """Raise `ReleasedNameError` or `MigrationNameError` where nothing new may get this name."""
    refuse_released(name)
    if not name.isascii() or not name.isprintable():
        raise MigrationNameError(
            f"{visible(name)!r} is no name for something new: it has characters other than plain ASCII.",
            cure="Two names that look alike must be the same: use letters, digits, dots and underscores.",
        )


def _as_read(name: str) -> str:
    """The name as a person, or a forgiving file system, takes it."""
    composed = unicodedata.normalize("NFKC", _without_hidden(name)).casefold()
    return _without_hidden(unicodedata.normalize("NFKC", composed))


def _without_hidden(name: str) -> str:
    return "".join(character for character in name if not is_hidden(character))
