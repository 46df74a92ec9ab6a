"""Proposals that keep postgres.toml to its owner: its mode, and a line in .gitignore."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pgops.config.surroundings import git_top_level
from pgops.config.writing import PRIVATE, FileProposal, current_text, propose_file
from pgops.errors import ConfigError
from pgops.secret import Secret

if TYPE_CHECKING:
    from pgops.config.model import Config

_GITIGNORE = ".gitignore"
_SHARED = 0o644


def propose_private(config: Config) -> FileProposal:
    """A proposal to leave the config's file to its owner alone (0600). Its text stays as it is, and no copy is made."""
    text = current_text(config.path)
    if text is None:
        raise ConfigError("the file is gone.", path=str(config.path), cure="Load the config again.")
    proposal = propose_file(
        config.path,
        text,
        title=f"Keep {config.path.name} to its owner",
        kind="file mode",
        before=text,
        mode=PRIVATE,
        keeps_backup=False,
        effects=("Nobody but the file's owner and root can read or write it.",),
        risks=("A program that reads it as another user, by its group say, no longer can.",),
    )
    return attrs.evolve(proposal, statements=(f"chmod {PRIVATE:04o} {os.path.realpath(config.path)}",))


def propose_ignored(config: Config) -> FileProposal:
    """A proposal to have git ignore the config's file: one line more in the .gitignore at its repository's top level.

    Raises `ConfigError` where the file is in no git repository.
    """
    real = Path(os.path.realpath(config.path))
    top = git_top_level(real.parent)
    if top is None:
        cure = "Then git can't publish it, and nothing is to be done."
        raise ConfigError("the file is in no git repository.", path=str(config.path), cure=cure)
    ignore = top / _GITIGNORE
    before = current_text(ignore)
    text = before.reveal() if before is not None else ""
    newline = "\r\n" if "\r\n" in text else "\n"
    line = _pattern(real.relative_to(os.path.realpath(top)).as_posix()) + "*"  # the backups beside it, too
    listed = text.splitlines()
    add = "" if listed and listed[-1] == line else ("" if not text or text.endswith("\n") else newline) + line + newline
    return propose_file(
        ignore,
        Secret(text + add),
        title=f"Have git ignore {real.name}",
        kind="gitignore",
        before=before,
        mode=_SHARED if before is None else None,
        keeps_backup=False,
        effects=(f"git no longer offers {real.name}, nor a backup of it, for a commit.",),
        risks=(
            f"Where git tracks it already, it still does: `git rm --cached {real.name}` ends that, and a password that "
            "was ever committed has to be changed.",
        ),
    )


def _pattern(path: str) -> str:
    r"""The line of .gitignore for just this path, from the top (gitignore(5)).

    >>> print(_pattern("a [b]/x*.toml"))
    /a \[b\]/x\*.toml
    """
    escaped = re.sub(r"([\\*?\[\]])", r"\\\1", path)
    return "/" + re.sub(r" +$", lambda spaces: r"\ " * len(spaces.group()), escaped)
