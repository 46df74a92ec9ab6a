"""What git remembers of released files: the content with which each was first committed.

Whoever edits a released file can mend its hash in the changelog too; the first commit stays. Git compares as it stores,
so line ends that it changes itself are no difference.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from pgops.config.project_facility import ask_git
from pgops.config.surroundings import git_top_level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_ADDED = re.compile(r":\d+ \d+ [0-9a-f]+ (?P<blob>[0-9a-f]+) A\t(?P<path>.+)")


def changed_since_added(folder: Path, paths: Sequence[str]) -> dict[str, str]:
    """Those of `paths`, relative to `folder`, that are not as they were first committed; each with that commit.

    Nothing is said of a file that is in no commit, nor where there is no repository, no git, or a shallow clone.
    """
    if not paths or git_top_level(folder) is None:
        return {}
    try:
        log = ask_git(
            folder,
            *("log", "--relative", "--diff-filter=A", "--no-renames", "--raw", "--no-abbrev", "--format=commit %h"),
            *("--", "."),
        )
        now = ask_git(folder, "hash-object", "--stdin-paths", given="".join(f"{path}\n" for path in paths))
    except (OSError, subprocess.SubprocessError):
        return {}
    if log.returncode != 0 or now.returncode != 0:
        return {}
    added: dict[str, tuple[str, str]] = {}
    commit = ""
    for line in log.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("commit "):
            commit = line.removeprefix("commit ")
        elif found := _ADDED.fullmatch(line):
            added[found["path"]] = found["blob"], commit  # the log begins with the newest: the oldest stays
    current = dict(zip(paths, now.stdout.decode("ascii").split(), strict=True))
    return {path: added[path][1] for path in paths if path in added and added[path][0] != current[path]}
