"""What WAL-G says of its storage: `wal-g backup-list --detail`, and `wal-g wal-verify integrity`.

    repository = pgops.backups.read_walg("main")
    pgops.run_checks(conn, "backup", facilities={"backups": [repository]})

Written by WAL-G's documentation and sources (2.0 to 3.0), and tried on recorded answers only: there is no package of it
to test with. Its configuration comes from its environment or `--config`, as ever.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pgops.backups.model import Backup, Repository, WalGap
from pgops.backups.programs import MISSHAPEN, Tool, loaded, unusual

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOOL = "wal-g"


def read_walg(name: str, *, options: Sequence[str] = (), program: str = TOOL, timeout_s: float = 300) -> Repository:
    """Ask WAL-G about its storage, which you call `name`. `wal-verify` connects to the server and lists every WAL file.

    Raises `BackupToolError` where WAL-G can't be run or does not answer as expected.
    """
    tool = Tool.of(program, options, timeout_s)
    backups = tool.ask("backup-list", "--detail", "--json", nothing=[])  # older ones say nothing where there is none
    return parse_walg(name, backups, tool.ask("wal-verify", "integrity", "--json"))


def parse_walg(
    name: str,
    backups: str | bytes | Sequence[Mapping[str, Any]],
    verified: str | bytes | Mapping[str, Any] | None = None,
) -> Repository:
    """From the output of `backup-list --detail --json` and `wal-verify integrity --json`, taken elsewhere.

    Raises `BackupToolError` for anything else.
    """
    listed = loaded(backups, "wal-g backup-list") if isinstance(backups, (str, bytes)) else backups
    verdict = loaded(verified, "wal-g wal-verify") if isinstance(verified, (str, bytes)) else verified
    try:
        listed = listed or []  # of no backups WAL-G says null
        details = None if verdict is None else verdict["integrity"]["details"] or []
        return Repository(
            tool=TOOL,
            server=name,
            read_at=datetime.now(UTC),
            system_identifier=next(filter(None, (each.get("system_identifier") for each in listed)), None),
            backups=sorted(map(_backup, listed), key=lambda backup: backup.label),
            first_wal=details[0]["start_segment"] if details else None,
            last_wal=details[-1]["end_segment"] if details else None,
            wal_gaps=None if details is None else tuple(map(_gap, filter(_is_missing, details))),
        )
    except MISSHAPEN as error:
        raise unusual("WAL-G", error) from None


def _backup(listed: Mapping[str, Any]) -> Backup:
    label = listed["backup_name"]
    return Backup(
        label=label,
        kind="incr" if "_D_" in label else "full",
        started_at=_moment(listed.get("start_time")),
        stopped_at=_moment(listed.get("finish_time") or listed.get("time") or listed.get("modified")),
        database_bytes=listed.get("uncompressed_size"),
        stored_bytes=listed.get("compressed_size"),
        first_wal=listed.get("wal_file_name") or listed.get("wal_segment_backup_start"),
    )


def _is_missing(segments: Mapping[str, Any]) -> bool:
    # what is only just being uploaded, or delayed, is not lost
    return bool(segments["status"] == "MISSING_LOST")


def _gap(segments: Mapping[str, Any]) -> WalGap:
    return WalGap(first=segments["start_segment"], last=segments["end_segment"], files=segments["segments_count"])


def _moment(text: str | None) -> datetime | None:
    return None if not text else datetime.fromisoformat(text).astimezone(UTC)
