"""What the caller hands in as the facility `backups`, and how a repository is named as the target of a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from pgops.backups.model import Repository
from pgops.errors import BackupToolError
from pgops.findings import Target, Unseen

FACILITY = "backups"

HandedIn: TypeAlias = Repository | Iterable[Repository]


def each_repository(handed_in: HandedIn) -> Iterator[Repository]:
    """One repository may be handed in by itself.

    Raises `BackupToolError` for none at all, and for an iterator, which the next check would find used up.
    """
    if isinstance(handed_in, Repository):
        yield handed_in
        return
    if isinstance(handed_in, Iterator):
        raise BackupToolError("The repositories were handed in as an iterator.", cure="Make a list of it.")
    repositories = tuple(handed_in)
    if not repositories:
        raise BackupToolError("No repository was handed in.", cure="Hand in what a reader of pgops.backups gives.")
    yield from repositories


def repository_target(tool: str, server: str) -> Target:
    """The repository as the target of a finding."""
    return Target("backup repository", None, server, also=(tool,))


def unread(tool: str, server: str, why: str) -> Unseen:
    """What is said of a repository whose tool did not answer."""
    return Unseen(repository_target(tool, server), why, f"See to it that {tool} can be asked.")
