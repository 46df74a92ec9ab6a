"""Backup that failed, or a repository that its tool finds fault with.

A backup that failed is seldom noticed by itself: the one before is still there, gets older, and expires. WARNING where
the last attempt is not usable, or where the tool itself reports a fault (a missing stanza, a failed `barman check`);
INFO for an older one that failed while newer ones are good. What a tool keeps of failed attempts differs: pgBackRest
removes them, and reports pages with wrong checksums; Barman keeps them as FAILED; in a folder it is a base backup
without its manifest.

The caller hands in what a tool says (`backup.age` shows how). It is a false alarm while a backup is still running.

Manual: section 25.3.2, "Making a Base Backup".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, NoLimits, Probe, Scope
from pgops.checks.backup._repositories import FACILITY, HandedIn, each_repository, repository_target, unread
from pgops.findings import Finding, Severity, Target, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    tool: str
    server: str
    backup: str | None
    """None for the repository as a whole."""
    started_at: datetime | None
    last: bool
    """Whether no newer one is usable."""
    problem: str
    unread: bool
    """Whether the problem is that nothing is known."""


def read(handed_in: HandedIn) -> Iterator[Row]:
    for repository in each_repository(handed_in):
        problem = repository.unread or repository.problem
        if problem is not None:
            yield Row(
                tool=repository.tool,
                server=repository.server,
                backup=None,
                started_at=None,
                last=True,
                problem=problem,
                unread=repository.unread is not None,
            )
        newest_usable = max((nth for nth, backup in enumerate(repository.backups) if backup.usable), default=-1)
        for nth, backup in enumerate(repository.backups):
            if not backup.usable:
                yield Row(
                    tool=repository.tool,
                    server=repository.server,
                    backup=backup.label,
                    started_at=backup.started_at,
                    last=nth > newest_usable,
                    problem=backup.error or "it was not finished",
                    unread=False,
                )


def judge(rows: Sequence[Row], _seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if row.unread:
            yield unread(row.tool, row.server, row.problem)
            continue
        what = f"{row.tool} reports" if row.backup is None else f"The backup {row.backup} can't be relied on"
        since = "" if row.last else " Newer ones are good."
        yield Finding(
            Severity.WARNING if row.last else Severity.INFO,
            _target(row),
            f"{what}: {row.problem}.{since}",
            details={"problem": row.problem, "backup": row.backup},
        )


def _target(row: Row) -> Target:
    if row.backup is None:
        return repository_target(row.tool, row.server)
    return Target("backup", None, row.server, row.backup, also=(row.tool,))


CHECK = Check(
    id="backup.failed",
    aliases=("failed_backups",),
    doc=__doc__,
    row=Row,
    judge=judge,
    target=_target,
    probe=Probe(facility=FACILITY, read=read),
    scope=Scope.CLUSTER,
)
