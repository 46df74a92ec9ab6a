"""What is out of bounds: names that end with `released`, however they are spelt, and every way that leads to one."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from pgops.errors import MigrationNameError, ReleasedNameError, WorkspaceError
from pgops.migrations import Workspace
from pgops.migrations.guardrails import is_released, refuse_new, refuse_released, released_part
from tests.migrations.workspaces import approved, contents, opened, released

OUT_OF_BOUNDS = {
    "plain": "released",
    "upper case": "RELEASED",
    "mixed case, with an extension": "Released.sql",
    "two extensions": "released.tar.gz",
    "at the end of a longer name": "2026_released.sql",
    "as the extension": "orders.released",
    "a trailing dot": "released.",
    "trailing dots and spaces": "released. . ",
    "a space before the extension": "released .sql",
    "full width": "ｒｅｌｅａｓｅｄ",
    "a full-width dot": "released．sql",
    "letters in circles": "ⓡⓔⓛⓔⓐⓢⓔⓓ",
    "mathematical letters": "𝐫𝐞𝐥𝐞𝐚𝐬𝐞𝐝.sql",
    "a long s": "releaſed",
    "a zero-width space within": "rele\u200based",
    "a soft hyphen within": "rel\u00adeased.sql",
    "a byte order mark behind": "released\ufeff",
    "a variation selector behind": "released\ufe0f",
    "a Hangul filler behind": "released\u3164",
    "an ideographic space behind": "released\u3000.sql",
    "a bidirectional mark before": "\u202ereleased",
    "a control character behind": "released\x07",
    "bytes that are no UTF-8 behind": "released\udcff",
    "a stream of NTFS": "released:x",
    "a full-width slash": "released／x.sql",
    "unreleased, which the rule as it stands takes in": "unreleased.sql",
}
WITHIN_BOUNDS = [
    "prerelease.sql",
    "1_prerelease.sql",
    "PRERELEASE.SQL",
    "release",
    "releases",
    "released_orders.sql",
    "releasedx",
    "re leased",
    "CHANGELOG.md",
    "",
    ".",
    "..",
]


@pytest.mark.parametrize("name", OUT_OF_BOUNDS.values(), ids=OUT_OF_BOUNDS)
def test_out_of_bounds(name):
    assert is_released(name)
    with pytest.raises(ReleasedNameError, match="never touched"):
        refuse_released(f"db/{name}/x.sql")
    with pytest.raises(ReleasedNameError):
        refuse_new(name)


@pytest.mark.parametrize("name", WITHIN_BOUNDS)
def test_within_bounds(name):
    assert not is_released(name)
    refuse_released(f"db/{name}/x.sql")


def test_the_first_part_of_a_path_that_is_out_of_bounds():
    assert released_part("/srv/Released/old/released/x.sql") == "Released"
    assert released_part("/srv/shop/prerelease.sql") is None


@pytest.mark.parametrize("name", ["1_prerelеase.sql", "préréléase.sql", "a\nb", "１_prerelease.sql"])
def test_new_names_are_ascii(name):
    with pytest.raises(MigrationNameError, match="ASCII"):
        refuse_new(name)


# --- a call that names what is out of bounds --------------------------------------------------------------------------

HOSTILE_FILES = [
    *OUT_OF_BOUNDS.values(),
    "released/1.sql",
    "released/../prerelease.sql",
    "../released/prerelease.sql",
    "./released/prerelease.sql",
    "/srv/released/prerelease.sql",
]
OTHER_FILES = [
    "",
    ".",
    "..",
    "../prerelease.sql",
    "x/../prerelease.sql",
    "orders.sql",
    ".pgops.lock",
    "prerelease.sql/",
]


@pytest.mark.parametrize("file", [*HOSTILE_FILES, *OTHER_FILES])
def test_no_call_takes_such_a_file(tmp_path, file):
    workspace = opened(tmp_path)
    workspace.record("SELECT 1", "one")
    before = contents(tmp_path)
    error = ReleasedNameError if file in HOSTILE_FILES else MigrationNameError
    calls = [
        lambda: workspace.record("SELECT 2", "two", file=file),
        lambda: workspace.edit(file, "SELECT 2;", "two"),
        lambda: workspace.split(file, [2]),
        lambda: workspace.release("two", file=file),
    ]
    for call in calls:
        with pytest.raises(error):
            call()
    assert contents(tmp_path) == before


# --- a folder that is out of bounds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["released", "Released/migrations", "old_released/db/migrations", "x/../released"])
def test_a_workspace_beneath_a_released_folder_is_refused(tmp_path, place):
    (tmp_path / "x").mkdir()
    with pytest.raises(ReleasedNameError):
        Workspace.open(tmp_path, path=place, env={})
    assert contents(tmp_path) == {}


def test_a_link_into_a_released_folder_is_refused(tmp_path):
    (tmp_path / "released" / "migrations").mkdir(parents=True)
    (tmp_path / "db").symlink_to("released")
    with pytest.raises(ReleasedNameError):
        opened(tmp_path)
    assert contents(tmp_path) == {"db": b"-> released"}


def test_a_folder_that_became_such_a_link_since_it_was_opened_is_refused(tmp_path):
    workspace = opened(tmp_path)
    workspace.record("SELECT 1", "one")
    (tmp_path / "db").rename(tmp_path / "released")
    (tmp_path / "db").symlink_to("released")
    before = contents(tmp_path)
    for call in (workspace.pending, lambda: workspace.record("SELECT 2", "two"), lambda: workspace.release("x")):
        with pytest.raises(ReleasedNameError):
            call()
    assert contents(tmp_path) == before


def test_a_link_to_a_harmless_folder_is_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "db").symlink_to("elsewhere")
    opened(tmp_path).record("SELECT 1", "one")
    assert (tmp_path / "elsewhere" / "migrations" / "prerelease.sql").is_file()


def test_a_folder_to_be_made_has_a_name_of_ascii(tmp_path):
    workspace = Workspace.open(tmp_path, path="db/migraciónes", env={})
    with pytest.raises(MigrationNameError, match="ASCII"):
        workspace.record("SELECT 1", "one")
    (tmp_path / "db" / "migraciónes").mkdir(parents=True)  # one that is there is taken as it is
    workspace.record("SELECT 1", "one")


# --- files that lead out of bounds ------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A folder of migrations with a released file."""
    folder = tmp_path / "db" / "migrations"
    (folder / "released").mkdir(parents=True)
    (folder / "released" / "20250101000000.sql").write_bytes(b"SELECT 'history';\n")
    return folder


