"""Ending sessions that were approved to be ended: one guarded signal each, then looking until they have ended."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import attrs
import psycopg

from pgops.actions.asking import as_text, asking, moment, read_moment
from pgops.actions.proposing import How, target_of
from pgops.actions.results import EndingResult, Endings, Outcome
from pgops.actions.session import EXECUTING
from pgops.approval import Record, agreed, recorded, refuse_other_target

if TYPE_CHECKING:
    from collections.abc import Collection

    from pgops.actions.proposing import EndingProposal
    from pgops.actions.session import SessionSeen
    from pgops.approval import Approval, Keep

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2

_LOOK = f"""
SELECT a.pid,
       {moment("a.backend_start")},
       a.state,
       {moment("a.query_start")},
       a.wait_event_type,
       a.wait_event,
       a.pid = pg_catalog.pg_backend_pid()
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = ANY (%s)
"""  # noqa: S608  it is made of constants

_WAITING = f"""
SELECT a.pid,
       {moment("a.backend_start")},
       pg_catalog.pg_blocking_pids(a.pid)
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.pid = ANY (%s)
"""  # noqa: S608  it is made of constants


@attrs.frozen
class Sight:
    """One session as pg_stat_activity has it now."""

    backend_start: dt.datetime | None
    """None where it is hidden from us: then it may be any."""
    state: str | None
    query_start: dt.datetime | None
    wait_event_type: str | None
    wait_event: str | None
    is_own: bool

    def is_executing(self, session: SessionSeen) -> bool:
        """Whether the query that was listed is still running."""
        return self.state in EXECUTING and self.query_start == session.query_start

    def __str__(self) -> str:
        waits = f", waiting for {self.wait_event_type}: {self.wait_event}" if self.wait_event else ""
        return f"{self.state or 'at work'}{waits}"


def end(
    proposal: EndingProposal,
    conn: psycopg.Connection[Any],
    *,
    approval: Approval | None,
    wait_s: float,
    record: Keep | None,
) -> Record:
    """See `EndingProposal.apply`."""
    if not wait_s >= 0:  # NaN would never be over
        raise ValueError(f"wait_s is {wait_s!r}; it is 0 or more seconds")
    approval = agreed(proposal, approval)
    began = dt.datetime.now(dt.UTC)
    refuse_other_target(proposal, target_of(conn))
    work = Work(proposal, conn)
    try:
        work.signal_all()
        work.follow(wait_s)
    except psycopg.OperationalError as error:
        work.lost(f"the connection was lost: {str(error).strip()}")
    except BaseException as error:  # Ctrl-C: what was done has to be on record
        work.lost(f"ended by {type(error).__name__}")
        _keep(proposal, approval, began, work, record)
        raise
    return _keep(proposal, approval, began, work, record)


def _keep(proposal: EndingProposal, approval: Approval, began: dt.datetime, work: Work, record: Keep | None) -> Record:
    endings = work.endings()
    return recorded(
        proposal,
        approval,
        began=began,
        outcome=endings.summary,
        details=endings.to_facts(),
        keep=record,
    )


class Work:
    """The signals of one `apply`, and what was seen of each session."""

    def __init__(self, proposal: EndingProposal, conn: psycopg.Connection[Any]) -> None:
        self.proposal = proposal
        self.conn = conn
        self.results: dict[int, EndingResult] = {}
        self.signalled: dict[int, float] = {}
        """When each was signalled, by time.monotonic()."""
        self.still_waiting: tuple[int, ...] = ()
        self.waiters_seen = False

    # --- signals ------------------------------------------------------------------------------------------------------

    def signal_all(self) -> None:
        """Send each signal once."""
        for session, sql in zip(self.proposal.sessions, self.proposal.statements, strict=True):
            try:
                with asking(self.conn) as cursor:
                    sent = cursor.execute(sql.encode(), prepare=False).fetchone()
                    if sent is not None and sent[0]:
                        self.signalled[session.pid] = time.monotonic()
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.QueryCanceled) as error:
                words = error.diag.message_primary or str(error)
                detail = error.diag.message_detail
                said = f"{words}: {detail}" if detail else words
                self._found(session, Outcome.REFUSED, said, sqlstate=error.sqlstate)
                continue
            if session.pid not in self.signalled:
                self._not_sent(session, was_tried=sent is not None)

    def _not_sent(self, session: SessionSeen, *, was_tried: bool) -> None:
        """Why the guarded statement did not signal: what is there now."""
        sight = self._look([session.pid]).get(session.pid)
        if sight is None or (sight.backend_start is not None and sight.backend_start != session.backend_start):
            self._found(
                session, Outcome.GONE, "it had ended before" if sight is None else "its process id is another's"
            )
        elif sight.backend_start is None:
            self._found(session, Outcome.REFUSED, "this role can no longer see when the session with that id began")
        elif sight.is_own:
            self._found(session, Outcome.REFUSED, "it is the session that asks")
        elif was_tried:
            self._found(session, Outcome.REFUSED, "the server could not send it a signal")
        elif self.proposal.how is How.CANCEL and not sight.is_executing(session):
            self._found(session, Outcome.MOVED_ON, f"the listed query has ended; it is {sight}")
        elif self.proposal.waiters:
            self._found(session, Outcome.MOVED_ON, "it blocks none of those who waited for it")
        else:
            self._found(session, Outcome.UNKNOWN, "it was not found at first, and then it was")

    # --- looking ------------------------------------------------------------------------------------------------------

    def follow(self, wait_s: float) -> None:
        """Look until every signal has had its effect and the waiters go on, for `wait_s` seconds at most."""
        deadline = time.monotonic() + wait_s
        pause_s = _FIRST_PAUSE_S
        while True:
            left = self._settle()
            held_up = self._look_at_waiters()
            remaining_s = deadline - time.monotonic()
            if not (left or held_up) or remaining_s <= 0:
                break
            time.sleep(min(pause_s, remaining_s))
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
        for session, sight in left:
            if sight.backend_start is None:
                self._found(session, Outcome.UNKNOWN, "a signal was sent; it can no longer be seen by this role")
            else:
                self._found(session, Outcome.STILL_THERE, f"a signal was sent; after {wait_s:g} s it is {sight}")

    def _settle(self) -> list[tuple[SessionSeen, Sight]]:
        """Note who has ended of those that were signalled, and give the others as they are now."""
        open_ones = [
            each for each in self.proposal.sessions if each.pid in self.signalled and each.pid not in self.results
        ]
        if not open_ones:
            return []
        seen = self._look([each.pid for each in open_ones])
        left = []
        for session in open_ones:
            sight = seen.get(session.pid)
            if sight is None or (sight.backend_start is not None and sight.backend_start != session.backend_start):
                self._found(session, Outcome.ENDED)
            elif sight.backend_start is not None and (
                self.proposal.how is How.CANCEL and not sight.is_executing(session)
            ):
                self._found(session, Outcome.CANCELLED, f"the session is {sight}")
            else:
                left.append((session, sight))
        return left

    def _look(self, pids: Collection[int]) -> dict[int, Sight]:
        with asking(self.conn) as cursor:
            rows = cursor.execute(_LOOK.encode(), [list(pids)], prepare=False).fetchall()
        return {
            row[0]: Sight(
                read_moment(row[1]), as_text(row[2]), read_moment(row[3]), as_text(row[4]), as_text(row[5]), row[6]
            )
            for row in rows
        }

    def _look_at_waiters(self) -> bool:
        """Note which waiters still wait, and say whether one of them waits for a session that was ended."""
        if not self.proposal.waiters:
            return False
        known = {each.pid: each.backend_start for each in self.proposal.waiters}
        with asking(self.conn) as cursor:
            rows = cursor.execute(_WAITING.encode(), [list(known)], prepare=False).fetchall()
        # One that is hidden from us now is counted as waiting if it waits: that much everybody may see.
        waiting = {
            pid: set(blockers) for pid, start, blockers in rows if blockers and read_moment(start) in (None, known[pid])
        }
        self.still_waiting = tuple(sorted(waiting))
        self.waiters_seen = True
        return any(blockers & self.signalled.keys() for blockers in waiting.values())

    # --- what comes out -----------------------------------------------------------------------------------------------

    def lost(self, why: str) -> None:
        """Note that nothing more can be seen."""
        for session in self.proposal.sessions:
            if session.pid not in self.results:
                sent = "a signal was sent" if session.pid in self.signalled else "no signal is known to be sent"
                self._found(session, Outcome.UNKNOWN, f"{sent}; {why}")
        if not self.waiters_seen:
            self.still_waiting = tuple(each.pid for each in self.proposal.waiters)

    def _found(self, session: SessionSeen, outcome: Outcome, message: str = "", *, sqlstate: str | None = None) -> None:
        sent_at = self.signalled.get(session.pid)
        self.results[session.pid] = EndingResult(
            pid=session.pid,
            backend_start=session.backend_start.isoformat(),
            user=session.user,
            database=session.database,
            application=session.application,
            outcome=outcome,
            message=message,
            sqlstate=sqlstate,
            seconds=None if sent_at is None else round(time.monotonic() - sent_at, 3),
        )

    def endings(self) -> Endings:
        """All outcomes, in the proposal's order."""
        waiters = len(self.proposal.waiters)
        return Endings(
            how=self.proposal.how.value,
            results=tuple(self.results[each.pid] for each in self.proposal.sessions),
            waiters=waiters,
            released=waiters - len(self.still_waiting),
            still_waiting=self.still_waiting,
        )
