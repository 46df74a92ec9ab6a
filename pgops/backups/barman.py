"""What Barman says of a server: its backups, its own verdict, and every WAL file in its folder.

    repository = pgops.backups.read_barman("main")
    pgops.run_checks(conn, "backup", facilities={"backups": [repository]})

Written for and tried on Barman 3.4. It runs on Barman's host, as Barman's user (or root).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgops.backups.archived_wal import SEGMENT_BYTES, wal_gaps, wal_names
from pgops.backups.model import Backup, Repository
from pgops.backups.programs import json_from
from pgops.errors import BackupToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOL = "barman"
_WHOLE = ("DONE", "WAITING_FOR_WALS")
"""The second has all its files, and waits for the last WAL that it needs."""


def read_barman(server: str, *, options: Sequence[str] = (), program: str = TOOL, timeout_s: float = 60) -> Repository:
    """Ask Barman about one server: the list of backups, each of them, `barman check`, and its folder of WAL.

    `options` go to each call, `--config=...` say.

    Raises `BackupToolError` where Barman can't be run, does not know the server, or does not answer as expected.
    """

    def asked(*words: str) -> Any:
        answer = json_from([program, *options, "-f", "json", *words], timeout_s=timeout_s, tolerate_status=True)
        if "_ERROR" in answer:
            raise BackupToolError(f"barman {' '.join(words)}: {'; '.join(answer['_ERROR'])}.")
        return answer[server]

    try:
        # the newest comes first
        listed = [entry["backup_id"] for entry in reversed(asked("list-backups", server))]
        backups = tuple(_backup(asked("show-backup", server, label)) for label in listed)
        setup = asked("show-server", server)
        names = _archived(setup.get("wals_directory"))
        return Repository(
            tool=TOOL,
            server=server,
            read_at=datetime.now(UTC),
            problem=_problem(asked("check", server)),
            system_identifier=_number(setup.get("postgres_systemid")),
            backups=backups,
            first_wal=names[0] if names else None,
            last_wal=names[-1] if names else None,
            wal_gaps=None
            if names is None
            else wal_gaps(names, segment_bytes=setup.get("xlog_segment_size") or SEGMENT_BYTES),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BackupToolError(f"That is not what Barman gives: {error!r}.") from None


def _backup(shown: Mapping[str, Any]) -> Backup:
    about, status = shown.get("base_backup_information") or {}, shown["status"]
    whole = status in _WHOLE
    return Backup(
        label=shown["backup_id"],
        kind="full",
        started_at=_moment(about.get("begin_time_timestamp")),
        stopped_at=_moment(about.get("end_time_timestamp")) if whole else None,
        error=None if whole else (shown.get("error") or status),
        database_bytes=about.get("disk_usage_bytes"),
        stored_bytes=about.get("incremental_size_bytes"),
        first_wal=about.get("begin_wal"),
        last_wal=about.get("end_wal"),
    )


def _problem(verdict: Mapping[str, Any]) -> str | None:
    failed = [
        name.replace("_", " ") + (f" ({said['hint']})" if said.get("hint") else "")
        for name, said in verdict.items()
        if said["status"] != "OK"
    ]
    return f"barman check fails: {', '.join(failed)}" if failed else None


def _archived(folder: str | None) -> list[str] | None:
    """The WAL files in Barman's own folder; None where it can't be looked into from here."""
    if folder is None:
        return None
    try:
        return wal_names(str(path) for path in Path(folder).glob("*/*"))
    except OSError:
        return None


def _moment(seconds: str | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