def refused(workspace, error):
    """Every call that would write is refused."""
    calls = [
        lambda: workspace.record("SELECT 2", "two"),
        lambda: approved(workspace.edit("prerelease.sql", "SELECT 2;", "two")),
        lambda: approved(workspace.split("prerelease.sql", [2])),
        lambda: approved(workspace.release("two")),
    ]
    for call in calls:
        with pytest.raises(error):
            call()


def test_a_pending_file_that_is_a_link_to_a_released_one(tmp_path, folder):
    (folder / "prerelease.sql").symlink_to("released/20250101000000.sql")
    before = contents(tmp_path)
    refused(opened(tmp_path), ReleasedNameError)
    assert contents(tmp_path) == before


def test_a_pending_file_that_is_a_link_to_any_file(tmp_path, folder):
    (tmp_path / "other.sql").write_text("SELECT 1;\n")
    (folder / "prerelease.sql").symlink_to(tmp_path / "other.sql")
    before = contents(tmp_path)
    refused(opened(tmp_path), WorkspaceError)
    assert contents(tmp_path) == before


def test_a_pending_file_that_is_a_hard_link_of_a_released_one(tmp_path, folder):
    os.link(folder / "released" / "20250101000000.sql", folder / "prerelease.sql")
    before = contents(tmp_path)
    refused(opened(tmp_path), ReleasedNameError)
    assert contents(tmp_path) == before


