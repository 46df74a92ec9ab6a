"""Backups in folders, WAL-G's recorded answers, and gaps in lists of WAL files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgops.backups import WalGap, parse_walg, read_folder, read_walg, wal_gaps, wal_names
from pgops.errors import BackupToolError
from tests.backups.conftest import write_wal
from tests.servers import system_binaries

M64 = 64 * 1024 * 1024


@pytest.mark.parametrize(
    ("names", "gaps"),
    [
        ([], []),
        (["000000010000000000000001"], []),
        (["000000010000000000000001", "000000010000000000000002"], []),
        (["000000010000000000000001", "000000010000000000000003"], [("02", "02", 1)]),
        (["0000000100000000000000FF", "000000010000000100000000"], []),
        (["000000010000000000000001", "000000020000000000000002"], []),
        (["000000010000000000000005", "000000020000000000000003"], []),  # the old primary lived on
        (["000000010000000000000001", "000000020000000000000005"], [("02", "04", 3)]),  # it died with what it had
        (["000000010000000000000009", "000000020000000000000001", "000000020000000000000003"], [("02", "02", 1)]),
        (
            ["000000010000000000000009", "000000020000000000000003", "00000003000000000000000A"],
            [],  # the third comes from the first
        ),
    ],
)
def test_gaps(names, gaps):
    assert [(gap.first[-2:], gap.last[-2:], gap.files) for gap in wal_gaps(names)] == gaps


def test_a_log_of_larger_files_is_shorter():
    names = ["00000001000000000000003F", "000000010000000100000000"]
    assert wal_gaps(names, segment_bytes=M64) == ()
    assert wal_gaps(names) == (WalGap(first="000000010000000000000040", last="0000000100000000000000FF", files=192),)


def test_files_of_another_size_are_refused():
    with pytest.raises(BackupToolError, match="can't be one of 64 MB"):
        wal_gaps(["000000010000000000000040"], segment_bytes=M64)


def test_names_of_wal_files():
    paths = [
        "15-1/0000000100000000/000000010000000000000001-abc7083c710b1a109f4b4a915d03769d5746d065.gz",
        "000000010000000000000002",
        "000000010000000000000002.00000028.backup",
        "000000010000000000000003.partial",
        "00000002.history",
        "wal/000000010000000000000004.zst",
        "000000010000000000000004.lz4.gpg",
        "notes.txt",
    ]
    assert wal_names(paths) == [f"00000001000000000000000{n}" for n in (1, 2, 4)]


def test_dumps_and_base_backups_in_a_folder(site):
    place, wal = site.folder_of("backups"), site.folder_of("wal")
    with site.server({"archive_command": f"cp %p {wal}/%f"}) as server:
        bindir = system_binaries().bindir
        to = ("-h", server.host, "-p", server.port, "-U", server.superuser)
        site.run(bindir / "pg_basebackup", *to, "-D", place / "base 1", "--checkpoint=fast")
        site.run(bindir / "pg_dump", *to, "-Fc", "-f", place / "shop.dump", "postgres")
        site.run(bindir / "pg_dump", *to, "-Fd", "-f", place / "shop.dir", "postgres")
        write_wal(server, 4)
    (place / "empty.dump").touch()
    (place / "half.dump.tmp").write_text("x")
    (place / ".hidden").write_text("x")
    (place / "unfinished").mkdir()
    (place / "unfinished" / "backup_label").touch()
    (place / "other").mkdir()
    (place / "latest").symlink_to(place / "nowhere")
    repository = read_folder(place, wal=wal)
    found = {backup.label: backup for backup in repository.backups}
    assert set(found) == {"base 1", "shop.dump", "shop.dir", "empty.dump", "unfinished"}
    assert {label for label, backup in found.items() if backup.usable} == {"base 1", "shop.dump", "shop.dir"}
    assert (found["base 1"].kind, found["shop.dir"].kind) == ("full", "dump")
    assert found["base 1"].first_wal == found["base 1"].last_wal
    assert found["base 1"].missing_wal is None
    assert found["unfinished"].started_at is not None
    assert found["empty.dump"].error == "it is empty"
    assert found["unfinished"].error == "it has no backup_manifest"
    assert repository.wal_gaps == ()
    (wal / wal_names(path.name for path in wal.iterdir())[2]).unlink()
    assert len(read_folder(place, wal=wal).wal_gaps) == 1
    (wal / found["base 1"].first_wal).unlink()
    damaged = {backup.label: backup for backup in read_folder(place, wal=wal).backups}
    assert damaged["base 1"].missing_wal == found["base 1"].first_wal
    elsewhere = site.folder_of("elsewhere")
    (elsewhere / "notes.txt").write_text("x")
    assert read_folder(place, wal=elsewhere).wal_gaps is None, "files, and none of them is WAL"
    assert read_folder(place).wal_gaps is None
    (place / "base 1" / "backup_manifest").write_text("{")
    assert "damaged" in {b.label: b for b in read_folder(place, pattern="base*").backups}["base 1"].error


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(BackupToolError, match="No such file"):
        read_folder(tmp_path / "none")


WALG_BACKUPS = """[
 {"backup_name": "base_000000010000000000000004", "time": "2026-11-24T01:05:00Z", "start_time": "2026-11-24T01:00:00Z",
  "finish_time": "2026-11-24T01:05:00.25Z", "wal_file_name": "000000010000000000000004", "pg_version": 160000,
  "is_permanent": false, "system_identifier": 7712237999001816931, "uncompressed_size": 1000, "compressed_size": 100},
 {"backup_name": "base_000000010000000000000008_D_000000010000000000000004", "time": "2026-11-25T01:05:00Z",
  "start_time": "2026-11-25T01:00:00Z", "finish_time": "2026-11-25T01:05:00Z",
  "wal_file_name": "000000010000000000000008", "uncompressed_size": 1000, "compressed_size": 10}
]"""
WALG_VERIFIED = """{"integrity": {"status": "FAILURE", "details": [
 {"timeline_id": 1, "start_segment": "000000010000000000000004", "end_segment": "000000010000000000000005",
  "segments_count": 2, "status": "FOUND"},
 {"timeline_id": 1, "start_segment": "000000010000000000000006", "end_segment": "000000010000000000000006",
  "segments_count": 1, "status": "MISSING_LOST"},
 {"timeline_id": 1, "start_segment": "000000010000000000000007", "end_segment": "000000010000000000000009",
  "segments_count": 3, "status": "FOUND"},
 {"timeline_id": 1, "start_segment": "00000001000000000000000A", "end_segment": "00000001000000000000000B",
  "segments_count": 2, "status": "MISSING_UPLOADING"}]}}"""


def test_what_walg_says(tmp_path):
    repository = parse_walg("shop", WALG_BACKUPS, WALG_VERIFIED)
    full, delta = repository.backups
    assert (full.kind, delta.kind) == ("full", "incr")
    assert full.stopped_at == datetime(2026, 11, 24, 1, 5, 0, 250000, tzinfo=UTC)
    lost = "000000010000000000000006"
    assert repository.wal_gaps == (WalGap(first=lost, last=lost, files=1),)
    assert repository.system_identifier == 7712237999001816931
    assert parse_walg("shop", WALG_BACKUPS).wal_gaps is None
    assert parse_walg("shop", "null").backups == ()
    for wrong in ("{", '{"a": 1}', "[1]"):
        with pytest.raises(BackupToolError):
            parse_walg("shop", wrong)
    program = tmp_path / "wal-g"
    (tmp_path / "list").write_text(WALG_BACKUPS)
    (tmp_path / "verify").write_text(WALG_VERIFIED)
    program.write_text(f"#!/bin/sh\ncase $1 in backup-list) cat {tmp_path}/list;; *) cat {tmp_path}/verify;; esac\n")
    program.chmod(0o755)
    assert read_walg("shop", program=str(program)).backups == repository.backups
