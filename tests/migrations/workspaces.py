"""Workspaces for tests: an empty project's, and what a folder holds, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

from pgops.migrations import Workspace
from pgops.migrations.guardrails import is_released


def opened(root: Path) -> Workspace:
    """The workspace of the project at `root`, whatever the environment says."""
    return Workspace.open(root, path="db/migrations", env={})


def approved(proposal, **how):
    """Carry out a proposal, with ann's consent."""
    return proposal.apply(approval=proposal.approve(by="ann"), **how)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file beneath `folder`; of a link, where it leads."""
    found = {}
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(above, name)
            key = path.relative_to(folder).as_posix()
            if path.is_symlink():
                found[key] = b"-> " + os.fsencode(path.readlink())
            elif path.is_file():
                found[key] = path.read_bytes()
    return found


def released(folder: Path) -> dict[str, bytes]:
    """Of `contents`, what lies under a released name."""
    return {path: content for path, content in contents(folder).items() if any(map(is_released, path.split("/")))}
