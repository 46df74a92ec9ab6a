"""A statement that allows no transaction: begun until it ends, and what a broken-off run left is cleared away first.

It has no timeout of its own: breaking it off is what leaves a half.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import attrs
import psycopg
from psycopg import errors as pg

from pgops.db.working_session import put_back
from pgops.errors import BlockedError, PgopsError, StatementFailedError
from pgops.migrations.applying import ledger
from pgops.migrations.applying.questions import Proof, ask
from pgops.migrations.applying.repairs import clear_up
from pgops.migrations.applying.steps import NO_LOCK, Applied, pause, placed, rows_of
from pgops.migrations.applying.watching import watched
from pgops.sql import statements as s

if TYPE_CHECKING:
    from pgops.migrations.applying.planning import PlannedStatement, Unit
    from pgops.migrations.applying.steps import Steps

BROKEN_OFF = (*NO_LOCK, pg.QueryCanceled)
REPEATS_ALONE = 5
"""How often a statement outside a transaction is begun anew after it was broken off by a lock or a deadlock."""


def carry_out_alone(work: Steps, unit: Unit, before: ledger.Entry | None) -> None:
    """The one statement of a unit, proved and written down; `before` is its row of an earlier run.

    Raises `BlockedError`, `StatementFailedError`, psycopg's errors.
    """
    (each,) = unit.statements
    work.tell("unit", each.head, each.place)
    _set_up(work, unit)
    # Only what was begun and never ended may have been done unseen. What failed was not.
    unseen = ask(work.changing, each.meaning) if before is not None and before.state == ledger.BEGUN else None
    (entry,) = work.begin(unit)
    began = dt.datetime.now(dt.UTC)
    if unseen is not None and unseen.holds:
        # Begun by a run that was broken off before it could write that it was done.
        applied = Applied(place=each.place, statement=each.text, attempts=0, seconds=0.0, rows=None, proof=unseen)
    else:
        applied = _carried_out(work, each, entry)
    work.done(applied, entry=entry, began=began)


def _set_up(work: Steps, unit: Unit) -> None:
    put_back(work.changing, work.standing)
    for setting in unit.session:
        work.changing.execute(setting.encode())
    for timeout in ("lock_timeout", "statement_timeout"):  # either would break it off and leave a half
        work.changing.execute(f"SET {timeout} = 0".encode())


def _carried_out(work: Steps, each: PlannedStatement, entry: int) -> Applied:
    """What became of it. Where it comes to nothing, what it left is cleared away, and the ledger says why."""
    try:
        return _until_it_ends(work, each, entry)
    except KeyboardInterrupt:
        # Clearing up may have to wait for the same writer; then the next run does it.
        work.give_up((entry,), "Ctrl-C")
        _cleared_up(work, each, lock_timeout="2s")
        raise
    except (psycopg.Error, PgopsError) as error:
        # Without a connection nobody knows how it ended: the row stays at "begun", and the next run asks.
        if not work.changing.closed:
            _cleared_up(work, each)
            work.give_up((entry,), error)
        raise


def _until_it_ends(work: Steps, each: PlannedStatement, entry: int) -> Applied:
    started = time.monotonic()
    repaired: list[str] = []
    attempt = 1
    while isinstance(ended := _attempt(work, each, repaired), psycopg.Error):
        said = f"broken off: {ended.diag.message_primary}"
        if attempt == REPEATS_ALONE:
            raise BlockedError(
                f"{each.place}: in each of {attempt} attempts {said}.",
                cure="Look at what else is at work on the table, then apply again.",
            ) from ended
        work.tell("retry", said, each.place)
        ledger.try_again(work.keeping, [entry])
        attempt += 1
        time.sleep(pause(attempt))
    return Applied(
        place=each.place,
        statement=each.text,
        attempts=attempt,
        seconds=time.monotonic() - started,
        rows=ended.rows,
        proof=ended.proof,
        repaired=tuple(repaired),
    )


@attrs.frozen
class _Ended:
    """An attempt that came to its end."""

    proof: Proof
    rows: int | None = None


def _attempt(work: Steps, each: PlannedStatement, repaired: list[str]) -> _Ended | psycopg.Error:
    """How it ended, or the error that broke it off. What is cleared away is added to `repaired`."""
    if proof := _finished_by_a_repair(work, each, repaired):
        return _Ended(proof)
    watching = watched(
        work.changing.info.backend_pid,
        work.open_session,
        work.on_progress,
        place=each.place,
        finished=work.finished,
        of=len(work.proposal.planned),
    )
    try:
        with placed(each, again=BROKEN_OFF), watching:
            cursor = work.changing.execute(each.text.encode())
        proof = ask(work.changing, each.meaning)
    except BROKEN_OFF as error:
        proof = _finished_by_a_repair(work, each, repaired)
        return _Ended(proof) if proof else error
    if proof.holds is False:
        raise StatementFailedError(
            f"{each.place}: the statement ended well, and the catalogue does not show it: {proof.question}"
        )
    return _Ended(proof, rows_of(cursor))


def _finished_by_a_repair(work: Steps, each: PlannedStatement, repaired: list[str]) -> Proof | None:
    """Clear up; the proof, where that has finished what was broken off, as DETACH ... FINALIZE does."""
    cleared = _cleared_up(work, each)
    repaired += cleared
    # An index that was cleared away is to be built, even where another one answers the question.
    if not cleared or not isinstance(each.meaning, s.AlterTable):
        return None
    proof = ask(work.changing, each.meaning)
    return proof if proof.holds else None


def _cleared_up(work: Steps, each: PlannedStatement, *, lock_timeout: str = "0") -> list[str]:
    """What was cleared away. What could not be is left for the next run: the first error is what counts."""
    said: list[str] = []
    try:
        work.changing.execute("SELECT pg_catalog.set_config('lock_timeout', %s, false)", [lock_timeout])
        for message in clear_up(work.changing, each.meaning):
            work.tell("repair", message, each.place)
            said.append(message)
    except psycopg.Error as error:
        work.tell("repair", f"not cleared up: {error.diag.message_primary or error}", each.place)
    return said
