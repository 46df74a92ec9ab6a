"""Cancelling and terminating sessions as a proposal: whose, what is lost, what could go otherwise."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import attrs

from pgops.actions.asking import asking, literal_moment, moment, read_moment
from pgops.actions.refusals import listed_sessions, refuse
from pgops.actions.session import SessionSeen, Waiter
from pgops.approval import Keep, Proposal, Record
from pgops.checks.sessions import in_words
from pgops.db.callers_connection import refuse_unfit
from pgops.db.identity import database_identity
from pgops.errors import NotListedError
from pgops.findings import as_json
from pgops.render.quantities import duration
from pgops.render.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import psycopg

    from pgops.approval import Approval
    from pgops.render.document import Document


class How(Enum):
    """CANCEL ends what a session executes, TERMINATE the session."""

    CANCEL = "cancel"
    TERMINATE = "terminate"

    @property
    def function(self) -> str:
        """The server's function that does it."""
        return f"pg_catalog.pg_{self.value}_backend"


@attrs.frozen(kw_only=True)
class EndingProposal(Proposal):
    """Sessions that could be ended, each named by process id and start. The `propose_...` calls make it.

    `target` is the database's identity, and when the server was started: a standby or a restart is another target.
    `parameters` name what is ended, and for whom.
    """

    how: How
    sessions: tuple[SessionSeen, ...]
    waiters: tuple[Waiter, ...] = ()
    """Those who wait for them, where they are the root of a queue for locks."""

    @property
    def is_consistent(self) -> bool:
        """Whether its sessions are those of its parameters, which were agreed to."""
        agreed_to = {name: self.parameters.get(name) for name in ("how", "sessions", "waiters")}
        return agreed_to == _parameters(self.how, self.sessions, self.waiters)

    def apply(
        self,
        conn: psycopg.Connection[Any],
        *,
        approval: Approval | None,
        wait_s: float = 5.0,
        record: Keep | None = None,
    ) -> Record:
        """Send the signals over `conn`, look for `wait_s` seconds whether they had their effect, and say what had.

        One statement each checks that it is still the listed session (and for a cancel the listed query) and signals it
        only then. `results_of(record)` has the outcome of each session, as it was seen in pg_stat_activity. `conn` is
        left as it was; it may be in a transaction, on a standby and read-only.

        Raises `NotApprovedError` without an approval of this very proposal, `StaleProposalError` where `conn` is to
        another server, database or role, or the server was restarted, ValueError for a `wait_s` that is less than 0 or
        NaN, and psycopg's errors as long as nothing was done. Manual: section 9.28.2 "Server Signaling Functions".
        """
        from pgops.actions.ending import end  # noqa: PLC0415  it needs this class

        return end(self, conn, approval=approval, wait_s=wait_s, record=record)

    def to_document(self) -> Document:
        """The proposal for people, with the sessions as they were listed."""
        from pgops.actions.sessions_document import sessions_table  # noqa: PLC0415  only who draws pays for it
        from pgops.render.document import Section  # noqa: PLC0415  only who draws pays for it

        plain = Proposal.to_document(self)
        return attrs.evolve(plain, blocks=[Section("Sessions", [sessions_table(self.sessions)]), *plain.blocks])


def propose_cancel(
    conn: psycopg.Connection[Any],
    sessions: Iterable[SessionSeen | int],
    *,
    listed: Iterable[SessionSeen] | None = None,
    also: str | Sequence[str] = (),
) -> EndingProposal:
    """What cancelling the queries of these sessions would do: their transactions fail, their connections stay.

    `sessions` come from a listing, or are process ids of the listing `listed`. Those that execute nothing are left out,
    and named among the risks. What is no client's is refused unless `also` names its backend_type: "walsender",
    "autovacuum worker".

    Raises `NotListedError` for a session that was not listed, is the one that asks, or is to be left alone, and where
    none of them executes anything.
    """
    return _propose(conn, How.CANCEL, sessions, listed=listed, also=also)


