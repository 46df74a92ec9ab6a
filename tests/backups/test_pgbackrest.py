"""pgBackRest, the real one: what it says of backups, and the WAL file that it does not miss."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

import pgops
from pgops import Outcome, Severity
from pgops.backups import parse_pgbackrest, read_pgbackrest
from pgops.errors import BackupToolError
from tests.backups.conftest import JUDGED, need_program, write_wal
from tests.checks.sessions import wait_for


@pytest.fixture
def stanza(site):
    """A server that archives through pgBackRest, and the options that name its configuration."""
    need_program("pgbackrest")
    folders = {name: site.folder_of(name) for name in ("repo", "log", "lock", "spool")}
    configuration = site.folder / "pgbackrest.conf"
    command = f"pgbackrest --config={configuration} --stanza=demo archive-push %p"
    with site.server({"archive_command": command}) as server:
        site.write(
            configuration.name,
            f"[global]\nrepo1-path={folders['repo']}\nlog-path={folders['log']}\nlock-path={folders['lock']}\n"
            f"spool-path={folders['spool']}\nlog-level-console=error\nrepo1-retention-full=2\nstart-fast=y\n\n"
            f"[demo]\npg1-path={server.folder}\npg1-socket-path={server.host}\npg1-user={server.superuser}\n",
        )
        yield server, [f"--config={configuration}"]


def test_backups_are_read_and_a_missing_wal_file_is_found(site, stanza):
    server, options = stanza
    pgbackrest = ("pgbackrest", *options, "--stanza=demo")
    [before] = read_pgbackrest("demo", options=options)
    assert before.problem == "missing stanza path"

    site.run(*pgbackrest, "stanza-create")
    site.run(*pgbackrest, "backup", "--type=full")
    write_wal(server, 4)
    site.run(*pgbackrest, "backup", "--type=incr")
    [repository] = read_pgbackrest(options=options, settled_s=0)
    full, increment = repository.backups
    assert (repository.server, repository.problem, repository.wal_gaps) == ("demo", None, ())
    assert (full.kind, increment.kind) == ("full", "incr")
    assert full.usable
    assert abs(datetime.now(UTC) - increment.stopped_at) < timedelta(minutes=2)
    assert full.first_wal < increment.first_wal <= increment.last_wal <= repository.last_wal
    assert full.database_bytes > full.stored_bytes > 0
    with server.connect() as conn:
        identifier = conn.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
        assert (repository.system_identifier,) == identifier
        report = pgops.run_checks(conn, JUDGED, facilities={"backups": repository})
        assert [result.outcome for result in report.results] == [Outcome.CLEAN] * 3

        # One file is lost. The tool itself stays green.
        [lost] = (site.folder / "repo").rglob("000000010000000000000004-*")
        lost.unlink()
        assert "status: ok" in site.run(*pgbackrest, "info")
        [gap] = (damaged := read_pgbackrest("demo", options=options, settled_s=0))[0].wal_gaps
        assert (gap.first, gap.last, gap.files) == ("000000010000000000000004", "000000010000000000000004", 1)
        [finding] = pgops.run_checks(conn, ["backup.archive_gap"], facilities={"backups": damaged}).findings
        assert finding.severity is Severity.WARNING, "the newest backup lies behind it"
        assert "000000010000000000000004 is missing" in finding.message


def test_a_stanza_without_a_backup(site, stanza):
    server, options = stanza
    site.run("pgbackrest", *options, "--stanza=demo", "stanza-create")
    wait_for(lambda: read_pgbackrest("demo", options=options)[0].problem == "no valid backups", "it to say so")
    with server.connect() as conn:
        repositories = read_pgbackrest("demo", options=options)
        report = pgops.run_checks(conn, ["backup.age", "backup.failed"], facilities={"backups": repositories})
    assert [(each.check, each.severity) for each in report.findings] == [
        ("backup.age", Severity.CRITICAL),
        ("backup.failed", Severity.WARNING),
    ]


def test_each_repository_of_a_stanza_is_told_by_itself(site, stanza):
    server, options = stanza
    configuration = site.folder / "pgbackrest.conf"
    text = configuration.read_text().replace("\n\n[demo]", f"\nrepo2-path={site.folder_of('repo2')}\n\n[demo]")
    configuration.write_text(text)
    pgbackrest = ("pgbackrest", *options, "--stanza=demo")
    site.run(*pgbackrest, "stanza-create")
    site.run(*pgbackrest, "--repo=1", "backup", "--type=full")
    write_wal(server, 3)
    site.run(*pgbackrest, "check")
    first, second = read_pgbackrest("demo", options=options, settled_s=0)
    assert (first.server, len(first.backups), first.wal_gaps) == ("demo (repo1)", 1, ())
    assert (second.server, len(second.backups), second.wal_gaps) == ("demo (repo2)", 0, ())
    [lost] = (site.folder / "repo2").rglob("000000010000000000000003-*")
    lost.unlink()
    first, second = read_pgbackrest("demo", options=options, settled_s=0)
    assert (first.wal_gaps, len(second.wal_gaps)) == ((), 1)
    # An older pgBackRest that can't list is not one whose archive is whole.
    old = site.write("old", '#!/bin/sh\ncase "$*" in *repo-ls*) echo no >&2; exit 1;; esac\nexec pgbackrest "$@"\n')
    old.chmod(0o755)
    [blind, _] = read_pgbackrest("demo", options=options, program=str(old))
    assert (blind.wal_gaps, "no" in blind.wal_unseen) == (None, True)


def test_what_was_taken_elsewhere():
    info = [
        {
            "name": "shop",
            "archive": [
                {
                    "database": {"id": 1, "repo-key": 1},
                    "id": "16-1",
                    "min": "000000010000000000000001",
                    "max": "00000001000000000000000A",
                }
            ],
            "backup": [
                {
                    "label": "20260101-000000F",
                    "type": "full",
                    "error": True,
                    "timestamp": {"start": 1767225600, "stop": 1767229200},
                    "database": {"id": 1, "repo-key": 1},
                    "archive": {"start": "000000010000000000000002", "stop": "000000010000000000000003"},
                    "info": {"size": 100, "repository": {"delta": 10}},
                }
            ],
            "db": [{"id": 1, "system-id": 7712237999001816931}],
            "status": {"code": 0, "message": "ok"},
        }
    ]
    [repository] = parse_pgbackrest(json.dumps(info))
    assert repository == pgops.backups.Repository(
        tool="pgbackrest",
        server="shop",
        read_at=repository.read_at,
        system_identifier=7712237999001816931,
        backups=repository.backups,
        first_wal="000000010000000000000001",
        last_wal="00000001000000000000000A",
    )
    assert repository.backups[0].error == "pages with wrong checksums"
    assert not repository.backups[0].usable
    wrong = ["{", "[1]", '[{"name": "x"}]']
    whole = json.dumps(info)
    for right, odd in (('"shop"', "null"), ('"full"', "[]"), ("1767225600", "1e30"), ("1767229200", "99999999999999")):
        assert right in whole
        wrong.append(whole.replace(right, odd))
    for text in wrong:
        with pytest.raises(BackupToolError):
            parse_pgbackrest(text)


def test_a_tool_that_is_not_there_or_hangs_or_fails(tmp_path):
    nothing = tmp_path / "nothing"
    nothing.write_text("#!/bin/sh\necho '[]'\n")
    nothing.chmod(0o755)
    with pytest.raises(BackupToolError, match="knows no stanza"):
        read_pgbackrest(program=str(nothing))
    with pytest.raises(BackupToolError, match="can't be run: No such file"):
        read_pgbackrest(program=str(tmp_path / "none"))
    answers = {"sleep 60": "did not answer in time", "echo no; exit 3": "status 3: no", "echo no": "JSON"}
    for body, words in answers.items():
        program = tmp_path / "tool"
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
        with pytest.raises(BackupToolError, match=words):
            read_pgbackrest(program=str(program), timeout_s=0.5)
