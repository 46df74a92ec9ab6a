"""Carrying an approved migration out: the one call, from the consent to the record."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs
import psycopg

from pgops.approval import Record, agreed, recorded
from pgops.db.callers_connection import refuse_other_place
from pgops.db.working_session import Standing, another
from pgops.errors import StatementFailedError
from pgops.migrations.applying import ledger
from pgops.migrations.applying.events import Progress
from pgops.migrations.applying.sessions import applier_sessions
from pgops.migrations.applying.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pgops.approval import Approval, Keep
    from pgops.migrations.applying.events import OnProgress
    from pgops.migrations.applying.proposing import MigrationProposal
    from pgops.migrations.applying.steps import Applied, Pace


def run(
    proposal: MigrationProposal,
    conn: psycopg.Connection[Any],
    *,
    approval: Approval | None,
    pace: Pace,
    on_progress: OnProgress | None = None,
    record: Keep | None = None,
    connect: Callable[[], psycopg.Connection[Any]] | None = None,
) -> Record:
    """See `MigrationProposal.apply`."""
    approval = agreed(proposal, approval)
    began = dt.datetime.now(dt.UTC)
    refuse_other_place(proposal, conn)
    standing = Standing.of(conn)
    open_session = connect or (lambda: another(conn, application="pgops migrate"))

    def say_waiting(message: str) -> None:
        if on_progress is not None:
            on_progress(Progress(what="waiting", message=message, of=len(proposal.planned)))

    with applier_sessions(open_session, standing, wait_s=pace.wait_s, on_wait=say_waiting) as (changing, keeping):
        work = Work(
            proposal=proposal,
            approval=approval,
            pace=pace,
            on_progress=on_progress,
            changing=changing,
            keeping=keeping,
            standing=standing,
            open_session=open_session,
        )
        try:
            applied = work.carry_out()
            verified = _agreement(keeping, applied)
        except psycopg.Error as error:
            lost = changing.closed or keeping.closed
            what = "the connection was lost" if lost else "the server refused"
            raise StatementFailedError(
                f"{proposal.title}: {what}: {error.diag.message_primary or error}.",
                sqlstate=error.sqlstate,
                cure="What was committed is in pgops.ledger; apply again and it goes on from there.",
            ) from error
    return recorded(
        proposal,
        approval,
        began=began,
        outcome="applied" if applied else "nothing to do",
        details={
            "statements": [attrs.asdict(each) for each in applied],
            "ledger": verified,
        },
        keep=record,
    )


def _agreement(keeping: psycopg.Connection[Any], applied: Sequence[Applied]) -> dict[str, Any]:
    """What the ledger says of the statements that were just applied: it has to be the same."""
    ids = [each.entry for each in applied if each.entry is not None]
    entries = {each.id: each for each in ledger.read_ledger(keeping)}
    states = {str(each): entries[each].state if each in entries else "missing" for each in ids}
    return {"entries": states, "agrees": all(state == ledger.DONE for state in states.values())}
