"""What carrying out any unit is made of: the rows of the ledger, the sessions, and what whoever waits is told."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg import errors as pg

from pgops.approval import Approval
from pgops.db.working_session import Standing
from pgops.errors import StatementFailedError
from pgops.migrations.applying import ledger
from pgops.migrations.applying.events import OnProgress, Progress
from pgops.migrations.applying.proposing import MigrationProposal
from pgops.migrations.applying.questions import Proof

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from pgops.migrations.applying.planning import PlannedStatement, Unit

NO_LOCK = (pg.LockNotAvailable, pg.DeadlockDetected)
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0


@attrs.frozen(kw_only=True)
class Pace:
    """How patient an application is, in seconds."""

    lock_timeout_s: float
    give_up_after_s: float
    wait_s: float


@attrs.frozen(kw_only=True)
class Applied:
    """One statement that is done, with its proof."""

    place: str
    statement: str
    attempts: int
    seconds: float
    rows: int | None
    """How many rows it changed, where it says so."""
    proof: Proof
    repaired: tuple[str, ...] = ()
    entry: int | None = None
    """Its row in the ledger; None for those that make the ledger."""


@attrs.define(kw_only=True)
class Steps:
    """One application: its consent, its two sessions, and how far it is."""

    proposal: MigrationProposal
    approval: Approval
    pace: Pace
    on_progress: OnProgress | None
    changing: psycopg.Connection[Any]
    keeping: psycopg.Connection[Any]
    standing: Standing
    open_session: Callable[[], psycopg.Connection[Any]]
    applied: list[Applied] = attrs.field(factory=list)
    finished: int = 0

    def begin(self, unit: Unit) -> tuple[int, ...]:
        """Write that its statements begin: the ids of their rows."""
        intents = [
            ledger.Intent(
                key=each.key, file=each.file, line=each.line, statement=each.text, in_transaction=unit.in_transaction
            )
            for each in unit.statements
        ]
        return ledger.begin(self.keeping, intents, digest=self.proposal.digest, approval=self.approval)

    def done(self, applied: Applied, *, entry: int, began: dt.datetime) -> None:
        """Write that a statement is done, and what proved it."""
        ledger.finish(self.keeping, entry, began=began, question=applied.proof.question, answer=applied.proof.answer)
        self.applied.append(attrs.evolve(applied, entry=entry))
        self.finished += 1

    def give_up(self, ids: Sequence[int], error: BaseException | str) -> None:
        """Write why, where that is still possible. If not, the row stays at "begun", which is as true."""
        said = error if isinstance(error, str) else str(error) or type(error).__name__
        try:
            ledger.fail(self.keeping, ids, error=said)
        except psycopg.Error:
            return

    def leave(self) -> None:
        """End a session that could not roll back: what it still holds is what the ledger would wait for."""
        if self.changing.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.changing.close()

    def tell(self, what: str, message: str, place: str | None = None) -> None:
        if self.on_progress is not None:
            self.on_progress(
                Progress(what=what, message=message, place=place, finished=self.finished, of=len(self.proposal.planned))
            )


def pause(attempt: int) -> float:
    """Growing, with jitter, so that two appliers do not meet again: seconds."""
    longest: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempt - 1, 10))
    return longest * random.uniform(0.5, 1.5)  # noqa: S311  jitter, no secret


def rows_of(cursor: psycopg.Cursor[Any]) -> int | None:
    """How many rows the statement changed, where it is one that says so."""
    changed = cursor.statusmessage is not None and cursor.statusmessage.split()[0] in {
        "INSERT",
        "UPDATE",
        "DELETE",
        "MERGE",
    }
    return cursor.rowcount if changed else None


@contextmanager
def placed(each: PlannedStatement, *, again: tuple[type[psycopg.Error], ...]) -> Iterator[None]:
    """A server's refusal gets the place of its statement; what will be tried again passes as it is."""
    try:
        yield
    except again:
        raise
    except psycopg.Error as error:
        primary = error.diag.message_primary or str(error)
        raise StatementFailedError(
            f"{each.place}: {primary} ({error.sqlstate or 'connection lost'}).",
            sqlstate=error.sqlstate,
            cure=error.diag.message_hint or "",
        ) from error
