"""Barman, the real one, with its WAL in a folder of its own."""

from __future__ import annotations

import pytest

import pgops
from pgops import Outcome, Severity
from pgops.backups import read_barman
from pgops.errors import BackupToolError
from pgops.scratch.account import server_account
from tests.backups.conftest import JUDGED, need_program, write_wal
from tests.servers import system_binaries


@pytest.fixture
def shop(site):
    """A server that Barman backs up, and the options that name its configuration."""
    need_program("barman")
    home, logs = site.folder_of("barman"), site.folder_of("log")
    account = server_account()
    with site.server({"archive_command": ""}) as server:
        source = f"host={server.host} port={server.port} user={server.superuser} dbname=postgres"
        configuration = site.write(
            "barman.conf",
            f"[barman]\nbarman_user = {account.name if account else ''}\nbarman_home = {home}\n"
            f"log_file = {logs}/barman.log\n\n"
            f"[shop]\ndescription = a shop\nconninfo = {source}\nstreaming_conninfo = {source}\n"
            f"backup_method = postgres\narchiver = on\npath_prefix = {system_binaries().bindir}\n",
        )
        options = ["-c", str(configuration)]
        asked_first = read_barman("shop", options=options)  # makes the folders
        assert "archive_command" in str(asked_first.problem).replace(" ", "_")
        with server.connect() as conn:
            conn.execute(f"ALTER SYSTEM SET archive_command = 'cp %p {home}/shop/incoming/%f'".encode())
            conn.execute("SELECT pg_reload_conf()")
        yield server, options


def test_backups_are_read_and_a_missing_wal_file_is_found(site, shop):
    server, options = shop
    barman = ("barman", *options)
    site.run(*barman, "switch-wal", "--archive", "--force", "shop")
    site.run(*barman, "backup", "--wait", "shop")
    write_wal(server, 4)
    site.run(*barman, "switch-wal", "--archive", "--force", "shop")
    repository = read_barman("shop", options=options)
    [backup] = repository.backups
    assert (repository.problem, repository.wal_gaps, backup.kind, backup.usable) == (None, (), "full", True)
    assert backup.first_wal <= backup.last_wal < repository.last_wal
    with server.connect() as conn:
        report = pgops.run_checks(conn, JUDGED, facilities={"backups": [repository]})
        assert [result.outcome for result in report.results] == [Outcome.CLEAN] * 3
        [lost] = (site.folder / "barman" / "shop" / "wals").rglob("000000010000000000000004")
        lost.unlink()
        damaged = read_barman("shop", options=options)
        [finding] = pgops.run_checks(conn, ["backup.archive_gap"], facilities={"backups": damaged}).findings
    assert finding.severity is Severity.CRITICAL
    assert "000000010000000000000004 is missing" in finding.message


def test_a_server_that_barman_does_not_know(shop):
    _, options = shop
    with pytest.raises(BackupToolError, match="Unknown server 'nosuch'"):
        read_barman("nosuch", options=options)


def test_a_backup_that_failed(site, shop):
    _, options = shop
    folder = site.folder / "barman" / "shop" / "base" / "20260101T000000"
    folder.mkdir(parents=True)
    told = "backup_label=None\nstatus=FAILED\nerror=the disk is full\nserver_name=shop\nmode=postgres\n"
    (folder / "backup.info").write_text(told)
    repository = read_barman("shop", options=options)
    [failed] = repository.backups
    assert not failed.usable
    assert "the disk is full" in failed.error
