"""Backups that lie in a folder: dumps, and what pg_basebackup made. And an archive of WAL in another.

    repository = pgops.backups.read_folder("/backups/main", wal="/backups/wal")
    pgops.run_checks(conn, "backup", facilities={"backups": [repository]})

Looking is all it does, and it does not look into a dump: one that was cut short may look like a whole one.
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgops.backups.archived_wal import SEGMENT_BYTES, archive_in, wal_file_of, wal_gaps, with_missing_wal
from pgops.backups.model import Backup, Repository
from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOOL = "folder"
_UNFINISHED = re.compile(r"^\.|\.(tmp|temp|part|partial|lock|log|md5|sha\d+|asc|sig)$", re.IGNORECASE)
_MANIFEST = "backup_manifest"
_BASE = (_MANIFEST, "backup_label", "base.tar", "base.tar.gz", "base.tar.lz4", "base.tar.zst")
_DUMP = "toc.dat"
"""What pg_dump's directory format has in its folder."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def read_folder(
    path: str | os.PathLike[str],
    *,
    pattern: str = "*",
    wal: str | os.PathLike[str] | None = None,
    segment_bytes: int = SEGMENT_BYTES,
) -> Repository:
    """Look at what lies in `path`: each file of `pattern` is a dump, each folder a base backup or a dump in a folder.

    A backup is as old as its last change. `wal` is the folder that archive_command fills. Unfinished names (`.tmp`,
    `.partial`, a dot in front), logs, checksums, and folders that hold something else are left out.

    Raises `BackupToolError` where one of the two folders can't be read.
    """
    folder = Path(path)
    try:
        backups = sorted(_backups(folder, pattern, segment_bytes), key=_age)
        names = None if wal is None else archive_in(Path(wal))
    except OSError as error:
        what = f"{error.filename} can't be read: {error.strerror}."
        raise BackupToolError(what, cure="See to its owner and mode.") from None
    return Repository(
        tool=TOOL,
        server=str(folder),
        read_at=datetime.now(UTC),
        wal_unseen=f"none of the files in {wal} is called like one of WAL"
        if wal is not None and names is None
        else None,
        backups=backups if names is None else with_missing_wal(backups, names, segment_bytes=segment_bytes),
        first_wal=names[0] if names else None,
        last_wal=names[-1] if names else None,
        wal_gaps=None if names is None else wal_gaps(names, segment_bytes=segment_bytes),
    )


def _age(backup: Backup) -> tuple[datetime, str]:
    return backup.stopped_at or backup.started_at or _NEVER, backup.label


def _backups(folder: Path, pattern: str, segment_bytes: int) -> Iterator[Backup]:
    names = {entry.name for entry in os.scandir(folder)}  # glob would be silent about a folder that isn't there
    for entry in folder.glob(pattern):
        if entry.name not in names or _UNFINISHED.search(entry.name):
            continue
        try:
            found = _backup(entry, segment_bytes)
        except OSError:
            continue  # removed meanwhile, a link to nothing, or a folder of somebody else's (lost+found)
        if found is not None:
            yield found


def _backup(entry: Path, segment_bytes: int) -> Backup | None:
    if not entry.is_dir():
        return _dump(entry, entry.stat().st_size)
    inside = {member.name for member in os.scandir(entry)}
    if not inside.isdisjoint(_BASE):
        return _base_backup(entry, segment_bytes)
    return _dump(entry, sum(member.stat().st_size for member in entry.iterdir())) if _DUMP in inside else None


def _dump(entry: Path, size: int) -> Backup:
    return Backup(
        label=entry.name,
        kind="dump",
        stopped_at=_changed(entry),
        stored_bytes=size,
        error=None if size else "it is empty",
    )


def _base_backup(entry: Path, segment_bytes: int) -> Backup:
    """What pg_basebackup left. It writes the manifest last: without it the copy was not finished, or made before 13."""
    manifest = entry / _MANIFEST
    known: dict[str, Any] = {
        "label": entry.name,
        "kind": "full",
        "started_at": _changed(entry),
        "stored_bytes": sum(file.stat().st_size for file in entry.rglob("*") if file.is_file()),
    }
    if not manifest.exists():
        return Backup(**known, error=f"it has no {_MANIFEST}")
    try:
        known |= _told(json.loads(manifest.read_text(encoding="utf-8")), segment_bytes)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Backup(**known, error=f"its {_MANIFEST} is damaged")
    return Backup(**known, stopped_at=_changed(manifest))


def _told(manifest: Mapping[str, Any], segment_bytes: int) -> dict[str, Any]:
    files, ranges = manifest["Files"], manifest.get("WAL-Ranges") or []
    told: dict[str, Any] = {"database_bytes": sum(file["Size"] for file in files)}
    if any("INCREMENTAL." in file.get("Path", "") for file in files):
        told["kind"] = "incr"
    if len(ranges) == 1:  # several, where the timeline changed meanwhile
        [wal] = ranges
        told["first_wal"], told["last_wal"] = (
            wal_file_of(wal["Timeline"], wal[lsn], segment_bytes=segment_bytes) for lsn in ("Start-LSN", "End-LSN")
        )
    return told


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
