"""A restore at work: pg_restore, or psql that is fed, watched while it runs and heard to its end."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

import attrs

from pgops.dump.reading.plain_facts import opened
from pgops.dump.restoring.messages import RestoreMessage, read_messages
from pgops.dump.restoring.plan import RestorePlan
from pgops.dump.restoring.sql_feed import Feed
from pgops.errors import RestoreError
from pgops.programs import ChildConnection, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.dump.reading.toc import Entry

_LOOK_S = 0.1
_LINES_KEPT = 2000
_BEGUN = re.compile(r"pg_restore: (?:creating|processing data for|executing) (.*)")
_VERBOSE = re.compile(
    r"pg_restore: (?:connecting to|creating|processing|executing|implied|entering|launching|finished|skipping|restoring"
    r"|disabling|enabling|setting|dropping|reduced|transferring|started|ready)"
)


@attrs.frozen(kw_only=True)
class RestoreProgress:
    """A moment of a restore: so many entries of the dump have been begun, and the last of them."""

    done: int
    total: int
    what: str


OnRestoreProgress: TypeAlias = "Callable[[RestoreProgress], object]"


@attrs.define
class Work:
    """One run of pg_restore, or of psql that is fed."""

    plan: RestorePlan
    child: ChildConnection
    title: str
    """Of the restore, as its errors call it."""
    on_progress: OnRestoreProgress | None
    total: int
    """How many entries are to be heard of."""
    lines: list[str] = attrs.field(factory=list)
    begun: queue.SimpleQueue[str] = attrs.field(factory=queue.SimpleQueue)
    done: int = 0
    problem: str | None = None
    """How the program ended, where it did not end well."""
    feed: Feed | None = None
    in_names: bool = False
    """Whether the last line that was heard named what was begun."""

    def run(self) -> None:
        """Until it has ended, well or not."""
        if self.plan.as_sql:
            self._through_psql()
        else:
            self._directly()

    @property
    def messages(self) -> tuple[RestoreMessage, ...]:
        """What was said that is worth a message."""
        at_line = self.feed.entry_at if self.feed is not None else None
        return read_messages(self.lines, entries=self.plan.contents.entries, entry_at_line=at_line)

    @property
    def failures(self) -> tuple[RestoreMessage, ...]:
        """The errors among them."""
        return tuple(each for each in self.messages if each.severity == "error")

    def _directly(self) -> None:
        plan = self.plan
        assert plan.program is not None  # noqa: S101  an archive has one
        with (
            _list_file(plan) as list_file,
            started(plan.program, plan.arguments(list_file=list_file), self.child, on_line=self._hear) as running,
        ):
            while not running.has_ended(_LOOK_S):
                self._tell()
        self._tell()
        self.problem = running.problem and f"{plan.program.name} {running.problem}"

    def _through_psql(self) -> None:
        plan = self.plan
        assert plan.psql is not None  # noqa: S101  that is what as_sql says
        with started(
            plan.psql, plan.psql_arguments(), self.child, stdin=subprocess.PIPE, on_line=self._hear
        ) as running:
            handle = running.stdin.fileno()
            self.feed = Feed(plan, lambda text: _write_all(handle, text), self._entry)
            try:
                with suppress(BrokenPipeError):  # psql has stopped at an error, which it tells
                    self.feed.begin()
                    with self._sql() as sql:
                        self.feed.pour(sql)
                    self.feed.end()
            finally:
                # Without COMMIT whatever psql was told is undone when it ends, and the end of its input ends it.
                running.stdin.close()
            while not running.has_ended(_LOOK_S):
                self._tell()
        self._tell()
        self.problem = running.problem and f"psql {running.problem}"

    @contextmanager
    def _sql(self) -> Iterator[BinaryIO]:
        plan = self.plan
        if plan.program is None:
            with opened(plan.contents.path) as sql:
                yield sql
            return
        with (
            _list_file(plan) as list_file,
            started(
                plan.program, plan.arguments(list_file=list_file), None, stdout=subprocess.PIPE, on_line=self._hear
            ) as running,
        ):
            yield cast("BinaryIO", running.stdout)
            running.process.wait()
            if running.problem is not None:
                kept = "Nothing of it was kept." if plan.single_transaction else "What was restored until then stays."
                said = "; ".join(running.messages)
                raise RestoreError(
                    f"{self.title}: {plan.program.name} {running.problem}: {said}. {kept}",
                    failures=read_messages(self.lines, entries=plan.contents.entries),
                )

    def _hear(self, line: str) -> None:
        """From another thread: a line of stderr."""
        begun = _BEGUN.match(line)
        if begun is not None:
            self.begun.put(begun[1])
        if _VERBOSE.match(line):
            self.in_names = True
            if not self.lines:
                return  # after an error it shows where that ends
        elif self.in_names and not line.startswith("pg_restore: "):
            return  # the rest of a name with a line break
        else:
            self.in_names = False
        if len(self.lines) < _LINES_KEPT:
            self.lines.append(line)

    def _entry(self, entry: Entry) -> None:
        self.begun.put(str(entry))
        self._tell()

    def _tell(self) -> None:
        what = None
        with suppress(queue.Empty):
            while True:
                what = self.begun.get_nowait()
                self.done += 1
        if what is not None and self.on_progress is not None:
            self.on_progress(RestoreProgress(done=self.done, total=max(self.total, self.done), what=what))


def _write_all(handle: int, text: bytes) -> None:
    # Not through a buffer of Python's: on closing, what is left in it would wait for a psql that no longer reads.
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(handle, rest) :]


@contextmanager
def _list_file(plan: RestorePlan) -> Iterator[str | None]:
    if not plan.needs_list:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="pgops-") as folder:
        file = Path(folder) / "entries"
        file.write_text(plan.listed())
        yield str(file)
