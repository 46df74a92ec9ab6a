"""The workspace: where it is, what is recorded how, what is rewritten by which proposal."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import stat

import pytest

from pgops.errors import (
    ConfigNotFoundError,
    FileBusyError,
    MigrationNameError,
    MigrationTextError,
    NotApprovedError,
    NothingPendingError,
    StaleProposalError,
    WorkspaceError,
)
from pgops.locking import locked
from pgops.migrations import Workspace
from tests.migrations.workspaces import approved, contents, opened

TODAY = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"


@pytest.fixture
def workspace(tmp_path):
    return opened(tmp_path)


def texts(workspace):
    """Each file's text, by its name."""
    return {path: content.decode() for path, content in contents(workspace.path).items()}


# --- where it is ------------------------------------------------------------------------------------------------------


def test_the_default_is_below_the_root_and_nothing_is_made(tmp_path):
    workspace = Workspace.open(tmp_path, env={})
    assert (workspace.path, workspace.pending()) == (tmp_path / "db" / "migrations", ())
    assert contents(tmp_path) == {}


def test_the_order_is_that_of_the_config(tmp_path):
    config = tmp_path / ".skills" / "postgres" / "postgres.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        '[configuration]\nschema_version = 1\n[migrations]\npath = "sql/table"\n'
        '[database.local]\nhost = "h"\nmigrations_path = "sql/own"\n'
    )
    env = {"DB_MIGRATIONS_PATH": "sql/env", "DB_PROJECT_ROOT": "/nowhere"}
    assert Workspace.open(tmp_path, profile="local", env=env).path == tmp_path / "sql" / "own"
    assert Workspace.open(tmp_path, env=env).path == tmp_path / "sql" / "table"
    assert Workspace.open(tmp_path, profile="local", path="sql/named", env=env).path == tmp_path / "sql" / "named"
    assert "sql/named" not in Workspace.open(tmp_path, path=tmp_path / "x", env=env).because
    config.unlink()
    assert Workspace.open(tmp_path, env=env).path == tmp_path / "sql" / "env"
    with pytest.raises(ConfigNotFoundError):
        Workspace.open(tmp_path, profile="local", env=env)


def test_a_file_in_the_place_of_the_folder_is_no_empty_workspace(tmp_path):
    workspace = opened(tmp_path)
    (tmp_path / "db").mkdir()
    workspace.path.write_text("a file")
    for call in (
        workspace.pending,
        workspace.audit,
        lambda: workspace.record("SELECT 1", "x"),
        lambda: opened(tmp_path),
    ):
        with pytest.raises(WorkspaceError, match="is no folder"):
            call()


# --- recording --------------------------------------------------------------------------------------------------------


def test_recording_makes_folder_file_and_changelog(workspace):
    done = workspace.record("CREATE TABLE orders (id bigint PRIMARY KEY)", "orders")
    piece = f"-- {TODAY} orders\nCREATE TABLE orders (id bigint PRIMARY KEY);"
    assert texts(workspace) == {
        "prerelease.sql": piece + "\n",
        "CHANGELOG.md": f"# Changelog\n\n## WIP\n\n### prerelease.sql\n\n- {TODAY} orders\n\n## RELEASED\n",
    }
    assert (done.added, done.entry) == (piece, f"{TODAY} orders")
    assert workspace.pending() == (done.file,)
    assert workspace.audit() == ()


def test_recording_appends_to_the_latest(workspace):
    for number in range(1, 12):
        workspace.record(f"SELECT {number}", f"no {number}", file=f"{number}_prerelease.sql")
    assert [file.number for file in workspace.pending()] == list(range(1, 12))
    assert workspace.record("SELECT 'last'", "last").file.name == "11_prerelease.sql"
    assert workspace.record("SELECT 'second'", "second", file="2_prerelease.sql").file.name == "2_prerelease.sql"
    assert workspace.audit() == ()


