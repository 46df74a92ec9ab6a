"""Last backup too old.

What was written since the last backup comes back only where every WAL file since then is there, and the longer that
is, the longer a restore takes. WARNING where the newest usable backup was finished `warn_s` ago, CRITICAL from
`crit_s` on, or where there is none. A WARNING too where the last full one is older than `full_s`: every incremental
backup since then hangs on it.

SQL can't see backups, so the caller hands in what a tool says of them:

    repositories = pgops.backups.read_pgbackrest("main")      # or read_barman, read_walg, read_folder
    pgops.run_checks(conn, facilities={"backups": repositories})

The age of a backup says nothing about what would be lost (that is the WAL that is not archived yet,
`wal.archiving_failing` and `wal.archiving_stalled`), nor whether it can be restored: only a restore says that. It is a
false alarm for a server that is backed up otherwise, by snapshots of its disk say.

Manual: chapter 25, "Backup and Restore".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Probe, Scope, limit
from pgops.checks.backup._repositories import FACILITY, HandedIn, each_repository, repository_target, unread
from pgops.findings import Finding, Severity, Unseen
from pgops.render.quantities import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen
    from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    tool: str
    server: str
    unread: str | None
    """Why nothing is known of it."""
    backups: int
    usable_backups: int
    newest: str | None
    """The label of the newest usable backup."""
    newest_kind: str | None
    newest_at: datetime | None
    full_at: datetime | None
    """When the newest usable one that needs no other was finished."""


@attrs.frozen(kw_only=True)
class Limits:
    warn_s: float = limit(93_600.0, unit="s", doc="A warning where the newest is so old (26 hours).")
    crit_s: float = limit(180_000.0, unit="s", doc="Critical where the newest is so old (50 hours).")
    full_s: float = limit(691_200.0, unit="s", doc="A warning where the newest full one is so old (8 days).")


def read(handed_in: HandedIn) -> Iterator[Row]:
    for repository in each_repository(handed_in):
        usable = repository.usable
        newest = usable[-1] if usable else None
        full = [backup for backup in usable if backup.kind not in {"incr", "diff"}]
        yield Row(
            tool=repository.tool,
            server=repository.server,
            unread=repository.unread,
            backups=len(repository.backups),
            usable_backups=len(usable),
            newest=newest.label if newest else None,
            newest_kind=newest.kind if newest else None,
            newest_at=newest.stopped_at if newest else None,
            full_at=full[-1].stopped_at if full else None,
        )


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if row.unread is not None:
            yield unread(row.tool, row.server, row.unread)
            continue
        found = _judged(row, seen.limits_for(row), seen.now)
        if found is not None:
            severity, message = found
            yield Finding(
                severity,
                _target(row),
                message,
                details={"newest": row.newest, "backups": row.backups, "usable_backups": row.usable_backups},
            )


def _judged(row: Row, limits: Limits, now: datetime) -> tuple[Severity, str] | None:
    if row.newest_at is None:
        unusable = f": none of {row.backups:,} is usable" if row.backups else ""
        return Severity.CRITICAL, f"{row.tool} has no backup{unusable}."
    age_s = (now - row.newest_at).total_seconds()
    if age_s >= min(limits.warn_s, limits.crit_s):
        severity = Severity.CRITICAL if age_s >= limits.crit_s else Severity.WARNING
        return severity, f"The newest backup, {row.newest} ({row.newest_kind}), was finished {duration(age_s)} ago."
    if row.full_at is None:
        return Severity.WARNING, f"The newest backup, {row.newest}, needs a full one, and there is none."
    full_age_s = (now - row.full_at).total_seconds()
    if full_age_s >= limits.full_s:
        return (
            Severity.WARNING,
            f"The newest full backup was finished {duration(full_age_s)} ago, and all since need it.",
        )
    return None


def _target(row: Row) -> Target:
    return repository_target(row.tool, row.server)


CHECK = Check(
    id="backup.age",
    aliases=("backup_age",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    probe=Probe(facility=FACILITY, read=read),
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: backup_label_age", "check_pgactivity: pg_dump_backup"),
)
