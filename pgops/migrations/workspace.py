"""The workspace: the folder of a project's migrations, and every call that changes what waits there.

Looking writes nothing. Recording appends at once, for it takes nothing away; whatever rewrites a file is a proposal.
Each call finishes or undoes first what a killed one left, and one writer waits for another.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pgops.config.migrations_folder import migrations_path
from pgops.errors import NothingPendingError
from pgops.migrations import auditing, changelog
from pgops.migrations.appending import appended
from pgops.migrations.changelog import Changelog, checked_summary
from pgops.migrations.changes import WAIT_S, FilesProposal, writing_in
from pgops.migrations.folder import open_folder
from pgops.migrations.guardrails import refuse_released
from pgops.migrations.journal import Change, carry_out, is_left
from pgops.migrations.pending import PendingFile, chosen_name, read_pending, text_of
from pgops.migrations.rearranging import propose_edit, propose_split, today
from pgops.migrations.releasing import propose_release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import psycopg

    from pgops.config.model import Profile
    from pgops.migrations.applying.proposing import MigrationProposal
    from pgops.migrations.applying.verifying import Verification
    from pgops.migrations.auditing import AuditFinding
    from pgops.migrations.consolidating import ConsolidationProposal, Repeated
    from pgops.migrations.folder import OpenFolder
    from pgops.migrations.lint.report import LintReport
    from pgops.migrations.sources import Source
    from pgops.scratch import ScratchServer


@attrs.frozen(kw_only=True)
class Recorded:
    """What `Workspace.record` wrote: the pending file as it is now, and the changelog's line."""

    file: PendingFile
    added: str
    """The piece of SQL as it stands in the file, with the comment above it."""
    entry: str
    changelog: Path