def test_what_is_refused_leaves_nothing_behind(workspace, tmp_path):
    for sql, summary, file in [
        ("", "x", None),
        ("SELECT 'a", "x", None),
        ("SELECT 1", "", None),
        ("SELECT 1", "a\nb", None),
    ]:
        with pytest.raises(MigrationTextError):
            workspace.record(sql, summary, file=file)
    assert contents(tmp_path) == {}
    assert not workspace.path.exists()
    with pytest.raises(MigrationNameError):
        workspace.record("SELECT 1", "x", file="7_prerelease.sql")


def test_mode_byte_order_mark_and_line_ends_stay(workspace):
    workspace.path.mkdir(parents=True)
    file = workspace.path / "prerelease.sql"
    file.write_bytes(b"\xef\xbb\xbfSELECT 1;\r\n")
    file.chmod(0o640)
    workspace.record("SELECT\n2", "two")
    assert file.read_bytes() == (b"\xef\xbb\xbfSELECT 1;\r\n\r\n" + f"-- {TODAY} two\r\nSELECT\r\n2;\r\n".encode())
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_file_that_is_no_utf_8_is_left_alone(workspace):
    workspace.path.mkdir(parents=True)
    (workspace.path / "prerelease.sql").write_bytes("SELECT 1;\nSELECT 'é'".encode("latin-1"))
    before = contents(workspace.path)
    with pytest.raises(WorkspaceError, match=r"prerelease\.sql:2 is not UTF-8"):
        workspace.record("SELECT 2", "two")
    assert contents(workspace.path) == before


def test_no_trace_of_our_own_is_left(workspace):
    workspace.record("SELECT 1", "one")
    approved(workspace.release("one"))
    assert list(workspace.path.glob(".*")) == []


# --- two writers ------------------------------------------------------------------------------------------------------

WRITERS, RECORDS = 4, 8


def write_much(root, writer):
    for number in range(RECORDS):
        opened(root).record(f"SELECT {writer}, {number}", f"writer {writer}, {number}", wait_s=60)


