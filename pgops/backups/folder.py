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
from typing import TYPE_CHECKING

from pgops.backups.archived_wal import SEGMENT_BYTES, wal_gaps, wal_names
from pgops.backups.model import Backup, Repository
from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOL = "folder"
_UNFINISHED = re.compile(r"^\.|\.(tmp|temp|part|partial|lock|log|md5|sha\d+|asc|sig)$", re.IGNORECASE)
_MANIFEST = "backup_manifest"
_BASE = (_MANIFEST, "backup_label", "base.tar", "base.tar.gz", "base.tar.lz4", "base.tar.zst")
_NEVER = datetime.min.replace(tzinfo=UTC)
_DUMP = "toc.dat"
"""What pg_dump's directory format has in its folder."""


def read_folder(
    path: str | os.PathLike[str],
    *,
    pattern: str = "*",
    wal: str | os.PathLike[str] | None = None,
    segment_bytes: int = SEGMENT_BYTES,
) -> Repository:
    """Look at what lies in `path`: each file of `pattern` is a dump, each folder a base backup or a dump in a folder.

    A backup is as old as its last change. `wal` is the folder that archive_command fills. Unfinished names (`.tmp`,
    `.partial`, a dot in front), logs and checksums are left out.

    Raises `BackupToolError` where a folder can't be read.
    """
    folder = Path(path)
    try:
        backups = sorted(_backups(folder, pattern), key=lambda backup: (backup.stopped_at or _NEVER, backup.label))
        names = None if wal is None else wal_names(_files_below(Path(wal)))
    except OSError as error:
        what = f"{error.filename} can't be read: {error.strerror}."
        raise BackupToolError(what, cure="See to its owner and mode.") from None
    return Repository(
        tool=TOOL,
        server=str(folder),
        read_at=datetime.now(UTC),
        backups=backups,
        first_wal=names[0] if names else None,
        last_wal=names[-1] if names else None,
        wal_gaps=None if names is None else wal_gaps(names, segment_bytes=segment_bytes),
    )


def _backups(folder: Path, pattern: str) -> Iterator[Backup]:
    names = {entry.name for entry in os.scandir(folder)}  # glob would be silent about a folder that isn't there
    for entry in folder.glob(pattern):
        if entry.name not in names or _UNFINISHED.search(entry.name):
            continue
        if entry.is_dir():
            inside = {member.name for member in os.scandir(entry)}
            if not inside.isdisjoint(_BASE):
                yield _base_backup(entry)
            elif _DUMP in inside:
                yield _dump(entry, sum(member.stat().st_size for member in entry.iterdir()))
        else:
            yield _dump(entry, entry.stat().st_size)


def _dump(entry: Path, size: int) -> Backup:
    return Backup(
        label=entry.name,
        kind="dump",
        stopped_at=datetime.fromtimestamp(entry.stat().st_mtime, UTC),
        stored_bytes=size,
        error=None if size else "it is empty",
    )


def _base_backup(entry: Path) -> Backup:
    """What pg_basebackup left. It writes the manifest last: without it the copy was not finished, or made before 13."""
    manifest = entry / _MANIFEST
    kind, stored = "full", sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
    if not manifest.exists():
        return Backup(label=entry.name, kind=kind, error=f"it has no {_MANIFEST}", stored_bytes=stored)
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
        files = told["Files"]
    except (ValueError, KeyError, TypeError):
        return Backup(label=entry.name, kind=kind, error=f"its {_MANIFEST} is damaged", stored_bytes=stored)
    return Backup(
        label=entry.name,
        kind="incr" if any("INCREMENTAL." in file.get("Path", "") for file in files) else kind,
        stopped_at=datetime.fromtimestamp(manifest.stat().st_mtime, UTC),
        database_bytes=sum(file["Size"] for file in files),
        stored_bytes=stored,
    )


def _files_below(folder: Path) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(Path(entry.path))
        else:
            yield entry.path