def test_a_hard_link_to_a_file_in_any_folder_that_is_released(tmp_path, folder):
    (folder / "old" / "Released.2024").mkdir(parents=True)
    (folder / "old" / "Released.2024" / "x.txt").write_bytes(b"SELECT 1;\n")
    os.link(folder / "old" / "Released.2024" / "x.txt", folder / "prerelease.sql")
    refused(opened(tmp_path), ReleasedNameError)


def test_a_hard_link_to_any_other_file_is_let_go(tmp_path, folder):
    """A backup made of hard links: the copy stays as it was."""
    (folder / "prerelease.sql").write_text("SELECT 1;\n")
    os.link(folder / "prerelease.sql", tmp_path / "backup.sql")
    opened(tmp_path).record("SELECT 2", "two")
    assert (tmp_path / "backup.sql").read_text() == "SELECT 1;\n"
    assert "SELECT 2;" in (folder / "prerelease.sql").read_text()


@pytest.mark.parametrize("name", ["CHANGELOG.md", "prerelease.sql"])
def test_a_changelog_or_file_that_leads_out_of_bounds(tmp_path, folder, name):
    os.link(folder / "released" / "20250101000000.sql", folder / name)
    with pytest.raises(ReleasedNameError, match="hard link"):
        opened(tmp_path).record("SELECT 2", "two")
    (folder / name).unlink()
    (folder / name).symlink_to("released/20250101000000.sql")
    with pytest.raises(ReleasedNameError, match="is a link to"):
        opened(tmp_path).record("SELECT 2", "two")
    assert released(folder) == {"released/20250101000000.sql": b"SELECT 'history';\n"}


@pytest.mark.parametrize("name", [".pgops.lock", ".pgops-journal", ".pgops-new-0123456789ab"])
@pytest.mark.parametrize("how", [os.link, os.symlink])
def test_our_own_files_as_links_to_released_ones(tmp_path, folder, name, how):
    how(folder / "released" / "20250101000000.sql", folder / name)
    with suppress(WorkspaceError, OSError):
        opened(tmp_path).record("SELECT 2", "two")
    assert released(folder) == {"released/20250101000000.sql": b"SELECT 'history';\n"}


def test_a_name_like_one_of_our_own_that_is_released_is_not_swept_away(tmp_path, folder):
    (folder / ".pgops-new-released").write_bytes(b"theirs")
    (folder / ".pgops-new-0123456789ab").write_bytes(b"ours")
    opened(tmp_path).record("SELECT 2", "two")
    assert (folder / ".pgops-new-released").read_bytes() == b"theirs"
    assert not (folder / ".pgops-new-0123456789ab").exists()


def test_a_released_folder_that_is_a_link_gets_no_release(tmp_path, folder):
    (folder / "released").rename(tmp_path / "elsewhere")
    (folder / "released").symlink_to(tmp_path / "elsewhere")
    workspace = opened(tmp_path)
    workspace.record("SELECT 2", "two")
    before = contents(tmp_path)
    with pytest.raises(WorkspaceError, match="is a link"):
        approved(workspace.release("two"))
    assert contents(tmp_path) == before


def test_a_folder_in_the_place_of_a_pending_file(tmp_path, folder):
    (folder / "prerelease.sql").mkdir()
    with pytest.raises(WorkspaceError, match="no file"):
        opened(tmp_path).record("SELECT 2", "two")


def test_a_pipe_in_the_place_of_a_pending_file_is_not_waited_for(tmp_path, folder):
    os.mkfifo(folder / "prerelease.sql")
    with pytest.raises(WorkspaceError, match="no file"):
        opened(tmp_path).record("SELECT 2", "two")


def test_a_read_only_file_is_left_alone_even_by_root(tmp_path, folder):
    (folder / "prerelease.sql").write_text("SELECT 1;\n")
    (folder / "prerelease.sql").chmod(0o444)
    before = contents(tmp_path)
    with pytest.raises(WorkspaceError, match="read-only"):
        opened(tmp_path).record("SELECT 2", "two")
    assert contents(tmp_path) == before
