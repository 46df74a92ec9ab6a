"""What Barman says of a server: its backups, its own verdict, and every WAL file in its folder.

    repository = pgops.backups.read_barman("main")
    pgops.run_checks(conn, "backup", facilities={"backups": [repository]})

Written for and tried on Barman 3.4. It runs on Barman's host, as Barman's user (or root).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgops.backups.archived_wal import archive_in, wal_gaps, with_missing_wal
from pgops.backups.model import Backup, Repository
from pgops.backups.programs import MISSHAPEN, Tool, unusual
from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOL = "barman"
_WAITING = "WAITING_FOR_WALS"
"""It has all its files, and waits for the last WAL that it needs."""
_WHOLE = ("DONE", _WAITING)
_RUNNING = ("EMPTY", "STARTED", "SYNCING")
_LONGEST_BACKUP = timedelta(days=2)
"""What has been running for longer has been given up."""


def read_barman(server: str, *, options: Sequence[str] = (), program: str = TOOL, timeout_s: float = 120) -> Repository:
    """Ask Barman about one server: the list of backups, each of them, `barman check`, and its folder of WAL.

    `options` go to each call, `--config=...` say. A backup that is running is left out.

    Raises `BackupToolError` where Barman can't be run, does not know the server, or does not answer as expected.
    """
    tool = Tool.of(program, options, timeout_s)

    def asked(*words: str) -> Any:
        answer = tool.ask("-f", "json", *words, tolerate_status=True)
        trouble = answer.get("_ERROR") or answer.get("_EXCEPTION")
        if trouble:
            said = "; ".join(trouble) if isinstance(trouble, list) else str(trouble)
            raise BackupToolError(f"barman {' '.join(words)}: {said}.", cure="barman list-servers shows what it knows.")
        return answer[server]

    try:
        # the newest comes first
        listed = [entry["backup_id"] for entry in reversed(asked("list-backups", server))]
        shown = [asked("show-backup", server, label) for label in listed]
        backups = [_backup(each) for each in shown if not _is_running(each)]
        setup = asked("show-server", server)
        names, unseen = _archived(setup.get("wals_directory"))
        size: int | None = setup.get("xlog_segment_size")
        gaps = None
        if size is None:
            unseen = unseen or "the size of its files is the server's to say, and it does not answer"
        elif unseen is None:
            backups = list(with_missing_wal(backups, names, segment_bytes=size))
            gaps = wal_gaps(names, segment_bytes=size)
        return Repository(
            tool=TOOL,
            server=server,
            read_at=datetime.now(UTC),
            problem=_problem(asked("check", server)),
            system_identifier=_number(setup.get("postgres_systemid")),
            backups=backups,
            first_wal=names[0] if names else None,
            last_wal=names[-1] if names else None,
            wal_unseen=unseen,
            wal_gaps=gaps,
        )
    except MISSHAPEN as error:
        raise unusual("Barman", error) from None


def _backup(shown: Mapping[str, Any]) -> Backup:
    about, status = shown.get("base_backup_information") or {}, shown["status"]
    whole = status in _WHOLE
    return Backup(
        label=shown["backup_id"],
        kind="incr" if shown.get("backup_type") == "incremental" else "full",
        started_at=_moment(about.get("begin_time_timestamp")) or _named_moment(shown["backup_id"]),
        stopped_at=_moment(about.get("end_time_timestamp")) if whole else None,
        error=None if whole else (shown.get("error") or status),
        database_bytes=about.get("disk_usage_bytes") or about.get("cluster_size_bytes"),
        stored_bytes=about.get("incremental_size_bytes") or about.get("backup_size_bytes"),
        first_wal=about.get("begin_wal"),
        last_wal=None if status == _WAITING else about.get("end_wal"),
    )


def _is_running(shown: Mapping[str, Any]) -> bool:
    began = _named_moment(shown["backup_id"])
    return shown["status"] in _RUNNING and (began is None or datetime.now(UTC) - began < _LONGEST_BACKUP)


def _problem(verdict: Mapping[str, Any]) -> str | None:
    failed = [
        name.replace("_", " ") + (f" ({said['hint']})" if said.get("hint") else "")
        for name, said in verdict.items()
        if said["status"] != "OK"
    ]
    return f"barman check fails: {', '.join(failed)}" if failed else None


def _archived(folder: str | None) -> tuple[list[str], str | None]:
    """The WAL files in Barman's own folder, or why it can't be looked into from here."""
    if folder is None:
        return [], "Barman does not say where it keeps WAL"
    try:
        return archive_in(Path(folder)) or [], None  # Barman's own list lies beside the files, so there is always one
    except OSError as error:
        return [], f"{error.filename} can't be read: {error.strerror}"


def _moment(seconds: str | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)


def _named_moment(label: str) -> datetime | None:
    """When a backup was begun, by its name, which is in the time of Barman's host."""
    try:
        return datetime.strptime(label[:15], "%Y%m%dT%H%M%S").astimezone(UTC)
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
