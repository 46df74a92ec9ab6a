"""WAL is missing behind a backup.

A recovery replays WAL file after file. One that is missing ends it there: what was committed later is lost, although
the backup is good, archiving works again and every tool reports success. It gets lost when archive_command returned
success too early, a disk was full, a clean-up removed too much, or pg_wal was tidied by hand.

CRITICAL for each gap behind the newest usable backup, and for a usable backup whose own WAL, without which it can't be
restored at all, is not in the archive. WARNING for a gap before the newest backup: older ones can't be rolled forward
past it. INFO for one that no backup needs. Where nobody has looked at every file the repository is unseen;
`read_pgbackrest`, `read_barman`, `read_walg` and `read_folder(wal=...)` of pgops.backups do look.

The caller hands in what a tool says (`backup.age` shows how). There is no remedy but a new backup, from which on
recovery is whole again; copy the missing file from pg_wal or another archive where it still is. It is a false alarm
where the size of WAL files is not the usual 16 MB and the reader was not told (`segment_bytes`).

Manual: section 25.3, "Continuous Archiving and Point-in-Time Recovery (PITR)".
"""

from __future__ import annotations

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
    looked: bool
    """Whether every file of the archive was looked at."""
    unseen: str | None = None
    """Why not, where somebody tried."""
    unread: str | None = None
    """Why nothing is known of the repository."""
    backup: str | None = None
    """The backup whose own WAL is missing; None for a gap in the archive."""
    first_wal: str | None = None
    """The first file that is missing."""
    last_wal: str | None = None
    files: int = 0
    newest_needs: bool = False
    """Whether the newest usable backup lies before it."""
    older_needs: bool = False
    """Whether any usable one does."""


def read(handed_in: HandedIn) -> Iterator[Row]:
    for repository in each_repository(handed_in):
        row = Row(
            tool=repository.tool,
            server=repository.server,
            looked=repository.wal_gaps is not None,
            unseen=repository.wal_unseen,
            unread=repository.unread,
        )
        if not row.looked:
            yield row
        starts = [backup.first_wal for backup in repository.usable if backup.first_wal is not None]
        for gap in repository.wal_gaps or ():
            needs = [_before(start, gap.last) for start in starts]
            yield attrs.evolve(
                row,
                first_wal=gap.first,
                last_wal=gap.last,
                files=gap.files,
                newest_needs=bool(needs) and needs[-1],
                older_needs=any(needs),
            )
        for backup in repository.usable:
            if backup.missing_wal is not None:
                yield attrs.evolve(row, backup=backup.label, first_wal=backup.missing_wal)


def _before(wal: str, other: str) -> bool:
    """Whether a WAL file lies before another; the timeline, its first eight digits, does not matter."""
    return wal[8:] < other[8:]


def judge(rows: Sequence[Row], _seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if row.unread is not None:
            yield unread(row.tool, row.server, row.unread)
        elif not row.looked:
            reason = "nobody has looked at every WAL file of the archive"
            cure = "Hand in what pgops.backups reads, with the folder of the archive (read_folder(..., wal=...))."
            if row.unseen is not None:
                reason, cure = f"{reason}: {row.unseen}", "See to it that they can be listed."
            yield Unseen(_target(row), reason, cure)
        else:
            yield Finding(
                _severity(row),
                _target(row),
                _message(row),
                details={"first_wal": row.first_wal, "last_wal": row.last_wal, "files": row.files},
            )


def _severity(row: Row) -> Severity:
    if row.backup is not None or row.newest_needs:
        return Severity.CRITICAL
    return Severity.WARNING if row.older_needs else Severity.INFO


def _message(row: Row) -> str:
    if row.backup is not None:
        return f"The backup {row.backup} can't be restored: its WAL file {row.first_wal} is not in the archive."
    if row.files == 1:
        what = f"The WAL file {row.first_wal} is missing in the archive"
    else:
        what = f"{row.files:,} WAL files are missing in the archive, from {row.first_wal} to {row.last_wal}"
    if row.newest_needs:
        return f"{what}: no recovery gets beyond it."
    return (
        f"{what}: backups before it can't be rolled forward past it."
        if row.older_needs
        else f"{what}; no backup needs it."
    )


def _target(row: Row) -> Target:
    if row.first_wal is None:
        return repository_target(row.tool, row.server)
    return Target("WAL file", None, row.server, row.first_wal, also=(row.tool, row.backup or ""))


CHECK = Check(
    id="backup.archive_gap",
    doc=__doc__,
    row=Row,
    judge=judge,
    target=_target,
    probe=Probe(facility=FACILITY, read=read),
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: archive_folder",),
)
