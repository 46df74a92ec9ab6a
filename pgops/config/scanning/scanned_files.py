"""Which files of a project are worth reading for connections, found in one walk, and what each kind's text looks like.

The walk never follows a link, so it ends, and stays inside the project.
"""

from __future__ import annotations

import os
import stat
from enum import Enum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator


class Syntax(Enum):
    """How a kind of file writes assignments and comments."""

    DOTENV = "dotenv"
    SHELL = "shell"
    DOCKERFILE = "dockerfile"
    PROPERTIES = "properties"
    INI = "ini"
    YAML = "yaml"
    JSON = "json"
    HASH_CODE = "code with # comments"
    SLASH_CODE = "code with // comments"


_ENDINGS = {
    "env": Syntax.DOTENV,
    "envrc": Syntax.SHELL,
    "properties": Syntax.PROPERTIES,
    "json": Syntax.JSON,
    **dict.fromkeys(("ini", "cfg", "conf"), Syntax.INI),
    **dict.fromkeys(("yaml", "yml"), Syntax.YAML),
    **dict.fromkeys(("toml", "py", "rb"), Syntax.HASH_CODE),
    **dict.fromkeys(
        ("js", "ts", "jsx", "tsx", "go", "swift", "java", "kt", "scala", "php", "rs", "cs"), Syntax.SLASH_CODE
    ),
}
LEFT_OUT_FOLDERS = frozenset(
    (
        *(".git", "node_modules", "dist", "build", "target", "vendor", ".venv", "venv", "Pods", "DerivedData"),
        *("coverage", ".next", ".turbo", ".cache", ".idea", ".vscode"),
    )
)
_BINARY_SHOWS_WITHIN = 8192

# O_NOFOLLOW and O_NONBLOCK: what the walk saw as a file may be a link or a pipe by now.
_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


@attrs.define
class Counts:
    """What became of the files that were met."""

    read: int = 0
    too_large: int = 0
    binary: int = 0
    unreadable: int = 0
    """Files and folders that could not be opened."""


def syntax_of(name: str) -> Syntax | None:
    """The syntax of a file that is scanned, by its name; None for one that is not.

    >>> syntax_of(".env.local"), syntax_of("settings.PY"), syntax_of("README.md")
    (<Syntax.DOTENV: 'dotenv'>, <Syntax.HASH_CODE: 'code with # comments'>, None)
    """
    _, dot, ending = name.rpartition(".")
    if name.startswith(".env"):
        return Syntax.SHELL if name == ".envrc" else Syntax.DOTENV
    if dot:
        return _ENDINGS.get(ending.lower())
    return Syntax.DOCKERFILE if name == "Dockerfile" else None


def scanned_files(root: str, counts: Counts) -> Iterator[tuple[str, Syntax]]:
    """The paths below `root` to read, a folder's files before those of its folders, each by name."""
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                met = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            counts.unreadable += 1
            continue
        below: list[str] = []
        for entry in met:
            name = entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    if name not in LEFT_OUT_FOLDERS:
                        below.append(entry.path)
                elif (syntax := syntax_of(name)) is not None and entry.is_file(follow_symlinks=False):
                    yield entry.path, syntax
            except OSError:
                counts.unreadable += 1
        folders += reversed(below)


def content(path: str, max_bytes: int, counts: Counts) -> bytes:
    """The file's bytes; none for one that is too large, binary, or can't be read, which is counted."""
    try:
        handle = os.open(path, _FLAGS)
    except OSError:
        counts.unreadable += 1
        return b""
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            counts.unreadable += 1
            return b""
        if found.st_size > max_bytes:
            counts.too_large += 1
            return b""
        read = os.read(handle, max_bytes + 1 if found.st_size == 0 else found.st_size)  # /proc says 0 of what is more
    except OSError:
        counts.unreadable += 1
        return b""
    finally:
        os.close(handle)
    if b"\0" in read[:_BINARY_SHOWS_WITHIN]:
        counts.binary += 1
        return b""
    if len(read) > max_bytes:
        counts.too_large += 1
        return b""
    counts.read += 1
    return read