def propose_terminate(
    conn: psycopg.Connection[Any],
    sessions: Iterable[SessionSeen | int],
    *,
    listed: Iterable[SessionSeen] | None = None,
    also: str | Sequence[str] = (),
) -> EndingProposal:
    """What terminating these sessions would do: their transactions are rolled back, their connections closed.

    Arguments and errors as in `propose_cancel`; idle sessions can be terminated too.
    """
    return _propose(conn, How.TERMINATE, sessions, listed=listed, also=also)


def _propose(
    conn: psycopg.Connection[Any],
    how: How,
    wanted: Iterable[SessionSeen | int],
    *,
    listed: Iterable[SessionSeen] | None,
    also: str | Sequence[str],
) -> EndingProposal:
    refuse_unfit(conn)
    sessions, gone = listed_sessions(conn, wanted, listed)
    refuse(sessions, also=also)
    left_out: list[SessionSeen] = []
    if how is How.CANCEL:
        left_out = [each for each in sessions if not _can_be_cancelled(each)]
        sessions = tuple(each for each in sessions if _can_be_cancelled(each))
        if not sessions:
            raise nothing_to_cancel(left_out)
    return proposal_for(conn, how, sessions, gone=gone, left_out=left_out)


def proposal_for(
    conn: psycopg.Connection[Any],
    how: How,
    sessions: Sequence[SessionSeen],
    *,
    gone: frozenset[int] = frozenset(),
    left_out: Sequence[SessionSeen] = (),
    blocked: Mapping[int, Sequence[int]] | None = None,
    waiters: Sequence[Waiter] = (),
    notes: Sequence[str] = (),
) -> EndingProposal:
    """The proposal for sessions that may be ended. `blocked` has, by process id, those who wait for it directly."""
    blocked = blocked or {}
    many = f"{len(sessions)} sessions" if len(sessions) != 1 else in_words(sessions[0]).replace("Session", "session", 1)
    what = "Cancel the queries of" if how is How.CANCEL and len(sessions) != 1 else how.value.capitalize()
    what = "Cancel the query of" if how is How.CANCEL and len(sessions) == 1 else what
    return EndingProposal(
        kind=f"sql {how.value} sessions",
        title=visible(f"{what} {many}"),
        statements=tuple(statement(how, each, blocked.get(each.pid)) for each in sessions),
        target=target_of(conn),
        parameters=_parameters(how, sessions, waiters),
        effects=tuple(visible(line) for line in _effects(how, sessions, blocked)),
        risks=tuple(visible(line) for line in (*notes, *_risks(conn, how, sessions, gone, left_out))),
        how=how,
        sessions=tuple(sessions),
        waiters=tuple(waiters),
    )


def _parameters(how: How, sessions: Sequence[SessionSeen], waiters: Sequence[Waiter]) -> dict[str, Any]:
    named = [[each.pid, each.backend_start, each.query_start] for each in sessions]
    waiting = [[each.pid, each.backend_start] for each in waiters]
    return {"how": how.value, "sessions": as_json(named), "waiters": as_json(waiting)}


def target_of(conn: psycopg.Connection[Any]) -> dict[str, Any]:
    """The database's identity and the start of the server: process ids mean nothing on another, or after a restart."""
    with asking(conn) as cursor:
        identity = database_identity(conn)
        row = cursor.execute(f"SELECT {moment('pg_catalog.pg_postmaster_start_time()')}", prepare=False).fetchone()
    return {**identity, "server_started": as_json(read_moment(row[0] if row else None))}


def statement(how: How, session: SessionSeen, blocked: Sequence[int] | None = None) -> str:
    """The SQL that signals the session if it still is that one, and answers without a row if it is not.

    A cancel wants the query that was listed too; with `blocked`, one of those process ids has to wait for it still.
    """
    conditions = [
        f"a.pid = {session.pid:d}",
        f"a.backend_start = {literal_moment(session.backend_start)}",
        "a.pid <> pg_catalog.pg_backend_pid()",
    ]
    if how is How.CANCEL and session.query_start is not None:
        conditions += [
            "a.state IN ('active', 'fastpath function call')",
            f"a.query_start = {literal_moment(session.query_start)}",
        ]
    if blocked is not None:
        pids = ", ".join(f"{pid:d}" for pid in blocked)
        conditions.append(f"EXISTS (SELECT 1 {_WAITING.format(pids=pids)})")
    where = "\n   AND ".join(conditions)
    return f"SELECT {how.function}(a.pid)\n  FROM pg_catalog.pg_stat_activity AS a\n WHERE {where};"  # noqa: S608  numbers, times


