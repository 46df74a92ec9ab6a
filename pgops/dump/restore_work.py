"""A restore at work: what is verified first, and the program that does it, watched."""

from __future__ import annotations

import datetime as dt
import os
import queue
import re
import secrets
import subprocess
import tempfile
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

import attrs
import psycopg

from pgops.approval import Record, agreed, recorded, refuse_other_target
from pgops.db.identity import database_identity
from pgops.db.working_session import another, as_found, refuse_read_only, refuse_transaction_pooler
from pgops.dump.manifest import file_facts
from pgops.dump.messages import Cause, RestoreMessage, message, read_messages
from pgops.dump.plain_facts import opened
from pgops.dump.restore_end import advice_after, end_sessions, left_by
from pgops.dump.restoring import RestoreProposal
from pgops.dump.sql_feed import Feed
from pgops.dump.target import target_contents
from pgops.errors import RestoreError, StaleProposalError, WrongConnectionError
from pgops.programs import ChildConnection, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.approval import Approval, Keep
    from pgops.dump.restore_plan import RestorePlan
    from pgops.dump.toc import Entry

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


def carry_out(
    proposal: RestoreProposal,
    conn: psycopg.Connection[Any],
    *,
    approval: Approval | None,
    analyze: bool,
    on_progress: OnRestoreProgress | None,
    record: Keep | None,
) -> Record:
    """See `RestoreProposal.apply`."""
    approval = agreed(proposal, approval)
    began = dt.datetime.now(dt.UTC)
    if conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        raise WrongConnectionError(
            "This connection is in a transaction, and the restore would wait for what it has locked.",
            cure="Commit or roll back first, then apply.",
        )
    _refuse_another(proposal, conn)
    application = f"pgops restore {secrets.token_hex(4)}"
    with ExitStack() as sessions:
        session = sessions.enter_context(closing(another(conn, application="pgops restore")))
        refuse_read_only(session)
        with closing(another(conn, application="pgops restore")) as other:
            refuse_transaction_pooler(session, other)
        before = target_contents(session)
        if before.fingerprint != proposal.before.fingerprint:
            raise StaleProposalError(
                f"{proposal.title}: the target held {proposal.before} when this was proposed, and holds {before} now.",
                cure="Propose it anew, and look again.",
            )
        work = Work(proposal, _named(proposal.connection, application), on_progress, total=_announced(proposal.plan))
        try:
            work.run()
        except BaseException:
            end_sessions(proposal, application)
            raise
        failures = work.failures
        if work.problem is not None or failures:
            raise _failed(proposal, work, left_by(proposal, application))
        warnings = [str(each) for each in work.messages if each.severity == "warning"]
        analyzed = False
        if analyze:
            try:
                session.execute("ANALYZE")
                analyzed = True
            except psycopg.Error as error:  # what was restored stands
                warnings.append(f"ANALYZE failed: {error.diag.message_primary or error}")
        advice = list(advice_after(proposal, session, analyzed=analyzed))
    return recorded(
        proposal,
        approval,
        began=began,
        outcome="restored",
        details={
            "entries": len(proposal.plan.restored),
            "left_out": [str(each) for each in proposal.plan.left_out],
            "unknown_settings": list(proposal.plan.unknown_settings),
            "single_transaction": proposal.plan.single_transaction,
            "program": str(proposal.plan.program or proposal.plan.psql),
            "warnings": warnings,
            "analyzed": analyzed,
            "advice": advice,
        },
        keep=record,
    )


def _refuse_another(proposal: RestoreProposal, conn: psycopg.Connection[Any]) -> None:
    with as_found(conn):
        refuse_other_target(proposal, database_identity(conn))
    try:
        hashes = {each.name: each.sha256 for each in file_facts(proposal.path)}
    except OSError as problem:
        raise StaleProposalError(
            f"{proposal.title}: {proposal.path} can't be read any more: {problem.strerror}.", cure="Propose it anew."
        ) from None
    if sorted(hashes.values()) != sorted(proposal.parameters["sha256"].values()):
        raise StaleProposalError(
            f"{proposal.title}: {proposal.path} is not what it was when this was proposed.", cure="Propose it anew."
        )


def _named(child: ChildConnection, application: str) -> ChildConnection:
    return attrs.evolve(child, target=child.target.with_(application_name=application))


def _announced(plan: RestorePlan) -> int:
    """How many entries will be said to have begun: pg_restore is silent about statistics."""
    return sum(plan.as_sql or each.kind != "STATISTICS DATA" for each in plan.restored)


@attrs.define
class Work:
    """One run of pg_restore, or of psql that is fed."""

    proposal: RestoreProposal
    child: ChildConnection
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
        if self.proposal.plan.as_sql:
            self._through_psql()
        else:
            self._directly()

    @property
    def messages(self) -> tuple[RestoreMessage, ...]:
        """What was said that is worth a message."""
        at_line = self.feed.entry_at if self.feed is not None else None
        return read_messages(self.lines, entries=self.proposal.plan.contents.entries, entry_at_line=at_line)

    @property
    def failures(self) -> tuple[RestoreMessage, ...]:
        """The errors among them."""
        return tuple(each for each in self.messages if each.severity == "error")

    def _directly(self) -> None:
        plan = self.proposal.plan
        assert plan.program is not None  # noqa: S101  an archive has one
        with (
            _list_file(self.proposal) as list_file,
            started(plan.program, plan.arguments(list_file=list_file), self.child, on_line=self._hear) as running,
        ):
            while not running.has_ended(_LOOK_S):
                self._tell()
        self._tell()
        self.problem = running.problem and f"{plan.program.name} {running.problem}"

    def _through_psql(self) -> None:
        plan = self.proposal.plan
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
        plan = self.proposal.plan
        if plan.program is None:
            with opened(plan.contents.path) as sql:
                yield sql
            return
        with (
            _list_file(self.proposal) as list_file,
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
                    f"{self.proposal.title}: {plan.program.name} {running.problem}: {said}. {kept}",
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
def _list_file(proposal: RestoreProposal) -> Iterator[str | None]:
    if not proposal.plan.needs_list:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="pgops-") as folder:
        file = Path(folder) / "entries"
        file.write_text(proposal.plan.listed())
        yield str(file)


def _failed(proposal: RestoreProposal, work: Work, left: str) -> RestoreError:
    failures = work.failures
    if not failures:
        said = "; ".join(work.lines[-3:])
        words = f"{work.problem}{f': {said}' if said else ''}"
        failures = (message(words, cause=Cause.CONNECTION_LOST if "connection" in words else None),)
    # That a worker has died is said before or after why.
    first = next((each for each in failures if each.cause is not Cause.OTHER), failures[0])
    more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    return RestoreError(f"{proposal.title} failed at {first}{more}. {left}", failures=failures, cure=first.cure)
