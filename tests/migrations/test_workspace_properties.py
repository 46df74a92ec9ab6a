"""Whatever is called in whatever order, and whatever people plant in between: no byte under a released name changes.

The machine plays both the library's callers and people with a file manager. After each step of the callers, all that
was under a released name before is there as it was; a release may have added one file of its own.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pgops.errors import PgopsError
from pgops.migrations import Workspace
from pgops.migrations.guardrails import is_released
from tests.migrations.workspaces import contents, released

PENDING = st.sampled_from(["prerelease.sql", "1_prerelease.sql", "2_prerelease.sql", "3_prerelease.sql"])
OURS = st.sampled_from(["CHANGELOG.md", ".pgops.lock", ".pgops-journal", ".pgops-new-0123456789ab"])
RELEASED = st.sampled_from(
    [
        "released",
        "Released",
        "RELEASED.sql",
        "ｒeleased",
        "rele\u200based",
        "old_released.tar.gz",
        "releaſed.sql",
        ".pgops-new-released",
        "released. ",
    ]
)
BENEATH = st.sampled_from(["", "/20250101000000.sql", "/prerelease.sql", "/deep/CHANGELOG.md", "/CHANGELOG.md"])
PLACES = st.builds(str.__add__, RELEASED, BENEATH)
FILES = st.one_of(
    PENDING,
    PLACES,
    st.builds("{}/../{}".format, RELEASED, PENDING),
    st.sampled_from(["../prerelease.sql", "", ".", "CHANGELOG.md", "préréleasé.sql"]),
)
SQL = st.sampled_from(
    ["SELECT 1", "SELECT 1;\nSELECT 2;\n", "", "SELECT 'open", "-- nothing", "CREATE TABLE t (a int)"]
)
SUMMARIES = st.sampled_from(["orders", "", "two\nlines", "## RELEASED", "### 20250101000000.sql"])
TEXTS = st.sampled_from(
    [
        "SELECT 'theirs';\n",
        "",
        "## WIP\n\n### released/x.sql\n\n- 2026-11-27 x\n\n## RELEASED\n",
        '{"version": 1, "folder": 0, "steps": []}',
    ]
)


MEMORY = "/dev/shm"
"""Where fsync costs nothing."""


class Callers(RuleBasedStateMachine):
    @initialize()
    def a_project(self) -> None:
        self.root = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
        self.folder = self.root / "db" / "migrations"
        (self.folder / "released").mkdir(parents=True)
        (self.folder / "released" / "20250101000000.sql").write_bytes(b"SELECT 'history';\n")
        self.workspace = Workspace(path=self.folder, because="it is the test's", root=self.root)
        self.proposals = []

    def teardown(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)

    def call(self, what, *, may_release=False):
        """One call of the library: it may fail, and never harm what was released."""
        before = self.everything_released()
        result = None
        with suppress(PgopsError, OSError):
            result = what()
        after = self.everything_released()
        assert {path: after.get(path) for path in before} == before
        added = sorted(after.keys() - before.keys())
        assert all(path.startswith("db/migrations/released/") for path in added)
        assert len(added) <= may_release
        return result

    def everything_released(self) -> dict[str, bytes]:
        return released(self.root)

    # --- the library ----------------------------------------------------------------------------------------------

    @rule(path=st.one_of(st.just("db/migrations"), PLACES.map("db/migrations/{}".format)))
    def open(self, path):
        workspace = self.call(lambda: Workspace.open(self.root, path=path, env={}))
        if workspace is not None:
            self.workspace = workspace

    @rule(sql=SQL, summary=SUMMARIES, file=st.one_of(st.none(), FILES))
    def record(self, sql, summary, file):
        self.call(lambda: self.workspace.record(sql, summary, file=file, wait_s=0.1))

    @rule(sql=st.just("SELECT 1;\nSELECT 2;\n"), summary=st.just("orders"), file=st.one_of(st.none(), PENDING))
    def record_well(self, sql, summary, file):
        self.call(lambda: self.workspace.record(sql, summary, file=file, wait_s=0.1))

    @rule(file=FILES, text=SQL, summary=SUMMARIES)
    def edit(self, file, text, summary):
        self.keep(self.call(lambda: self.workspace.edit(file, text, summary)))

    @rule(file=FILES, lines=st.lists(st.integers(-1, 6), max_size=2))
    def split(self, file, lines):
        self.keep(self.call(lambda: self.workspace.split(file, lines)))

    @rule(summary=st.just("a release"), file=st.one_of(st.none(), FILES))
    def release(self, summary, file):
        self.keep(self.call(lambda: self.workspace.release(summary, file=file)))

    def keep(self, proposal):
        if proposal is not None:
            self.proposals.append(proposal)

    @rule(data=st.data(), is_approved=st.booleans())
    def apply(self, data, is_approved):
        if self.proposals:
            proposal = data.draw(st.sampled_from(self.proposals), label="proposal")
            approval = proposal.approve(by="ann", valid_for=dt.timedelta(hours=1)) if is_approved else None
            is_release = is_approved and proposal.kind == "migrations.release"
            self.call(lambda: proposal.apply(approval=approval, wait_s=0.1), may_release=is_release)

    @rule()
    def look(self):
        before = contents(self.root)
        self.call(self.workspace.audit)
        self.call(self.workspace.pending)
        assert contents(self.root) == before

    # --- people -----------------------------------------------------------------------------------------------------

    def place(self, name) -> Path:
        path = self.folder / name
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @rule(name=RELEASED, text=TEXTS)
    def write_under_a_released_name(self, name, text):
        with suppress(OSError):
            self.place(name).write_text(text)

    @rule(name=st.one_of(PENDING, OURS, PLACES), text=TEXTS)
    def write(self, name, text):
        with suppress(OSError):
            self.place(name).write_text(text)

    @rule(name=st.one_of(PENDING, OURS), how=st.sampled_from(["link", "symlink"]), data=st.data())
    def link_to_what_was_released(self, name, how, data):
        there = data.draw(st.sampled_from([*sorted(self.everything_released()), "nothing"]), label="there")
        with suppress(OSError):
            path = self.place(name)
            if path.is_file() or path.is_symlink():
                path.unlink()
            getattr(os, how)(self.root / there, path)

    @rule(name=RELEASED, there=PENDING, how=st.sampled_from(["link", "symlink"]))
    def link_under_a_released_name(self, name, there, how):
        with suppress(OSError):
            getattr(os, how)(self.folder / there, self.folder / name)

    @rule()
    def mend(self):
        """Only plain files of ours are left, as people leave it who were told what is wrong."""
        for path in self.folder.glob("*") if self.folder.is_dir() else ():
            if not is_released(path.name) and (path.is_symlink() or path.is_dir() or path.stat().st_nlink > 1):
                with suppress(OSError):
                    path.unlink()
        for name in (".pgops.lock", ".pgops-journal", "CHANGELOG.md"):
            (self.folder / name).unlink(missing_ok=True)

    @rule(old=st.one_of(PENDING, OURS, RELEASED), new=st.one_of(PENDING, RELEASED))
    def rename(self, old, new):
        with suppress(OSError):
            (self.folder / old).rename(self.place(new))

    @rule(name=st.one_of(PENDING, OURS))
    def remove(self, name):
        with suppress(OSError):
            (self.folder / name).unlink()

    @rule()
    def move_the_folder_out_of_bounds(self):
        """And back again the next time; meanwhile a link stands in its place."""
        aside = self.root / "db" / "Released"
        if self.folder.is_symlink():
            self.folder.unlink()
            aside.rename(self.folder)
        elif self.folder.is_dir() and not aside.exists():
            self.folder.rename(aside)
            self.folder.symlink_to(aside)


TestCallers = Callers.TestCase
TestCallers.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
