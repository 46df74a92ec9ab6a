"""The audit: what people did by hand, found; what the calls do, not."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

import pytest

from pgops.errors import WorkspaceError
from pgops.findings import Severity
from pgops.migrations import audit
from pgops.migrations.changelog import seal_of
from tests.migrations.workspaces import approved, contents, opened, released
from tests.servers import lack


@pytest.fixture
def workspace(tmp_path):
    """A workspace with two releases and something pending."""
    workspace = opened(tmp_path)
    for name in ("orders", "customers"):
        workspace.record(f"CREATE TABLE {name} (id int)", name)
        approved(workspace.release(name))
    workspace.record("SELECT 1", "one", file="prerelease.sql")
    return workspace


def first(workspace):
    """The first released file."""
    return workspace.path / min(released(workspace.path))


def changelog(workspace, old, new):
    file = workspace.path / "CHANGELOG.md"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def edited(workspace):
    with first(workspace).open("a") as file:
        file.write("-- just a comment\n")


def edited_and_the_hash_mended(workspace):
    was = hashlib.sha256(first(workspace).read_bytes()).hexdigest()
    edited(workspace)
    changelog(workspace, was, hashlib.sha256(first(workspace).read_bytes()).hexdigest())


def the_hash_changed(workspace):
    changelog(workspace, hashlib.sha256(first(workspace).read_bytes()).hexdigest(), "0" * 64)


def the_hash_broken(workspace):
    changelog(workspace, hashlib.sha256(first(workspace).read_bytes()).hexdigest(), "?")


def the_release_reworded(workspace):
    changelog(workspace, "from prerelease.sql: orders", "from prerelease.sql: others")


def the_last_hash_taken_out(workspace):
    file = workspace.path / "CHANGELOG.md"
    lines = file.read_text().splitlines(keepends=True)
    last = hashlib.sha256((workspace.path / max(released(workspace.path))).read_bytes()).hexdigest()
    file.write_text("".join(line for line in lines if last not in line))


def put_there_by_hand(workspace):
    (workspace.path / "released" / "29990101000000.sql").write_text("SELECT 1;")


def removed(workspace):
    first(workspace).unlink()


def moved_deeper(workspace):
    (workspace.path / "released" / "old").mkdir()
    first(workspace).rename(workspace.path / "released" / "old" / first(workspace).name)


def made_a_link(workspace):
    file = first(workspace)
    file.rename(workspace.path / "elsewhere.sql")
    file.symlink_to(workspace.path / "elsewhere.sql")


def a_linked_folder(workspace):
    (workspace.path / "old_Released").symlink_to("/nowhere")


def pending_without_entry(workspace):
    (workspace.path / "1_prerelease.sql").write_text("SELECT 1;")


def entry_without_file(workspace):
    (workspace.path / "prerelease.sql").unlink()


def gap(workspace):
    for number in (1, 2, 3):
        workspace.record("SELECT 1", "one", file=f"{number}_prerelease.sql")
    (workspace.path / "2_prerelease.sql").unlink()
    changelog(workspace, "### 2_prerelease.sql", "### Notes")


def gap_at_the_start(workspace):
    (workspace.path / "prerelease.sql").rename(workspace.path / "3_prerelease.sql")
    changelog(workspace, "### prerelease.sql", "### 3_prerelease.sql")


def one_number_twice(workspace):
    for name in ("1_prerelease.sql", "01_prerelease.sql"):
        (workspace.path / name).write_text("")


def a_name_that_is_nearly_pending(workspace):
    (workspace.path / "2-prerelease.sql").write_text("SELECT 1;")


def pending_is_a_link(workspace):
    (workspace.path / "1_prerelease.sql").symlink_to("prerelease.sql")


def pending_is_a_hard_link(workspace):
    (workspace.path / "prerelease.sql").unlink()
    os.link(first(workspace), workspace.path / "prerelease.sql")


def broken_off(workspace):
    (workspace.path / ".pgops-new-0123456789ab").write_text("half a fi")


BY_HAND = {
    edited: {"edited_after_release": Severity.CRITICAL},
    edited_and_the_hash_mended: {"changed_manifest": Severity.CRITICAL},
    the_hash_changed: {"changed_manifest": Severity.CRITICAL, "edited_after_release": Severity.CRITICAL},
    the_hash_broken: {"changed_manifest": Severity.CRITICAL, "edited_after_release": Severity.CRITICAL},
    the_release_reworded: {"changed_manifest": Severity.CRITICAL},
    the_last_hash_taken_out: {"no_hash": Severity.WARNING},
    put_there_by_hand: {"no_hash": Severity.WARNING},
    removed: {"released_file_missing": Severity.CRITICAL},
    moved_deeper: {"released_file_missing": Severity.CRITICAL, "released_without_hash": Severity.INFO},
    made_a_link: {"released_link": Severity.CRITICAL, "released_file_missing": Severity.CRITICAL},
    a_linked_folder: {"released_link": Severity.CRITICAL},
    pending_without_entry: {"no_entry": Severity.WARNING},
    entry_without_file: {"entry_without_file": Severity.WARNING},
    gap: {"gap": Severity.WARNING},
    gap_at_the_start: {"gap": Severity.WARNING},
    one_number_twice: {"same_number": Severity.WARNING},
    a_name_that_is_nearly_pending: {"not_pending": Severity.WARNING},
    pending_is_a_link: {"no_file": Severity.CRITICAL},
    pending_is_a_hard_link: {"hard_link": Severity.CRITICAL},
    broken_off: {"unfinished": Severity.WARNING},
}


@pytest.mark.parametrize("by_hand", BY_HAND, ids=lambda each: each.__name__)
def test_what_was_done_by_hand_is_found(workspace, by_hand):
    assert workspace.audit() == ()
    by_hand(workspace)
    before = contents(workspace.path)
    findings = workspace.audit()
    assert {finding.code: finding.severity for finding in findings} == BY_HAND[by_hand]
    assert all(finding.message and finding.cure for finding in findings)
    assert contents(workspace.path) == before, "looking changes nothing"


def test_an_edited_file_is_named(workspace):
    edited(workspace)
    (finding,) = workspace.audit()
    assert finding.path == first(workspace)


def test_files_of_older_tools_are_no_damage(tmp_path):
    workspace = opened(tmp_path)
    (workspace.path / "released").mkdir(parents=True)
    for year in (2019, 2020):
        (workspace.path / "released" / f"{year}0101000000.sql").write_text("SELECT 1;")
    (workspace.path / "CHANGELOG.md").write_text("# Changelog\n\n## RELEASED\n\n### 20190101000000.sql\n\n- by hand\n")
    (finding,) = workspace.audit()
    assert (finding.code, finding.severity) == ("released_without_hash", Severity.INFO)
    assert "2 released files" in finding.message
    workspace.record("SELECT 2", "two")
    approved(workspace.release("two"))
    assert [finding.severity for finding in workspace.audit()] == [Severity.INFO]


def test_the_worst_comes_first(workspace):
    edited(workspace)
    pending_without_entry(workspace)
    (workspace.path / "old").mkdir()
    (workspace.path / "old" / "x.released").write_text("")
    assert [finding.severity for finding in workspace.audit()] == [
        Severity.CRITICAL,
        Severity.WARNING,
        Severity.INFO,
    ]


@pytest.mark.parametrize("ends", [(b"\n", b"\r\n"), (b"\r\n", b"\n")])
def test_line_ends_that_git_has_changed_are_no_damage(tmp_path, ends):
    workspace = opened(tmp_path)
    workspace.path.mkdir(parents=True)
    (workspace.path / "prerelease.sql").write_bytes(b"SELECT 1;\nSELECT 2;\n".replace(b"\n", ends[0]))
    approved(workspace.release("one"))
    first(workspace).write_bytes(first(workspace).read_bytes().replace(*ends))
    (finding,) = workspace.audit()
    assert (finding.code, finding.severity) == ("other_line_ends", Severity.INFO)


# --- what git remembers -----------------------------------------------------------------------------------------------


def seal_a_lie(workspace):
    """Edit a released file, and its hash and seal to fit."""
    name = first(workspace).name
    was = hashlib.sha256(first(workspace).read_bytes()).hexdigest()
    text = (workspace.path / "CHANGELOG.md").read_text()
    line = next(line for line in text.splitlines() if line.endswith("prerelease.sql: orders")).removeprefix("- ")
    edited(workspace)
    now = hashlib.sha256(first(workspace).read_bytes()).hexdigest()
    changelog(workspace, f"{was} sealed {seal_of(name, was, line)}", f"{now} sealed {seal_of(name, now, line)}")


def git(folder, *words):
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.com"]
    done = subprocess.run(["git", "-C", folder, *who, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def committed(workspace):
    """The workspace in a repository of its own, whole in its first commit."""
    if shutil.which("git") is None:
        lack("there is no git")
    git(workspace.path, "init", "--quiet")
    git(workspace.path, "add", "-A")
    git(workspace.path, "commit", "--quiet", "--message", "first")
    return workspace


def test_without_git_a_lie_that_was_sealed_is_not_found(workspace):
    """The seal is no secret: docs/migrations.md states this limit."""
    seal_a_lie(workspace)
    assert workspace.audit() == ()


@pytest.mark.parametrize("is_committed", [False, True])
def test_git_finds_a_lie_that_was_sealed(committed, is_committed):
    commit = git(committed.path, "rev-parse", "--short", "HEAD")
    assert committed.audit() == ()
    seal_a_lie(committed)
    if is_committed:
        git(committed.path, "commit", "--quiet", "--all", "--message", "nothing to see here")
    (finding,) = committed.audit()
    assert (finding.code, finding.severity) == ("changed_since_commit", Severity.CRITICAL)
    assert finding.path == first(committed)
    assert commit in finding.cure


def test_nor_does_it_help_to_take_the_file_away_and_bring_another(committed):
    name = first(committed).relative_to(committed.path)
    git(committed.path, "rm", "--quiet", "--cached", name)
    git(committed.path, "commit", "--quiet", "--message", "gone")
    seal_a_lie(committed)
    git(committed.path, "add", "-A")
    git(committed.path, "commit", "--quiet", "--message", "new")
    assert [finding.code for finding in committed.audit()] == ["changed_since_commit"]


def test_what_is_committed_as_it_was_released_is_well(committed):
    committed.record("SELECT 2", "two")
    approved(committed.release("two"))
    assert committed.audit() == ()
    git(committed.path, "add", "-A")
    git(committed.path, "commit", "--quiet", "--message", "second")
    assert committed.audit() == ()


def test_what_can_not_be_looked_at_is_no_good_answer(tmp_path):
    with pytest.raises(WorkspaceError, match="is not there"):
        audit(tmp_path, env={})
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "migrations").write_text("a file")
    with pytest.raises(WorkspaceError, match="is no folder"):
        audit(tmp_path, env={})
