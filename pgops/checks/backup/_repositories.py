"""What the caller hands in as the facility `backups`, and how a repository is named as the target of a finding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from pgops.backups.model import Repository
from pgops.findings import Target

FACILITY = "backups"

HandedIn: TypeAlias = Repository | Iterable[Repository]


def each_repository(handed_in: HandedIn) -> Iterator[Repository]:
    """One repository may be handed in by itself."""
    if isinstance(handed_in, Repository):
        yield handed_in
    else:
        yield from handed_in


def repository_target(tool: str, server: str) -> Target:
    """The repository as the target of a finding."""
    return Target("backup repository", None, server, also=(tool,))
