"""The journal: a writer that is killed at any moment leaves all or nothing, once somebody has opened the workspace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pgops.errors import JournalError, WorkspaceError
from pgops.migrations import Workspace, audit
from pgops.migrations.journal import NAME
from tests.migrations.killed import CALLS
from tests.migrations.workspaces import approved, contents, opened, released

ROOT = Path(__file__).parents[2]


def made_project(root):
    """A project with a release, and something pending."""
    workspace = opened(root)
    workspace.record("SELECT 'history'", "history")
    approved(workspace.release("history"))
    workspace.record("SELECT 1", "one")
    workspace.record("SELECT 'more'", "more")
    return root


@pytest.fixture
def project(tmp_path):
    return made_project(tmp_path / "project")


def run_killed(*args):
    """Run tests/migrations/killed.py."""
    subprocess.run(
        [sys.executable, "-m", "tests.migrations.killed", *map(str, args)], cwd=ROOT, check=True, timeout=300
    )


def without_time(found: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """What lies in a folder, but for the names and lines that tell when: they differ from run to run."""
    timeless = []
    for path, content in found.items():
        lines = [line for line in content.splitlines() if b"sealed" not in line and not line.startswith(b"### 2")]
        timeless.append(("released/" if path.startswith("released/") else path, b"\n".join(lines)))
    return sorted(timeless)


@pytest.mark.parametrize("call", CALLS)
def test_killed_at_any_step_it_is_all_or_nothing(project, tmp_path, call):
    into = tmp_path / "copies"
    before = contents(project / "db" / "migrations")
    run_killed(call, project, into)
    copies = sorted(into.iterdir(), key=lambda copy: int(copy.name))
    after = contents(copies[-1] / "db" / "migrations")  # the one that survived
    history = {path: content for path, content in before.items() if path.startswith("released/")}
    assert len(copies) > 15, "there are steps to be killed at"
    undone = finished = unfinished = 0
    for copy in copies[:-1]:
        folder = copy / "db" / "migrations"
        files = {path: content for path, content in contents(folder).items() if not path.startswith(".")}
        codes = {finding.code for finding in audit(copy, path="db/migrations", env={})}
        if without_time(files) not in (without_time(before), without_time(after)):
            assert "unfinished" in codes, "until then an audit reports it"
        unfinished += "unfinished" in codes
        opened(copy)
        found = contents(folder)
        found.pop(".pgops.lock", None)  # of a process that is gone: it holds nobody up
        assert history.items() <= found.items()
        if without_time(found) == without_time(before):
            undone += 1
        else:
            assert without_time(found) == without_time(after)
            finished += 1
        assert opened(copy).audit() == ()
        opened(copy).record("SELECT 'next'", "next")
        assert opened(copy).audit() == ()
        assert not [path for path in contents(folder) if path.startswith(".")]
    assert undone >= 5
    assert finished >= 5
    assert unfinished >= 5


# --- what is found ----------------------------------------------------------------------------------------------------


def is_between_two_files(copy):
    """Whether a release was killed when its file was in place, and the pending file not empty yet."""
    folder = copy / "db" / "migrations"
    prepared = [path for path in folder.iterdir() if path.name.startswith(".pgops-new-")]
    return (folder / NAME).exists() and len(released(folder)) == 2 and len(prepared) == 2


@pytest.fixture(scope="module")
def many_broken_off(tmp_path_factory):
    """Projects that were killed between two files of a release, with the journal in place; each test takes one."""
    base = tmp_path_factory.mktemp("killed")
    project = made_project(base / "project")
    run_killed("release", project, base / "copies")
    step = next(int(copy.name) for copy in (base / "copies").iterdir() if is_between_two_files(copy))
    run_killed("release", project, base / "more", step, 30)
    return (base / "more").iterdir()


@pytest.fixture
def broken_off(many_broken_off):
    return next(many_broken_off)


def test_opening_finishes_it_and_says_so(broken_off, caplog):
    assert "unfinished" in {finding.code for finding in audit(broken_off, path="db/migrations", env={})}
    workspace = opened(broken_off)
    assert workspace.audit() == ()
    assert (workspace.path / "prerelease.sql").read_bytes() == b""
    assert "broken off has been finished" in caplog.text


def test_any_call_of_an_older_workspace_finishes_it(broken_off):
    workspace = Workspace(path=broken_off / "db" / "migrations", because="it was opened before", root=broken_off)
    workspace.record("SELECT 'next'", "next")
    assert "SELECT 1;" not in (workspace.path / "prerelease.sql").read_text()
    assert workspace.audit() == ()


@pytest.mark.parametrize("name", ["prerelease.sql", "CHANGELOG.md", "released"])
def test_what_people_changed_meanwhile_is_not_written_over(broken_off, name):
    folder = broken_off / "db" / "migrations"
    file = folder / (max(released(folder)) if name == "released" else name)
    file.write_text("theirs")
    before = contents(folder)
    with pytest.raises(JournalError, match=str(file.relative_to(folder))):
        opened(broken_off)
    found = contents(folder)
    found.pop(".pgops.lock", None)
    before.pop(".pgops.lock", None)
    assert found == before


def test_a_prepared_file_that_is_gone_or_another_is_noticed(broken_off):
    folder = broken_off / "db" / "migrations"
    prepared = [path for path in folder.iterdir() if path.name.startswith(".pgops-new-")]
    assert prepared
    for file in prepared:
        file.write_bytes(b"DROP TABLE orders;")
    with pytest.raises(JournalError):
        opened(broken_off)


def test_a_journal_that_came_with_a_copy_of_the_folder_does_nothing(broken_off, tmp_path):
    import shutil

    copy = tmp_path / "clone"
    shutil.copytree(broken_off, copy)
    before = contents(copy)
    with pytest.raises(JournalError, match="no journal of a change that was made here"):
        opened(copy)
    found = contents(copy)
    found.pop("db/migrations/.pgops.lock", None)
    before.pop("db/migrations/.pgops.lock", None)
    assert found == before


def test_the_lock_of_a_writer_that_was_killed_holds_nobody_up(project):
    folder = project / "db" / "migrations"
    (folder / ".pgops.lock").write_text("1")
    opened(project).record("SELECT 2", "two", wait_s=0.5)


HOSTILE = {
    "no JSON": lambda journal: b"{",
    "no object": lambda journal: b"[]",
    "deep": lambda journal: b"[" * 100_000,
    "no UTF-8": lambda journal: b"\xff\xfe",
    "a later version": lambda journal: {**journal, "version": 2},
    "a path": lambda journal: with_name(journal, "../../outside.sql"),
    "an absolute path": lambda journal: with_name(journal, "/tmp/outside.sql"),
    "a released file": lambda journal: with_name(journal, "released/../released/x.sql"),
    "another folder": lambda journal: with_name(journal, "Released/20250101000000.sql"),
    "another file": lambda journal: with_name(journal, "README.md"),
    "a number": lambda journal: with_name(journal, 7),
    "a prepared file elsewhere": lambda journal: {
        **journal,
        "steps": [{**step, "prepared": "../../outside.sql"} for step in journal["steps"]],
    },
    "released files replaced": lambda journal: {
        **journal,
        "steps": [{**step, "before": "0" * 64} for step in journal["steps"]],
    },
}


def with_name(journal, name):
    return {**journal, "steps": [{**step, "name": name} for step in journal["steps"]]}


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
def test_a_journal_that_is_none_of_ours_does_nothing(broken_off, made):
    folder = broken_off / "db" / "migrations"
    (broken_off / "outside.sql").write_text("outside")
    journal = made(json.loads((folder / NAME).read_bytes()))
    (folder / NAME).write_bytes(journal if isinstance(journal, bytes) else json.dumps(journal).encode())
    before = contents(broken_off)
    with pytest.raises(JournalError):
        opened(broken_off)
    found = contents(broken_off)
    for each in (found, before):
        each.pop("db/migrations/.pgops.lock", None)
    assert found == before


# --- what can't be done -----------------------------------------------------------------------------------------------


def test_a_disk_without_room_leaves_everything_as_it_was(project):
    """The limit on the size of files stands in for a full disk: what is written last does not fit."""
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.migrations.workspaces import opened\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "workspace = opened(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))\n"
        "try:\n"
        "    workspace.record('SELECT 2', 'two')\n"
        "except OSError as error:\n"
        "    sys.exit(7)\n"
    )
    folder = project / "db" / "migrations"
    before = contents(folder)
    for room in (10, len(before["prerelease.sql"]) + 40):
        ran = subprocess.run([sys.executable, "-c", code, project, str(room)], cwd=ROOT, check=False)
        assert ran.returncode == 7
        assert contents(folder) == before


def test_a_release_that_can_not_be_added_leaves_everything_as_it_was(project):
    folder = project / "db" / "migrations"
    proposal = opened(project).release("one")
    (folder / "released").rename(folder / "history")
    (folder / "released").write_text("a file in the place of the folder")
    before = contents(folder)
    with pytest.raises(WorkspaceError):
        approved(proposal)
    assert contents(folder) == before


def test_a_private_file_stays_private(project):
    (project / "db" / "migrations" / "prerelease.sql").chmod(0o600)
    opened(project).record("SELECT 2", "two")
    assert (project / "db" / "migrations" / "prerelease.sql").stat().st_mode & 0o777 == 0o600
