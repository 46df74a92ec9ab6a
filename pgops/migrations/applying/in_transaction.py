"""A unit in one transaction: tried with a short lock timeout until it has its locks, done whole or not at all."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import psycopg

from pgops.db.working_session import put_back
from pgops.errors import BlockedError, StatementFailedError
from pgops.migrations.applying import ledger
from pgops.migrations.applying.blockers import Blocker, blockers_now
from pgops.migrations.applying.questions import ask
from pgops.migrations.applying.steps import NO_LOCK, Applied, pause, placed, rows_of

if TYPE_CHECKING:
    from pgops.migrations.applying.planning import PlannedStatement, Unit
    from pgops.migrations.applying.steps import Steps

LOOK_EVERY_S = 0.1


def carry_out_in_transaction(work: Steps, unit: Unit) -> None:
    """All its statements, proved and written down. Raises `BlockedError`, `StatementFailedError`, psycopg's errors."""
    work.tell("unit", f"a transaction of {len(unit.statements)} statements", unit.statements[0].place)
    entries = work.begin(unit)
    try:
        done = _as_soon_as_it_has_its_locks(work, unit, entries)
    except BaseException as error:
        work.leave()
        work.give_up(entries, error)
        raise
    for entry, (began, applied) in zip(entries, done, strict=True):
        work.done(applied, entry=entry, began=began)


def _as_soon_as_it_has_its_locks(
    work: Steps, unit: Unit, entries: tuple[int, ...]
) -> list[tuple[dt.datetime, Applied]]:
    place = unit.statements[0].place
    until = time.monotonic() + work.pace.give_up_after_s
    attempt = 1
    while True:
        try:
            return _attempt(work, unit, entries, nth=attempt)
        except NO_LOCK as error:
            # Asked before the roll-back is forgotten by all: who was it?
            blockers = "; ".join(map(str, _in_the_way(work, unit)))
            longest_s = pause(attempt)
            if time.monotonic() + longest_s > until:
                raise BlockedError(
                    f"{place}: no lock in {attempt} attempts of {work.pace.lock_timeout_s:g} s.",
                    cure=blockers or "Nobody is in the way at this moment: apply again.",
                ) from error
        names = blockers or "whoever it was has let go"
        work.tell("retry", f"no lock in attempt {attempt}, again in {longest_s:.1f} s: {names}", place)
        ledger.try_again(work.keeping, entries)
        attempt += 1
        _wait_for_a_gap(work, unit, longest_s)


def _attempt(work: Steps, unit: Unit, entries: tuple[int, ...], *, nth: int) -> list[tuple[dt.datetime, Applied]]:
    """When each statement began, and what became of it."""
    conn = work.changing
    try:
        put_back(conn, work.standing)
        with conn.transaction():
            conn.execute(f"SET LOCAL lock_timeout = '{max(1, int(work.pace.lock_timeout_s * 1000))}ms'".encode())
            # In the unit's own transaction: it is true exactly when the unit is.
            conn.execute(ledger.MARK_DONE.encode(), [list(entries)])
            for setting in unit.session:
                conn.execute(setting.encode())
            return [_statement(work, each, nth=nth) for each in unit.statements]
    except NO_LOCK:
        raise
    except psycopg.Error as error:  # between the statements, or at COMMIT: a deferred constraint, say
        work.leave()
        if conn.closed:
            raise
        said = error.diag.message_primary or error
        raise StatementFailedError(
            f"{unit.statements[-1].place}: at COMMIT: {said} ({error.sqlstate}).", sqlstate=error.sqlstate
        ) from error


def _statement(work: Steps, each: PlannedStatement, *, nth: int) -> tuple[dt.datetime, Applied]:
    work.tell("statement", each.head, each.place)
    began, started = dt.datetime.now(dt.UTC), time.monotonic()
    with placed(each, again=NO_LOCK):
        cursor = work.changing.execute(each.text.encode())
    proof = ask(work.changing, each.meaning)
    if proof.holds is False:
        raise StatementFailedError(
            f"{each.place}: the statement ended well, and the catalogue does not show it: {proof.question}",
            cure="It was rolled back. Is it IF EXISTS without, or IF NOT EXISTS over another object?",
        )
    seconds = time.monotonic() - started
    rows = rows_of(cursor)
    return began, Applied(place=each.place, statement=each.text, attempts=nth, seconds=seconds, rows=rows, proof=proof)


def _wait_for_a_gap(work: Steps, unit: Unit, longest_s: float) -> None:
    """Sleep, and look whether those who were in the way have gone: looking blocks nobody, trying does."""
    until = time.monotonic() + longest_s
    while time.monotonic() < until:
        time.sleep(min(LOOK_EVERY_S, longest_s))
        if not any((each.transaction_s or 0.0) > work.pace.lock_timeout_s for each in _in_the_way(work, unit)):
            return


def _in_the_way(work: Steps, unit: Unit) -> tuple[Blocker, ...]:
    return blockers_now(work.keeping, unit.touches, own=[work.changing.info.backend_pid])
