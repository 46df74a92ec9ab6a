"""Carrying an approved script out: on a session of our own, statement by statement, to a record."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from pgops.approval import Record, agreed, recorded
from pgops.db.callers_connection import refuse_other_place
from pgops.db.working_session import Standing, another, refuse_read_only, refuse_standby, refuse_transaction_pooler
from pgops.errors import StaleProposalError, StatementFailedError
from pgops.scripting.asking import load_everything
from pgops.scripting.failures import ENDS_TRANSACTION, IN_TRANSACTION, LOCK_TIMEOUT, failed, head_of
from pgops.scripting.proposing import EACH, ONE, SqlProgress
from pgops.scripting.results import plain_row
from pgops.scripting.saving import APPLIED
from pgops.scripting.sessions import local_settings, refuse_no_time, session_like, transaction_like
from pgops.scripting.sources import hash_of_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.approval import Approval, Keep
    from pgops.scripting.proposing import SqlProposal
    from pgops.sql.script import Statement

APPLICATION = "pgops sql"
RETURNED_ROWS = 1_000
"""So many rows of each statement are kept in the record."""
_IDLE = psycopg.pq.TransactionStatus.IDLE


def carry_out(
    proposal: SqlProposal,
    conn: psycopg.Connection[Any],
    *,
    approval: Approval | None,
    lock_timeout_s: float | None,
    timeout_s: float | None,
    on_progress: Callable[[SqlProgress], object] | None,
    record: Keep | None,
) -> Record:
    """See `SqlProposal.apply`."""
    refuse_no_time(lock_timeout_s=lock_timeout_s, timeout_s=timeout_s)
    approval = agreed(proposal, approval)
    began = dt.datetime.now(dt.UTC)
    standing = _refuse_stale(proposal, conn)
    with _session(proposal, conn, standing, lock_timeout_s=lock_timeout_s, timeout_s=timeout_s) as session:
        load_everything(session)
        work = _Work(proposal, session, on_progress)
        details = work.every_statement()
        if proposal.mode == ONE:
            work.commit()
        elif session.info.transaction_status != _IDLE:  # a procedure or DO that began one
            session.execute("ROLLBACK")
            raise StatementFailedError(f"{proposal.title}: it left a transaction open, which was rolled back.")
    return recorded(
        proposal,
        approval,
        began=began,
        outcome=APPLIED,
        details={"mode": proposal.mode, "statements": details, "with_password": proposal.with_password},
        keep=record,
    )


def _refuse_stale(proposal: SqlProposal, conn: psycopg.Connection[Any]) -> Standing:
    refuse_other_place(proposal, conn)
    standing, proposed = Standing.of(conn), proposal.parameters.get("search_path")
    if standing.search_path != proposed:
        raise StaleProposalError(
            f"{proposal.title}: names would be looked for elsewhere: the search path was {proposed} when this was "
            f"proposed, and is {standing.search_path}.",
            cure="Set it as it was, or propose it anew and look again.",
        )
    path = proposal.source.path
    now = hash_of_file(path) if path is not None else proposal.source.sha256
    if now != proposal.source.sha256:
        became = "has changed" if now is not None else "is gone, or can't be read any more,"
        raise StaleProposalError(
            f"{path} {became} since this was proposed: {proposal.title}.", cure="Propose it anew and look again."
        )
    return standing


@contextmanager
def _session(
    proposal: SqlProposal,
    conn: psycopg.Connection[Any],
    standing: Standing,
    *,
    lock_timeout_s: float | None,
    timeout_s: float | None,
) -> Iterator[psycopg.Connection[Any]]:
    """A session that may write, set as the proposal needs it; in its one transaction, if it is one."""
    with ExitStack() as closing:
        if not proposal.keeps_session:
            session = closing.enter_context(session_like(conn, application=APPLICATION))
            refuse_standby(session)
            closing.enter_context(
                transaction_like(session, standing, read_only=False, timeout_s=timeout_s, lock_s=lock_timeout_s)
            )
            yield session
            return
        # Before anything is set for a session: behind a transaction pooler it would stay set for others.
        with session_like(conn, application=APPLICATION) as one, session_like(conn, application=APPLICATION) as other:
            refuse_transaction_pooler(one, other)
        session = closing.enter_context(another(conn, application=APPLICATION))
        refuse_read_only(session)
        if proposal.mode == ONE:
            closing.enter_context(
                transaction_like(session, standing, read_only=False, timeout_s=timeout_s, lock_s=lock_timeout_s)
            )
        else:
            settings = local_settings(session, standing, timeout_s=timeout_s, lock_s=lock_timeout_s)
            for name, value in settings.items():
                session.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])
        yield session


class _Work:
    """The statements of a proposal on one session."""

    def __init__(
        self,
        proposal: SqlProposal,
        session: psycopg.Connection[Any],
        on_progress: Callable[[SqlProgress], object] | None,
    ) -> None:
        self.proposal = proposal
        self.session = session
        self.on_progress = on_progress

    def every_statement(self) -> list[dict[str, Any]]:
        """Carry them out in order, up to the first error."""
        details = []
        for number, statement in enumerate(self.proposal.script, 1):
            place = self.proposal.source.place(statement.line)
            if self.on_progress is not None:
                of = len(self.proposal.script)
                self.on_progress(SqlProgress(number=number, of=of, place=place, head=head_of(statement)))
            try:
                details.append({"place": place, **self._one(statement)})
            except psycopg.Error as error:
                raise self._failed(statement, number, error) from error
        return details

    def commit(self) -> None:
        try:
            cursor = self.session.execute("COMMIT")
        except psycopg.Error as error:
            words = error.diag.message_primary or str(error).strip()
            lost = self.session.closed
            what = "it could not be committed, and was rolled back"
            if lost:
                what = "the connection was lost while it was committed, and nobody has said whether it was"
            raise StatementFailedError(
                f"{self.proposal.title}: {what}: {words}.",
                sqlstate=error.sqlstate,
                cure="Look in the database before you try again." if lost else "",
            ) from error
        if cursor.statusmessage != "COMMIT":
            raise StatementFailedError(f"{self.proposal.title}: it was rolled back instead of committed.")

    def _one(self, statement: Statement) -> dict[str, Any]:
        began = time.monotonic()
        cursor = self.session.execute(statement.text.encode())
        said: dict[str, Any] = {"tag": cursor.statusmessage or ""}
        if cursor.description is not None:
            rows = cursor.fetchmany(RETURNED_ROWS)
            said["columns"] = [each.name for each in cursor.description]
            said["returned"] = [plain_row(tuple(row)) for row in rows]
            said["truncated"] = cursor.rowcount > len(rows)
        return said | {"rows": max(cursor.rowcount, 0), "seconds": time.monotonic() - began}

    def _failed(self, statement: Statement, number: int, error: psycopg.Error) -> StatementFailedError:
        return failed(self.proposal.source, statement, number, error, kept=self._kept(number), cure=self._cure(error))

    def _kept(self, number: int) -> str:
        if self.proposal.mode == ONE:
            return "All of it was rolled back."
        before = f"statements 1 to {number - 1} are" if number > 2 else "statement 1 is"
        if self.proposal.mode == EACH:
            return f"What was done before stays: {before} committed." if number > 1 else "Nothing was done before it."
        return "What the script had committed stays, its open transaction was rolled back."

    def _cure(self, error: psycopg.Error) -> str:
        if self.session.closed:
            return "The connection was lost; look in the database before you try again."
        if error.sqlstate in {IN_TRANSACTION, ENDS_TRANSACTION} and self.proposal.mode == ONE:
            return "It allows no transaction around it: propose_sql(..., in_transaction=False), or --no-transaction."
        if error.sqlstate == LOCK_TIMEOUT:
            return "Another session holds it; try again, or wait longer with lock_timeout_s, or --lock-timeout."
        return ""