@attrs.frozen(kw_only=True)
class Workspace:
    """A folder of migrations. `Workspace.open` finds it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as root:
    ...     workspace = Workspace.open(root, path="db/migrations")
    ...     done = workspace.record("CREATE TABLE orders (id bigint PRIMARY KEY)", "orders")
    ...     [file.name for file in workspace.pending()]
    ['prerelease.sql']
    """

    path: Path
    """Absolute, as it was named; there need be no folder yet."""
    because: str
    """Why it is this one."""
    root: Path
    """The root of the project."""

    @classmethod
    def open(
        cls,
        root: str | os.PathLike[str] | None = None,
        *,
        profile: Profile | str | None = None,
        path: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        wait_s: float = WAIT_S,
    ) -> Workspace:
        """The workspace of the project at `root`, and nothing left in it of a writer that was killed.

        `path` names the folder; without it the order is that of `pgops.config.migrations_path`: the profile's
        `migrations_path`, `[migrations].path`, DB_MIGRATIONS_PATH, AGENTS.md, `db/migrations`. A relative path starts
        at the root. `env` and `cwd` stand in for the process's own. Nothing is made, and nothing written but what
        finishes or undoes a change that was broken off.

        Raises `ReleasedNameError` where the folder lies beneath a released name, `JournalError` where what was left can
        be neither finished nor undone, `FileBusyError` after `wait_s` seconds behind a writer that is at work, and
        `ConfigError` and its kin as `migrations_path` does.
        """
        found = migrations_path(profile=profile, path=path, root=root, env=env, cwd=cwd)
        workspace = cls(path=found.path, because=found.because, root=found.root)
        refuse_released(found.path)
        refuse_released(os.path.realpath(found.path))
        if found.path.exists():
            with open_folder(found.path) as folder:
                was_broken_off = is_left(folder)
            if was_broken_off:
                with writing_in(found.path, wait_s=wait_s):
                    pass  # it is recovered on entry
        return workspace

    # --- looking ------------------------------------------------------------------------------------------------------

    def pending(self) -> tuple[PendingFile, ...]:
        """The files that wait for their release, in order: 10 after 2. None where there is no folder yet.

        Raises `WorkspaceError` where one is a link, no file, or not UTF-8.
        """
        if not self.path.exists():
            return ()
        with open_folder(self.path) as folder:
            return read_pending(folder)

    def audit(self) -> tuple[AuditFinding, ...]:
        """What people, or a killed writer, did to the files that no call here would do; worst first.

        Raises `WorkspaceError` where there is no folder, and `OSError` where something in it can't be read.
        """
        return auditing.audit(path=self.path)

    @property
    def series(self) -> str:
        """What this workspace is called in a database's ledger: its folder, seen from the project's root."""
        below = os.path.relpath(self.path, self.root)
        return self.path.name if below.startswith(os.pardir) else Path(below).as_posix()

    def sources(self) -> tuple[Source, ...]:
        """What waits, read for `propose`, `lint_scripts` and `trace`. Needs the extra `pgops[migrations]`."""
        from pgops.migrations.sources import workspace_sources  # noqa: PLC0415  it brings the grammar

        if not self.path.is_dir():
            return ()
        with open_folder(self.path) as folder:
            return workspace_sources(folder, series=self.series)

    def lint(self, conn: psycopg.Connection[Any] | None = None, *, server: int = 18) -> LintReport:
        """What is wrong with the SQL that waits: for the database of `conn`, or for PostgreSQL `server` in general.

        Timeouts are not asked for, since `apply` sets them. Raises as `pending` does, and psycopg's errors.
        """
        from pgops.migrations.effects.live import read_facts  # noqa: PLC0415
        from pgops.migrations.lint.linter import lint_scripts  # noqa: PLC0415

        scripts = [each.script for each in self.sources()]
        facts = read_facts(conn, scripts) if conn is not None else None
        return lint_scripts(scripts, server=server, facts=facts, sets_timeouts=True)

    def propose(self, conn: psycopg.Connection[Any]) -> MigrationProposal:
        """A proposal to carry out what waits on the database of `conn`, as `pgops.migrations.propose` makes it."""
        from pgops.migrations.applying.proposing import propose  # noqa: PLC0415

        return propose(conn, self.sources())

    def verify(self, conn: psycopg.Connection[Any]) -> Verification:
        """Whether files, changelog, ledger and catalogue of `conn`'s database say the same of what waits."""
        from pgops.migrations.applying.verifying import verify  # noqa: PLC0415

        untold = [f"{each.path}: {each.message}" for each in self.audit() if each.code in auditing.CHANGELOG_CODES]
        return verify(conn, self.sources(), untold=untold)

    # --- changing -----------------------------------------------------------------------------------------------------

    def record(self, sql: str, summary: str, *, file: str | None = None, wait_s: float = WAIT_S) -> Recorded:
        """Append `sql` to the latest pending file, or to `file`, and write the changelog's dated entry, in one step.

        The folder, the files and the changelog are made where they are missing; a new `file` is the next in order. The
        SQL gets a line of comment with the UTC day and the summary, line ends as in the file, and a semicolon where it
        has none. Whoever is killed meanwhile leaves both files changed, or neither, from the next call on.

        Raises `MigrationTextError` for SQL without a statement or with an open quote and for a summary that is not one
        visible line, `MigrationNameError` and `ReleasedNameError` for a `file` that may not be, `WorkspaceError` for
        files that can't be appended to, `FileBusyError` after `wait_s` seconds behind another writer. Nothing has been
        changed then.
        """
        summary = checked_summary(summary)
        appended("", sql, summary=summary, on=today())  # so that what is refused leaves no folder behind
        if file is not None:
            refuse_released(file)
        with writing_in(self.path, make=True, wait_s=wait_s) as folder:
            name = chosen_name(file, [each.name for each in read_pending(folder)])
            before = text_of(folder, name)
            on = today()
            text = appended(before or "", sql, summary=summary, on=on)
            log_before = text_of(folder, changelog.NAME)
            log = Changelog(log_before or "").with_entry(name, on, summary)
            changes = (
                Change(name=name, before=_encoded(before), after=text.encode()),
                Change(name=changelog.NAME, before=_encoded(log_before), after=log.text.encode()),
            )
            carry_out(folder, changes)
            return Recorded(
                file=PendingFile(name=name, path=folder.path / name, text=text),
                added=text.removeprefix(before or "").strip("\r\n"),
                entry=changelog.entry_line(on, summary).removeprefix("- "),
                changelog=folder.path / changelog.NAME,
            )

    def edit(self, file: str, text: str, summary: str) -> FilesProposal:
        """A proposal to give a pending file the text `text`, every character of it, with an entry in the changelog.

        Raises as `record` does for names, texts and summaries.
        """
        with self._opened() as folder:
            return propose_edit(folder, file, text, summary)

    def split(self, file: str, lines: Sequence[int]) -> FilesProposal:
        """A proposal to split a pending file: with each of `lines`, counted from 1, a further file begins.

        Together the files have the text of the one, in its order; later files move up in their numbers. Entries of the
        changelog go with the comment that was recorded with them. Raises `MigrationTextError` where a statement would
        be cut in two, and as `record` does for names.
        """
        with self._opened() as folder:
            return propose_split(folder, file, lines)

    def repeated(self) -> tuple[Repeated, ...]:
        """The objects that more than one pending file changes on the same day: candidates for `consolidate`.

        The day is that of the comment which was recorded above a statement, or of the changelog where it knows only
        one; statements of which no day is known are left out. Needs the extra `pgops[migrations]`
        (`MissingExtraError`). What the grammar can't read is passed over.
        """
        from pgops.migrations.consolidating import repeated_objects  # noqa: PLC0415  it brings the grammar, psycopg

        with self._opened() as folder:
            return repeated_objects(read_pending(folder), Changelog(text_of(folder, changelog.NAME) or ""))

    def consolidate(
        self,
        server: ScratchServer,
        *,
        files: Sequence[str] | None = None,
        text: str | None = None,
        base: str = "",
    ) -> ConsolidationProposal:
        """A proposal to merge neighbouring pending files into the first, with the proof that the schema stays the same.

        `files` are by default those from the first to the last that `repeated` names; `text` is the merged file, by
        default theirs one behind the other. All pending files are carried out in both versions, after `base`, each in a
        fresh database of `server`, a throwaway one (`pgops.scratch.start_server`), best of production's version; the
        dumps of the two schemas have to be equal, or `apply` raises `UnprovedError`. Later files move down in their
        numbers, and the changelog's blocks are merged.

        Raises `UnprovedError` where a version can't be carried out, `NothingPendingError` where there is nothing to
        merge, and as `record` does for names and texts.
        """
        from pgops.migrations.consolidating import propose_consolidation  # noqa: PLC0415  it brings the grammar, psycopg

        with self._opened() as folder:
            return propose_consolidation(folder, server, files, text, base)

    def release(self, summary: str, *, file: str | None = None) -> FilesProposal:
        """A proposal to release the first pending file that holds anything, as `released/<UTC time>.sql`.

        An empty pending file takes its place, and its changelog block moves to RELEASED with the day, the file,
        `summary` and a hash. `file` may name it; a later one can't be released before it. `dry_run()` of the proposal
        tells whether it would work.

        Raises `NothingPendingError` where no pending file is there, or none with a statement in it, and as `record`
        does for names and summaries.
        """
        with self._opened() as folder:
            return propose_release(folder, summary, file)

    @contextmanager
    def _opened(self) -> Iterator[OpenFolder]:
        """The folder, for a call that needs something pending."""
        if not self.path.exists():
            what = f"There is no pending file: {self.path} is not there."
            raise NothingPendingError(what, cure="Record something first.")
        with open_folder(self.path) as folder:
            yield folder


def _encoded(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