_WAITING = """FROM pg_catalog.unnest('{{{pids}}}'::int[]) AS w (pid)
                WHERE a.pid = ANY (pg_catalog.pg_blocking_pids(w.pid))"""


def _can_be_cancelled(session: SessionSeen) -> bool:
    return session.is_executing and session.query_start is not None


def nothing_to_cancel(sessions: Sequence[SessionSeen]) -> NotListedError:
    """The error where none of the sessions executes anything."""
    which = "; ".join(visible(f"{in_words(each)} is {each.state or 'in no known state'}") for each in sessions)
    return NotListedError(
        f"There is no query that could be cancelled: {which}.", cure="Terminating is what ends such a session."
    )


def _effects(how: How, sessions: Sequence[SessionSeen], blocked: Mapping[int, Sequence[int]]) -> Iterator[str]:
    for each in sessions:
        parts = []
        if each.is_executing:
            parts.append(f"its query of {duration(each.query_age_s or 0)} is ended")
        if each.transaction_age_s is not None:
            written = ", and what it has written is lost" if each.has_written else ", which has written nothing"
            fails = "fails" if how is How.CANCEL else "is rolled back"
            parts.append(f"its transaction of {duration(each.transaction_age_s)} {fails}{written}")
        idle = f"idle for {duration(each.state_age_s or 0)}: " if each.state == "idle" else ""
        parts.append("its connection stays" if how is How.CANCEL else f"{idle}its connection is closed")
        if each.pid in blocked:
            waiting = blocked[each.pid]
            verb = "waits" if len(waiting) == 1 else "wait"
            parts.append(f"{len(waiting)} {verb} for it directly ({', '.join(map(str, waiting[:10]))})")
        yield f"{in_words(each)}: {'; '.join(parts)}."


def _risks(
    conn: psycopg.Connection[Any],
    how: How,
    sessions: Sequence[SessionSeen],
    gone: frozenset[int],
    left_out: Sequence[SessionSeen],
) -> Iterator[str]:
    for each in left_out:
        yield f"{in_words(each)} is left out: it is {each.state or 'in no known state'}, there is nothing to cancel."
    for each in sessions:
        yield from (f"{in_words(each)} {risk}" for risk in _risks_of(how, each, is_gone=each.pid in gone))
    databases = sorted({each.database for each in sessions if each.database})
    with asking(conn) as cursor:
        query = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts AS x WHERE x.database::text = ANY (%s)"
        prepared = (cursor.execute(query, [databases], prepare=False).fetchone() or (0,))[0]
    if prepared:
        what = "1 prepared transaction" if prepared == 1 else f"{prepared} prepared transactions"
        yield f"Left as they are, for no session holds them: {what} in {', '.join(databases)}."


def _risks_of(how: How, session: SessionSeen, *, is_gone: bool) -> Iterator[str]:
    if is_gone:
        yield "has ended since it was listed."
    elif not session.may_signal:
        yield (
            "will not be ended by this role: it takes a superuser where it is a superuser's or the server's own, else "
            "the rights of its role or of pg_signal_backend (from 18 on pg_signal_autovacuum_worker for autovacuum)."
        )
    if session.backend_type == "autovacuum worker":
        if session.query and "to prevent wraparound" in session.query:
            yield "prevents a wraparound, and would start again: rather end those who wait for it."
        else:
            yield "starts again later, from the beginning of its table."
    if session.backend_type == "walsender":
        yield "serves a replica, a subscriber or a backup, which is cut off; a replica comes back by itself."
    if how is How.CANCEL and session.wait_event == "ClientWrite":
        yield "waits for its client to take the answer, and heeds no cancel meanwhile: terminating does it."
    if session.wait_event == "SyncRep":
        yield "has committed and waits for a synchronous standby: it will say committed, without the standby."
    if how is How.TERMINATE and session.has_written and (session.transaction_age_s or 0) >= _LONG_S:
        yield "has written for long: dead rows are left for VACUUM, and its application may begin all over again."


_LONG_S = 60.0
