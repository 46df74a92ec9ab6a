"""Disk nearly full.

When the disk with pg_wal is full the server stops; when that of a tablespace is, whatever needs a new page there fails.
And room is needed to get out of it: VACUUM FULL, REINDEX and pg_repack write a new copy before they drop the old one. A
WARNING from `warn_pct` used, CRITICAL from `crit_pct`, of the space or of the inodes.

SQL can't see a disk, so this is a look that the caller takes on the database's host and hands in:

    from pgops.checks.storage.disk_free import Mount
    mounts = [Mount.of("/var/lib/postgresql"), Mount.of("/mnt/wal")]      # here; or Mount(...) from a monitoring system
    pgops.run_checks(conn, facilities={"disk": mounts})

It is a false alarm on a disk that is small and as full as it will ever be, and where storage grows by itself. What a
file system keeps for root counts as used, since the server does not run as root. Give each file system once.

Manual: section 27.6, "Monitoring Disk Usage"; 24.1.2 for what VACUUM FULL needs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Metric, Probe, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import percent, pretty

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@attrs.frozen(kw_only=True)
class Mount:
    """How full one file system is. Inodes are None where it has no fixed number of them."""

    path: str
    total_bytes: int
    free_bytes: int
    """What a user other than root may still take."""
    total_inodes: int | None = None
    free_inodes: int | None = None

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Mount:
        """The file system of `path` on this host. Raises `OSError`."""
        seen = os.statvfs(path)
        # as df(1): the space that is root's alone is neither used nor free, and counts as used here
        return cls(
            path=os.fspath(path),
            total_bytes=seen.f_blocks * seen.f_frsize,
            free_bytes=seen.f_bavail * seen.f_frsize,
            total_inodes=seen.f_files or None,
            free_inodes=seen.f_favail if seen.f_files else None,
        )


@attrs.frozen(kw_only=True)
class Row:
    path: str
    total_bytes: int
    used_bytes: int
    free_bytes: int
    used_pct: float
    inodes_used_pct: float | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(85.0, unit="%", doc="A WARNING where this share is used.")
    crit_pct: float = limit(95.0, unit="%", doc="CRITICAL where this share is used.")


def read(mounts: Iterable[Mount]) -> Iterator[Row]:
    for mount in mounts:
        used = mount.total_bytes - mount.free_bytes
        inodes = None
        if mount.total_inodes and mount.free_inodes is not None:
            inodes = 100.0 * (mount.total_inodes - mount.free_inodes) / mount.total_inodes
        yield Row(
            path=mount.path,
            total_bytes=mount.total_bytes,
            used_bytes=used,
            free_bytes=mount.free_bytes,
            used_pct=100.0 * used / mount.total_bytes if mount.total_bytes else 0.0,
            inodes_used_pct=inodes,
        )


def target_of(row: Row) -> Target:
    return Target("disk", None, row.path)


def _severity(row: Row, limits: Limits) -> Severity | None:
    worst = max(row.used_pct, row.inodes_used_pct or 0.0)
    if worst >= limits.crit_pct:
        return Severity.CRITICAL
    return Severity.WARNING if worst >= limits.warn_pct else None


def _message(row: Row, _: Limits) -> str:
    if row.inodes_used_pct is not None and row.inodes_used_pct > row.used_pct:
        return f"{percent(row.inodes_used_pct)} of the inodes of {row.path} are used: soon no file can be made there."
    return (
        f"{percent(row.used_pct)} of {row.path} are used, and {pretty('free_bytes', row.free_bytes)} of "
        f"{pretty('total_bytes', row.total_bytes)} are free."
    )


CHECK = Check(
    id="storage.disk_free",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=target_of,
        message=_message,
        details=("total_bytes", "free_bytes", "used_pct", "inodes_used_pct"),
    ),
    probe=Probe(facility="disk", read=read),
    scope=Scope.CLUSTER,
    target=target_of,
    metrics=(Metric(value="used_bytes", limit="total_bytes"),),
    known_as=("check_postgres: disk_space",),
)