def test_writers_wait_for_each_other_and_nothing_is_lost(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_much, args=(tmp_path, number)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    found = texts(opened(tmp_path))
    for writer in range(WRITERS):
        for number in range(RECORDS):
            assert found["prerelease.sql"].count(f"SELECT {writer}, {number};\n") == 1
            assert found["CHANGELOG.md"].count(f"writer {writer}, {number}\n") == 1
    assert opened(tmp_path).audit() == ()


def test_a_writer_that_never_ends_is_named(workspace):
    workspace.record("SELECT 1", "one")
    with locked(workspace.path / "pgops", wait_s=1), pytest.raises(FileBusyError, match=f"process {os.getpid()}"):
        workspace.record("SELECT 2", "two", wait_s=0.1)
    workspace.record("SELECT 2", "two")


# --- editing ----------------------------------------------------------------------------------------------------------


def test_an_edit_is_shown_and_writes_nothing_before_it_is_approved(workspace):
    workspace.record("SELECT 1", "one")
    before = texts(workspace)
    proposal = workspace.edit("prerelease.sql", "SELECT 'better';\n", "better")
    assert "-SELECT 1;" in proposal.diff.splitlines()
    assert "+SELECT 'better';" in proposal.diff.splitlines()
    assert f"+- {TODAY} better" in proposal.diff.splitlines()
    with pytest.raises(NotApprovedError):
        proposal.apply(approval=None)
    assert texts(workspace) == before
    done = approved(proposal)
    assert texts(workspace)["prerelease.sql"] == "SELECT 'better';\n"
    assert (done.outcome, done.statements) == ("written", proposal.statements)


def test_an_approval_fits_one_workspace_and_one_text(tmp_path):
    here, there = (opened(tmp_path / name) for name in ("here", "there"))
    for workspace in (here, there):
        workspace.record("SELECT 1", "one")
    proposal = here.edit("prerelease.sql", "SELECT 2;", "two")
    for other in (there.edit("prerelease.sql", "SELECT 2;", "two"), here.edit("prerelease.sql", "SELECT 3;", "two")):
        with pytest.raises(NotApprovedError):
            proposal.apply(approval=other.approve(by="ann"))


@pytest.mark.parametrize("name", ["prerelease.sql", "CHANGELOG.md"])
def test_a_proposal_is_stale_when_a_file_has_changed_since(workspace, name):
    workspace.record("SELECT 1", "one")
    proposal = workspace.edit("prerelease.sql", "SELECT 2;", "two")
    with (workspace.path / name).open("a") as file:
        file.write("-- by hand\n")
    before = texts(workspace)
    for call in (proposal.dry_run, lambda: approved(proposal)):
        with pytest.raises(StaleProposalError, match=name):
            call()
    assert texts(workspace) == before


def test_an_edit_may_not_leave_a_quote_open(workspace):
    workspace.record("SELECT 1", "one")
    with pytest.raises(MigrationTextError):
        workspace.edit("prerelease.sql", "SELECT 'a", "two")


def test_without_a_pending_file_there_is_nothing_to_rewrite(workspace):
    for call in (
        lambda: workspace.edit("prerelease.sql", "SELECT 1;", "x"),
        lambda: workspace.split("prerelease.sql", [2]),
    ):
        with pytest.raises(NothingPendingError):
            call()
        workspace.path.mkdir(parents=True, exist_ok=True)
        with pytest.raises(NothingPendingError):
            call()


# --- splitting --------------------------------------------------------------------------------------------------------


def test_a_split_keeps_every_line_and_the_entries_go_along(workspace):
    for name in ("orders", "customers", "products"):
        workspace.record(f"CREATE TABLE {name} (id int)", name)
    workspace.record("SELECT 'later'", "later", file="1_prerelease.sql")
    before = texts(workspace)
    lines = before["prerelease.sql"].split("\n")
    at = [number for number, line in enumerate(lines, 1) if line.startswith("-- ")][1:]
    approved(workspace.split("prerelease.sql", at))
    after = texts(workspace)
    assert [file.name for file in workspace.pending()] == [f"{number}_prerelease.sql" for number in (1, 2, 3, 4)]
    assert "".join(after[f"{number}_prerelease.sql"] for number in (1, 2, 3)) == before["prerelease.sql"]
    assert after["4_prerelease.sql"] == before["1_prerelease.sql"]
    blocks = after["CHANGELOG.md"].split("### ")[1:]
    said = f"- {TODAY} split from prerelease.sql"
    assert [block.splitlines()[2:4] for block in blocks[:3]] == [
        [f"- {TODAY} orders", said],
        [f"- {TODAY} customers", said],
        [f"- {TODAY} products", said],
    ]
    assert f"- {TODAY} later" in blocks[3]
    assert workspace.audit() == ()


def test_a_split_in_the_middle_moves_the_later_files_up(workspace):
    for number in (1, 2, 3):
        workspace.record(f"SELECT {number}", f"no {number}", file=f"{number}_prerelease.sql")
    workspace.record("SELECT 'more'", "more", file="2_prerelease.sql")
    approved(workspace.split("2_prerelease.sql", [4]))
    after = texts(workspace)
    assert "SELECT 1;" in after["1_prerelease.sql"]
    assert "SELECT 2;" in after["2_prerelease.sql"]
    assert "SELECT 'more';" in after["3_prerelease.sql"]
    assert "SELECT 3;" in after["4_prerelease.sql"]
    assert workspace.audit() == ()


@pytest.mark.parametrize("lines", [[], [1], [0], [-1], [99], [4], [5], [2, 99]])
def test_a_split_within_a_statement_or_nowhere_is_refused(workspace, lines):
    workspace.path.mkdir(parents=True)
    (workspace.path / "prerelease.sql").write_text("SELECT 1;\n\nSELECT\n'a\nb';\nSELECT 3;\n")
    with pytest.raises(MigrationTextError):
        workspace.split("prerelease.sql", lines)
