"""The work itself: one unit after the other, short locks, every statement proved and written down."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg import errors as pg

from pgops.approval import Approval
from pgops.db.working_session import Standing, put_back
from pgops.errors import BlockedError, StaleProposalError, StatementFailedError
from pgops.migrations.applying import ledger
from pgops.migrations.applying.blockers import blockers_now
from pgops.migrations.applying.definitions import definitions_hash
from pgops.migrations.applying.events import OnProgress, Progress
from pgops.migrations.applying.planning import PlannedStatement, Unit, names_of, schema_fingerprint
from pgops.migrations.applying.proposing import LEDGER_FILE, MigrationProposal
from pgops.migrations.applying.questions import Proof, ask
from pgops.migrations.applying.repairs import clear_up
from pgops.migrations.applying.watching import watched
from pgops.migrations.effects.live import read_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NO_LOCK = (pg.LockNotAvailable, pg.DeadlockDetected)
BROKEN_OFF = (*NO_LOCK, pg.QueryCanceled)
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
LOOK_EVERY_S = 0.1
REPEATS_ALONE = 5
"""How often a statement outside a transaction is begun anew after it was broken off by a lock or a deadlock."""


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
class Work:
    """One application, from its first unit to its last."""

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

    def carry_out(self) -> list[Applied]:
        entries = ledger.states(self.keeping)
        resumed = any(
            entry.digest == self.proposal.digest
            and (entry.state == ledger.DONE or (entry.state == ledger.BEGUN and not entry.in_transaction))
            for entry in entries.values()
        )
        self._refuse_drift(entries, resumed=resumed)
        for unit in self.proposal.units:
            if unit.statements[0].file == LEDGER_FILE:
                self._make_ledger(unit)
                continue
            left = tuple(each for each in unit.statements if not _is_done(entries, each))
            self.finished += len(unit.statements) - len(left)
            if not left:
                continue
            if unit.in_transaction:
                self._transaction(attrs.evolve(unit, statements=left))
            else:
                self._alone(left[0], unit, entries.get(left[0].key))
        self._tell("done", "everything is done")
        return self.applied

    def _refuse_drift(self, entries: Any, *, resumed: bool) -> None:
        """What was approved was planned on a schema. Another schema needs another look, but for what this run itself
        did.
        """
        if resumed:
            return
        stale = [each.place for each in self.proposal.planned if _is_done(entries, each)]
        if stale:
            raise StaleProposalError(
                f"{self.proposal.title}: somebody has applied {stale[0]} meanwhile.", cure="Propose it anew."
            )
        facts = read_facts(self.keeping, [each.script for each in self.proposal.sources])
        definitions = definitions_hash(self.keeping, names_of(self.proposal.sources))
        if schema_fingerprint(facts, definitions) != self.proposal.parameters["schema"]:
            raise StaleProposalError(
                f"{self.proposal.title}: the schema has changed since this was planned.",
                cure="Propose it anew and look at it again.",
            )

    # --- units ------------------------------------------------------------------------------------------------------

    def _make_ledger(self, unit: Unit) -> None:
        """The first statements of the first proposal. A run that was broken off may have made it already."""
        if not ledger.exists(self.keeping):
            began = time.monotonic()
            with self.changing.transaction():
                for each in unit.statements:
                    self.changing.execute(each.text.encode())
            seconds = time.monotonic() - began
            for each in unit.statements:
                proof = ask(self.keeping, each.meaning)
                self.applied.append(
                    Applied(place=each.place, statement=each.text, attempts=1, seconds=seconds, rows=None, proof=proof)
                )
        self.finished += len(unit.statements)

    def _transaction(self, unit: Unit) -> None:
        self._tell("unit", f"a transaction of {len(unit.statements)} statements", unit.statements[0].place)
        ids = self._begin(unit)
        until = time.monotonic() + self.pace.give_up_after_s
        attempt = 1
        while True:
            try:
                done = self._attempt(unit, ids)
                break
            except NO_LOCK as error:
                # Asked before the roll-back is forgotten by all: who was it?
                blockers = blockers_now(self.keeping, unit.touches, own=[self.changing.info.backend_pid])
                pause = _pause(attempt)
                if time.monotonic() + pause > until:
                    self._give_up(ids, error)
                    raise BlockedError(
                        f"{unit.statements[0].place}: no lock in {attempt} attempts of {self.pace.lock_timeout_s:g} s.",
                        cure="; ".join(map(str, blockers)) or "Nobody is in the way at this moment: apply again.",
                    ) from error
                names = "; ".join(map(str, blockers)) or "whoever it was has let go"
                self._tell(
                    "retry", f"no lock in attempt {attempt}, again in {pause:.1f} s: {names}", unit.statements[0].place
                )
                ledger.try_again(self.keeping, ids)
                attempt += 1
                self._wait_for_a_gap(unit, pause)
            except psycopg.Error as error:  # between the statements, or at COMMIT: a deferred constraint, say
                self._leave()
                self._give_up(ids, error)
                if self.changing.closed:
                    raise
                said = error.diag.message_primary or error
                raise StatementFailedError(
                    f"{unit.statements[-1].place}: at COMMIT: {said} ({error.sqlstate}).", sqlstate=error.sqlstate
                ) from error
            except BaseException as error:
                self._leave()
                self._give_up(ids, error)
                raise
        for each, entry, (began, seconds, rows, proof) in zip(unit.statements, ids, done, strict=True):
            self._done(each, entry, began=began, seconds=seconds, rows=rows, proof=proof, attempts=attempt)

    def _wait_for_a_gap(self, unit: Unit, longest_s: float) -> None:
        """Sleep, and look whether those who were in the way have gone: looking blocks nobody, trying does."""
        until = time.monotonic() + longest_s
        while time.monotonic() < until:
            time.sleep(min(LOOK_EVERY_S, longest_s))
            blockers = blockers_now(self.keeping, unit.touches, own=[self.changing.info.backend_pid])
            if not any((each.transaction_s or 0.0) > self.pace.lock_timeout_s for each in blockers):
                return

    def _attempt(self, unit: Unit, ids: tuple[int, ...]) -> list[tuple[dt.datetime, float, int | None, Proof]]:
        done = []
        conn = self.changing
        put_back(conn, self.standing)
        with conn.transaction():
            conn.execute(f"SET LOCAL lock_timeout = '{max(1, int(self.pace.lock_timeout_s * 1000))}ms'".encode())
            # In the unit's own transaction: it is true exactly when the unit is.
            conn.execute(ledger.MARK_DONE.encode(), [list(ids)])
            for setting in unit.session:
                conn.execute(setting.encode())
            for each in unit.statements:
                self._tell("statement", each.head, each.place)
                began, started = dt.datetime.now(dt.UTC), time.monotonic()
                with _placed(each, again=NO_LOCK):
                    cursor = conn.execute(each.text.encode())
                proof = ask(conn, each.meaning)
                if proof.holds is False:
                    raise StatementFailedError(
                        f"{each.place}: the statement ended well, and the catalogue does not show it: {proof.question}",
                        cure="It was rolled back. Is it IF EXISTS without, or IF NOT EXISTS over another object?",
                    )
                done.append((began, time.monotonic() - started, _rows(cursor), proof))
        return done

    def _alone(self, each: PlannedStatement, unit: Unit, entry: ledger.Entry | None) -> None:
        self._tell("unit", each.head, each.place)
        repaired: list[str] = []
        put_back(self.changing, self.standing)
        for setting in unit.session:
            self.changing.execute(setting.encode())
        for timeout in ("lock_timeout", "statement_timeout"):  # either would break it off and leave a half
            self.changing.execute(f"SET {timeout} = 0".encode())
        # Only what was begun and never ended may have been done unseen. What failed was not.
        begun = entry is not None and entry.state == ledger.BEGUN
        proof = ask(self.changing, each.meaning) if begun else None
        (entry_id,) = self._begin(Unit(statements=(each,), in_transaction=False))
        began, started = dt.datetime.now(dt.UTC), time.monotonic()
        if proof is not None and proof.holds:
            # Begun by a run that was broken off before it could write that it was done.
            self._done(each, entry_id, began=began, seconds=0.0, rows=None, proof=proof, attempts=0)
            return
        attempt = 1
        while True:
            try:
                repaired += self._cleared_up(each)
                with (
                    _placed(each, again=BROKEN_OFF),
                    watched(
                        self.changing.info.backend_pid,
                        self.open_session,
                        self.on_progress,
                        place=each.place,
                        finished=self.finished,
                        of=len(self.proposal.planned),
                    ),
                ):
                    cursor = self.changing.execute(each.text.encode())
                rows = _rows(cursor)
                proof = ask(self.changing, each.meaning)
                if proof.holds is False:
                    raise StatementFailedError(
                        f"{each.place}: the statement ended well, and the catalogue does not show it: {proof.question}"
                    )
                break
            except BROKEN_OFF as error:
                repaired += self._cleared_up(each)
                proof = ask(self.changing, each.meaning)
                if proof.holds and repaired:  # what was broken off has been finished by the repair: DETACH ... FINALIZE
                    rows = None
                    break
                if attempt >= REPEATS_ALONE:
                    self._give_up((entry_id,), error)
                    raise BlockedError(
                        f"{each.place}: broken off {attempt} times: {error.diag.message_primary}.",
                        cure="Look at what else is at work on the table, then apply again.",
                    ) from error
                self._tell("retry", f"broken off: {error.diag.message_primary}", each.place)
                ledger.try_again(self.keeping, [entry_id])
                attempt += 1
                time.sleep(_pause(attempt))
            except KeyboardInterrupt:
                # Clearing up may have to wait for the same writer; then the next run does it.
                self._give_up((entry_id,), "Ctrl-C")
                self._cleared_up(each, lock_timeout="2s")
                raise
            except (psycopg.Error, StatementFailedError) as error:
                if not self.changing.closed:
                    repaired += self._cleared_up(each)
                self._give_up((entry_id,), error)
                raise
        self._done(
            each,
            entry_id,
            began=began,
            seconds=time.monotonic() - started,
            rows=rows,
            proof=proof,
            attempts=attempt,
            repaired=tuple(repaired),
        )

    # --- the small steps --------------------------------------------------------------------------------------------

    def _begin(self, unit: Unit) -> tuple[int, ...]:
        intents = [
            ledger.Intent(
                key=each.key, file=each.file, line=each.line, statement=each.text, in_transaction=unit.in_transaction
            )
            for each in unit.statements
        ]
        return ledger.begin(self.keeping, intents, digest=self.proposal.digest, approval=self.approval)

    def _cleared_up(self, each: PlannedStatement, *, lock_timeout: str = "0") -> list[str]:
        """What was cleared away. What could not be is left for the next run: the first error is what counts."""
        said: list[str] = []
        try:
            self.changing.execute("SELECT pg_catalog.set_config('lock_timeout', %s, false)", [lock_timeout])
            for message in clear_up(self.changing, each.meaning):
                self._tell("repair", message, each.place)
                said.append(message)
        except psycopg.Error as error:
            self._tell("repair", f"not cleared up: {error.diag.message_primary or error}", each.place)
        return said

    def _leave(self) -> None:
        """End a session that could not roll back: what it still holds is what the ledger would wait for."""
        if self.changing.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.changing.close()

    def _done(
        self,
        each: PlannedStatement,
        entry: int,
        *,
        began: dt.datetime,
        seconds: float,
        rows: int | None,
        proof: Proof,
        attempts: int,
        repaired: tuple[str, ...] = (),
    ) -> None:
        ledger.finish(self.keeping, entry, began=began, question=proof.question, answer=proof.answer)
        self.applied.append(
            Applied(
                place=each.place,
                statement=each.text,
                attempts=attempts,
                seconds=seconds,
                rows=rows,
                proof=proof,
                repaired=repaired,
                entry=entry,
            )
        )
        self.finished += 1

    def _give_up(self, ids: Sequence[int], error: BaseException | str) -> None:
        """Write why, where that is still possible. If not, the row stays at "begun", which is as true."""
        said = error if isinstance(error, str) else str(error) or type(error).__name__
        try:
            ledger.fail(self.keeping, ids, error=said)
        except psycopg.Error:
            return

    def _tell(self, what: str, message: str, place: str | None = None) -> None:
        if self.on_progress is not None:
            self.on_progress(
                Progress(what=what, message=message, place=place, finished=self.finished, of=len(self.proposal.planned))
            )


def _is_done(entries: Any, each: PlannedStatement) -> bool:
    entry = entries.get(each.key)
    return entry is not None and entry.state == ledger.DONE


def _pause(attempt: int) -> float:
    """Growing, with jitter, so that two appliers do not meet again: seconds."""
    longest: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempt - 1, 10))
    return longest * random.uniform(0.5, 1.5)  # noqa: S311  jitter, no secret


def _rows(cursor: psycopg.Cursor[Any]) -> int | None:
    changed = cursor.statusmessage is not None and cursor.statusmessage.split()[0] in {
        "INSERT",
        "UPDATE",
        "DELETE",
        "MERGE",
    }
    return cursor.rowcount if changed else None


@contextmanager
def _placed(each: PlannedStatement, *, again: tuple[type[psycopg.Error], ...]) -> Iterator[None]:
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
