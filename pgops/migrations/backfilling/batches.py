"""A back-fill, batch by batch: each a transaction that also holds how far it is, so nothing is done twice or left
out.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors as pg

from pgops.approval import Record, agreed, recorded
from pgops.db.callers_connection import as_found, refuse_other_place
from pgops.db.working_session import another
from pgops.errors import BackfillError, StaleProposalError
from pgops.migrations.applying.events import Progress
from pgops.migrations.applying.sessions import APPLIER
from pgops.migrations.backfilling.keys import keyed_table
from pgops.migrations.backfilling.proposing import CREATE_SCHEMA
from pgops.migrations.backfilling.throttle import reason_to_wait
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pgops.approval import Approval, Keep
    from pgops.migrations.applying.events import OnProgress
    from pgops.migrations.backfilling.proposing import BackfillProposal

LOCK_TIMEOUT_MS = 2000
AIM_S = 1.0
"""How long a batch should take: longer ones are made smaller, short ones larger again up to what was agreed."""
MAKING = APPLIER + 2
"""The advisory lock under which the table of positions is made, for an instant."""
SETTINGS = {"row_security": "off", "DateStyle": "ISO", "IntervalStyle": "postgres", "extra_float_digits": "3"}
"""What a session of ours is set to: a policy that would hide rows is an error, and a position reads the same in each
run. DateStyle keeps the role's order of day and month.
"""
_LOOK_AGAIN_S = 1.0
_MOST_REFUSALS = 20


def run(
    proposal: BackfillProposal,
    conn: psycopg.Connection[Any],
    *,
    approval: Approval | None,
    on_progress: OnProgress | None,
    record: Keep | None,
    connect: Callable[[], psycopg.Connection[Any]] | None,
) -> Record:
    """See `BackfillProposal.apply`."""
    approval = agreed(proposal, approval)
    began = dt.datetime.now(dt.UTC)
    refuse_other_place(proposal, conn)
    _refuse_other_table(proposal, conn)
    with (connect or (lambda: another(conn, application="pgops backfill")))() as session:
        if session.autocommit is False:
            session.autocommit = True
        fill = _Fill(proposal, session, approval, on_progress)
        with _in_words(proposal, session):
            fill.prepare()
            fill.fill()
            details = fill.result()
    return recorded(
        proposal,
        approval,
        began=began,
        outcome="filled" if details["ended"] and details["answer"] != "false" else "incomplete",
        details=details,
        keep=record,
    )


def _refuse_other_table(proposal: BackfillProposal, conn: psycopg.Connection[Any]) -> None:
    with as_found(conn):
        now = keyed_table(conn, proposal.table.name.sql)
    if (now.oid, now.key) != (proposal.table.oid, proposal.table.key):
        raise StaleProposalError(f"{proposal.title}: the table or its key is another now.", cure="Propose it anew.")


@contextmanager
def _in_words(proposal: BackfillProposal, session: psycopg.Connection[Any]) -> Iterator[None]:
    """What the server refuses, as a `BackfillError` with its words."""
    try:
        yield
    except psycopg.Error as error:
        what, cure = error.diag.message_primary or str(error), "What was filled before stays filled."
        if session.closed:
            what, cure = "the connection was lost", "Apply again: it goes on from there."
        elif isinstance(error, pg.InsufficientPrivilege):
            cure = (
                "Do it as the owner or a role that may; where policies would hide rows (row_security is off, so that"
                " none is left out) it has to have BYPASSRLS."
            )
        raise BackfillError(f"{proposal.title}: {what} ({error.sqlstate}).", cure=cure) from error


class _Fill:
    def __init__(
        self,
        proposal: BackfillProposal,
        session: psycopg.Connection[Any],
        approval: Approval,
        on_progress: OnProgress | None,
    ) -> None:
        self.proposal = proposal
        self.session = session
        self.approval = approval
        self.on_progress = on_progress
        self.size = proposal.batch
        self.rows = 0
        self.batches = 0
        self.waited_s = 0.0
        self.key = proposal.table.key

    def prepare(self) -> None:
        """The session's settings, the table of positions where it is not there, and this back-fill's row in it."""
        for name, value in SETTINGS.items():
            self.session.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])
        hides = self.session.execute(
            "SELECT pg_catalog.row_security_active(%s::oid)", [self.proposal.table.oid]
        ).fetchone()
        if hides is not None and hides[0]:
            raise BackfillError(
                f"{self.proposal.title}: policies of the table would hide rows, which would be left out.",
                cure="Do it as a role with BYPASSRLS, or as the owner of a table without FORCE ROW LEVEL SECURITY.",
            )
        if self.proposal.makes_table:
            with self.session.transaction():
                # Somebody else's first back-fill may be making it at this moment.
                self.session.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", [MAKING])
                table, schema = self.session.execute(
                    "SELECT pg_catalog.to_regclass('pgops.backfill'), pg_catalog.to_regnamespace('pgops')"
                ).fetchone() or (None, None)
                for statement in self.proposal.statements[:-1] if table is None else ():
                    if statement != CREATE_SCHEMA or schema is None:
                        self.session.execute(statement.encode())
        self.session.execute(
            "INSERT INTO pgops.backfill (sha256, relation, assignments, condition, approved_by)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (sha256) DO UPDATE"
            " SET position = CASE WHEN pgops.backfill.ended_at IS NULL THEN pgops.backfill.position END,"
            "     rows = CASE WHEN pgops.backfill.ended_at IS NULL THEN pgops.backfill.rows ELSE 0 END,"
            "     batches = CASE WHEN pgops.backfill.ended_at IS NULL THEN pgops.backfill.batches ELSE 0 END,"
            "     approved_by = EXCLUDED.approved_by, applied_by = session_user, ended_at = NULL",
            [
                self.proposal.identity,
                self.proposal.table.name.sql,
                self.proposal.assignments,
                self.proposal.condition,
                self.approval.by,
            ],
        )

    def fill(self) -> None:
        refusals = 0
        while True:
            self._wait()
            began = time.monotonic()
            try:
                goes_on = self._batch()
            except (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure) as error:
                refusals += 1
                if refusals >= _MOST_REFUSALS:
                    raise BackfillError(
                        f"{self.proposal.title}: a row stayed locked: {error.diag.message_primary}.",
                        cure="See who holds it (locks.waiting), then apply again: it goes on from there.",
                    ) from error
                self.size = max(1, self.size // 4)
                self._tell(f"a row is locked, again with {self.size:,} rows")
                time.sleep(min(10.0, 0.2 * 2**refusals) * random.uniform(0.5, 1.5))  # noqa: S311  jitter
                continue
            refusals = 0
            self._adapt(time.monotonic() - began)
            if not goes_on:
                return

    def _batch(self) -> bool:
        """One batch; False when there are no more rows."""
        name, key, condition = self.proposal.table.name.sql, self.key, self.proposal.condition
        with self.session.transaction():
            self.session.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}".encode())
            row = self.session.execute(
                "SELECT position, ended_at IS NOT NULL FROM pgops.backfill WHERE sha256 = %s FOR UPDATE",
                [self.proposal.identity],
            ).fetchone()
            position, ended = row if row is not None else (None, True)
            if ended:  # another run has done the last batch meanwhile
                return False
            after = f"{_plain(key.sql)} > {key.parameters}" if position is not None else "true"
            texts = ", ".join(f"{_plain(Name(each).sql)}::text" for each in key.columns)
            # Up to which key: rows are counted whatever the condition says, so a batch never reads far.
            last = self.session.execute(
                f"SELECT ARRAY[{texts}] FROM {_plain(name)} WHERE {after} ORDER BY {_plain(key.order)}"
                f" OFFSET {self.size - 1} LIMIT 1".encode(),
                position or [],
            ).fetchone()
            self._refuse_another_table()
            until = f" AND {_plain(key.sql)} <= {key.parameters}" if last is not None else ""
            where = f" AND ({_plain(condition)}\n)" if condition is not None else ""
            cursor = self.session.execute(
                f"UPDATE {_plain(name)} SET {_plain(self.proposal.assignments)}\n WHERE {after}{until}{where}".encode(),
                [*(position or ()), *(last[0] if last is not None else ())],
            )
            self.session.execute(
                "UPDATE pgops.backfill SET position = COALESCE(%s, position), rows = rows + %s, batches = batches + 1,"
                " ended_at = CASE WHEN %s THEN NULL ELSE pg_catalog.clock_timestamp() END WHERE sha256 = %s",
                [last[0] if last is not None else None, cursor.rowcount, last is not None, self.proposal.identity],
            )
        self.rows += max(0, cursor.rowcount)
        self.batches += 1
        self._tell(f"{self.rows:,} rows in {self.batches:,} batches")
        return last is not None

    def _refuse_another_table(self) -> None:
        """In the batch's transaction, after its first question: the lock that this has taken forbids a RENAME."""
        table = self.proposal.table
        row = self.session.execute("SELECT pg_catalog.to_regclass(%s)::oid::bigint", [table.name.sql]).fetchone()
        if row is None or row[0] != table.oid:
            raise BackfillError(
                f"{self.proposal.title}: {table.name} is another table now.",
                cure="Everything before this batch is done, in the one that had the name. Propose it anew.",
            )

    def _wait(self) -> None:
        told = None
        while True:
            reason = reason_to_wait(self.session, self.proposal.throttle)
            if reason is None:
                return
            if reason != told:
                self._tell(f"waiting: {reason}")
                told = reason
            time.sleep(_LOOK_AGAIN_S)
            self.waited_s += _LOOK_AGAIN_S

    def _adapt(self, seconds: float) -> None:
        if seconds > 2 * AIM_S:
            self.size = max(1, self.size // 2)
        elif seconds < AIM_S / 2:
            self.size = min(self.proposal.batch, self.size * 2)

    def result(self) -> dict[str, Any]:
        """How it ended, with the catalogue question that shows it: is a row left that should have been filled?"""
        row = self.session.execute(
            "SELECT rows, batches, ended_at IS NOT NULL FROM pgops.backfill WHERE sha256 = %s", [self.proposal.identity]
        ).fetchone() or (0, 0, False)
        question, answer = None, None
        if self.proposal.condition is not None:
            question = f"SELECT NOT EXISTS (SELECT FROM {self.proposal.table.name} WHERE {self.proposal.condition}\n)"
            try:
                with self.session.transaction():
                    self.session.execute("SET LOCAL statement_timeout = '60s'")
                    asked = self.session.execute(question.encode()).fetchone()
                answer = str(asked[0]).lower() if asked is not None else None
            except pg.QueryCanceled:
                answer = "not answered in 60 s"
        return {
            "rows": row[0],
            "batches": row[1],
            "ended": row[2],
            "rows_of_this_run": self.rows,
            "batches_of_this_run": self.batches,
            "waited_s": self.waited_s,
            "question": question,
            "answer": answer,
        }

    def _tell(self, message: str) -> None:
        if self.on_progress is not None:
            total = max(self.proposal.table.rows, 1)
            share = min(1.0, self.batches * self.proposal.batch / total)
            self.on_progress(Progress(what="batch", message=message, finished=self.rows, share=share))


def _plain(text: str) -> str:
    """SQL that stands beside parameters: psycopg reads a percent sign as the beginning of one."""
    return text.replace("%", "%%")
