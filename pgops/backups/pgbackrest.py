"""What pgBackRest says of its repositories: `pgbackrest info`, and every WAL file by `repo-ls`.

    repositories = pgops.backups.read_pgbackrest("main")
    pgops.run_checks(conn, "backup", facilities={"backups": repositories})

Written for and tried on pgBackRest 2.45. It runs as the user who may read the repository. A stanza in several
repositories makes several `Repository` objects: one of them may be whole and the other forgotten.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from pgops.backups.archived_wal import SEGMENT_BYTES, wal_gaps, wal_names, with_missing_wal
from pgops.backups.model import Backup, Repository
from pgops.backups.programs import MISSHAPEN, Tool, loaded, unusual
from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Stanza = Mapping[str, Any]

TOOL = "pgbackrest"
_OK = 0


def read_pgbackrest(
    stanza: str | None = None,
    *,
    options: Sequence[str] = (),
    program: str = TOOL,
    segment_bytes: int = SEGMENT_BYTES,
    settled_s: float = 300,
    timeout_s: float = 60,
) -> tuple[Repository, ...]:
    """Ask pgBackRest about one stanza, or all, and about the WAL files that each has, all within `timeout_s`.

    `options` go to each call, `--config=...` say. `segment_bytes` is the size of a WAL file where initdb was given
    another. Files that were archived less than `settled_s` ago are not looked at for gaps: with `archive-async` they
    arrive in any order.

    Raises `BackupToolError` where pgBackRest can't be run, knows no stanza, or does not answer as expected.
    """
    tool = Tool.of(program, options, timeout_s)
    one = [f"--stanza={stanza}"] if stanza else []
    stanzas = tool.ask(*one, "info", "--output=json")
    if not stanzas:
        raise BackupToolError(
            "pgBackRest knows no stanza.", cure="Give it the configuration that backups are made with: --config=..."
        )
    try:
        return tuple(
            _with_wal(repository, archive, key, tool, segment_bytes=segment_bytes, settled_s=settled_s)
            for each in stanzas
            for repository, archive, key in _repositories(each)
        )
    except MISSHAPEN as error:
        raise unusual("pgbackrest", error) from None


def parse_pgbackrest(info: str | bytes | Sequence[Stanza]) -> tuple[Repository, ...]:
    """From the output of `pgbackrest info --output=json`, taken elsewhere. Says nothing about gaps in the WAL.

    Raises `BackupToolError` for anything else.
    """
    stanzas = loaded(info, "pgbackrest info") if isinstance(info, (str, bytes)) else info
    try:
        return tuple(repository for stanza in stanzas for repository, _, _ in _repositories(stanza))
    except MISSHAPEN as error:
        raise unusual("pgbackrest info", error) from None


def _repositories(stanza: Stanza) -> list[tuple[Repository, str | None, int]]:
    """Each repository of a stanza, the folder of its present cluster's WAL, and its number."""
    keys = [repo["key"] for repo in stanza.get("repo") or [{"key": 1}]]
    return [_repository(stanza, key, alone=len(keys) == 1) for key in keys]


def _repository(stanza: Stanza, key: int, *, alone: bool) -> tuple[Repository, str | None, int]:
    databases = [each for each in stanza.get("db") or () if each.get("repo-key", key) == key]
    present = max((each["id"] for each in databases), default=None)  # an upgrade begins a new one
    archive: Mapping[str, Any] = next(
        (each for each in stanza["archive"] if _belongs(each, key) and each["database"]["id"] == present), {}
    )
    repository = Repository(
        tool=TOOL,
        server=stanza["name"] if alone else f"{stanza['name']} (repo{key})",
        read_at=datetime.now(UTC),
        problem=_problem(stanza, key),
        system_identifier=next((each.get("system-id") for each in databases if each["id"] == present), None),
        backups=[_backup(each, present) for each in stanza["backup"] if _belongs(each, key)],
        first_wal=archive.get("min"),
        last_wal=archive.get("max"),
    )
    return repository, archive.get("id"), key


def _belongs(part: Mapping[str, Any], key: int) -> bool:
    return bool(part.get("database", {}).get("repo-key", key) == key)


def _problem(stanza: Stanza, key: int) -> str | None:
    repo: Mapping[str, Any] = next((each for each in stanza.get("repo") or () if each["key"] == key), {})
    status = repo.get("status") or stanza["status"]
    return None if status["code"] == _OK else status["message"]


def _backup(backup: Mapping[str, Any], present: int | None) -> Backup:
    times, sizes, wal = backup["timestamp"], backup["info"], backup.get("archive") or {}
    # what a cluster before an upgrade needs lies in a folder of its own
    wal = wal if backup.get("database", {}).get("id", present) == present else {}
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


def _with_wal(
    repository: Repository, archive: str | None, key: int, tool: Tool, *, segment_bytes: int, settled_s: float
) -> Repository:
    if archive is None:
        return repository
    stanza = repository.server.partition(" (repo")[0]
    folder = f"archive/{stanza}/{archive}"
    try:
        listing = tool.ask("repo-ls", f"--repo={key}", "--recurse", "--output=json", folder)
    except BackupToolError as error:
        return attrs.evolve(repository, wal_unseen=error.what.rstrip("."))  # one of several may be out of reach
    settled = time.time() - settled_s
    old = [path for path, each in listing.items() if each.get("time", 0) <= settled]
    return attrs.evolve(
        repository,
        backups=with_missing_wal(repository.backups, wal_names(listing), segment_bytes=segment_bytes),
        wal_gaps=wal_gaps(wal_names(old), segment_bytes=segment_bytes),
    )
