"""What pgBackRest says of its repositories: `pgbackrest info`, and every WAL file by `repo-ls`.

    repositories = pgops.backups.read_pgbackrest("main")
    pgops.run_checks(conn, "backup", facilities={"backups": repositories})

Written for and tried on pgBackRest 2.45. It runs as the user who may read the repository.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from pgops.backups.archived_wal import SEGMENT_BYTES, wal_gaps, wal_names
from pgops.backups.model import Backup, Repository
from pgops.backups.programs import json_from, loaded
from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOL = "pgbackrest"
_OK = 0


def read_pgbackrest(
    stanza: str | None = None,
    *,
    options: Sequence[str] = (),
    program: str = TOOL,
    segment_bytes: int = SEGMENT_BYTES,
    timeout_s: float = 60,
) -> tuple[Repository, ...]:
    """Ask pgBackRest about one stanza, or all, and about the WAL files that each has.

    `options` go to each call, `--config=...` say. `segment_bytes` is the size of a WAL file where initdb was given
    another. Two calls, and one more for each stanza.

    Raises `BackupToolError` where pgBackRest can't be run or does not answer as expected.
    """
    one = [f"--stanza={stanza}"] if stanza else []
    told = parse_pgbackrest(json_from([program, *options, *one, "info", "--output=json"], timeout_s=timeout_s))
    return tuple(
        _with_wal(repository, [program, *options], segment_bytes=segment_bytes, timeout_s=timeout_s)
        for repository in told
    )


def parse_pgbackrest(info: str | bytes | Sequence[Mapping[str, Any]]) -> tuple[Repository, ...]:
    """From the output of `pgbackrest info --output=json`, taken elsewhere. Says nothing about gaps in the WAL.

    Raises `BackupToolError` for anything else.
    """
    stanzas = loaded(info, "pgbackrest info") if isinstance(info, (str, bytes)) else info
    try:
        return tuple(_repository(stanza) for stanza in stanzas)
    except (KeyError, TypeError, AttributeError) as error:
        raise BackupToolError(f"That is not what pgbackrest info gives: {error!r}.") from None


def _repository(stanza: Mapping[str, Any]) -> Repository:
    archives = stanza["archive"]
    databases = stanza.get("db") or [{}]
    status = stanza["status"]
    return Repository(
        tool=TOOL,
        server=stanza["name"],
        read_at=datetime.now(UTC),
        problem=None if status["code"] == _OK else status["message"],
        system_identifier=databases[-1].get("system-id"),
        backups=tuple(map(_backup, stanza["backup"])),
        first_wal=archives[-1].get("min") if archives else None,
        last_wal=archives[-1].get("max") if archives else None,
    )


def _backup(backup: Mapping[str, Any]) -> Backup:
    times, sizes, wal = backup["timestamp"], backup["info"], backup.get("archive") or {}
    return Backup(
        label=backup["label"],
        kind=backup["type"],
        started_at=datetime.fromtimestamp(times["start"], UTC),
        stopped_at=datetime.fromtimestamp(times["stop"], UTC),
        error="pages with wrong checksums" if backup.get("error") else None,
        database_bytes=sizes["size"],
        stored_bytes=sizes["repository"].get("delta"),
        first_wal=wal.get("start"),
        last_wal=wal.get("stop"),
    )


def _with_wal(repository: Repository, command: list[str], *, segment_bytes: int, timeout_s: float) -> Repository:
    if repository.first_wal is None:
        return repository
    listing = json_from(
        [*command, "repo-ls", "--recurse", "--output=json", f"archive/{repository.server}"], timeout_s=timeout_s
    )
    # of an older cluster before an upgrade there is WAL too: each has a folder of its own, `15-1`
    folders = {path.split("/", 1)[0] for path in listing if "/" in path}
    gaps = [
        gap
        for folder in sorted(folders)
        for gap in wal_gaps(
            wal_names(path for path in listing if path.startswith(f"{folder}/")), segment_bytes=segment_bytes
        )
    ]
    return attrs.evolve(repository, wal_gaps=tuple(gaps))
