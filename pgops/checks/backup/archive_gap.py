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

    from pgops.backups.model import Repository
    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    tool: str
    server: str
    looked: bool
    """Whether every file of the archive was looked at."""
    backup: str | None
    """The backup whose own WAL is missing; None for a gap in the archive."""
    first_wal: str | None
    """The first file that is missing."""
    last_wal: str | None
    files: int
    newest_needs: bool
    """Whether the newest usable backup lies before it."""
    older_needs: bool
    """Whether any usable one does."""
    unread: str | None
    """Why nothing is known of the repository."""


def read(handed_in: HandedIn) -> Iterator[Row]:
    for repository in each_repository(handed_in):
        usable = sorted(
            (backup for backup in repository.backups if backup.stopped_at and backup.usable),
            key=lambda backup: backup.stopped_at or backup.started_at,  # type: ignore[arg-type, return-value]
        )
        if repository.wal_gaps is None:
            yield _row(repository, looked=False, unread=repository.unread)
        starts = [backup.first_wal for backup in usable if backup.first_wal is not None]
        for gap in repository.wal_gaps or ():
            needs = [_before(start, gap.last) for start in starts]
            yield _row(
                repository,
                first_wal=gap.first,
                last_wal=gap.last,
                files=gap.files,
                newest_needs=needs[-1] if needs else False,
                older_needs=any(needs),
            )
        for backup in usable:
            if backup.missing_wal is not None:
                yield _row(repository, backup=backup.label, first_wal=backup.missing_wal)


def _row(repository: Repository, **known: object) -> Row:
    fields: dict[str, object] = {
        "looked": True,
        "backup": None,
        "first_wal": None,
        "last_wal": None,
        "files": 0,
        "newest_needs": False,
        "older_needs": False,
        "unread": None,
        **known,
    }
    return Row(tool=repository.tool, server=repository.server, **fields)  # type: ignore[arg-type]


def _before(wal: str, other: str) -> bool:
    """Whether a WAL file lies before another; the timeline, its first eight digits, does not matter."""
    return wal[8:] < other[8:]


def judge(rows: Sequence[Row], _seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if row.unread is not None:
            yield unread(row.tool, row.server, row.unread)
        elif not row.looked:
            cure = "Hand in what pgops.backups reads, with the folder of the archive (read_folder(..., wal=...))."
            yield Unseen(_target(row), "nobody has looked at every WAL file of the archive", cure)
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
