"""A restore from the last look at its target to what is left to do: the program's run, and the sessions around it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import attrs
import psycopg

from pgops.db.working_session import writing_session
from pgops.dump.restoring.ending import advice_after, end_sessions, left_by
from pgops.dump.restoring.messages import Cause, message
from pgops.dump.restoring.target import TargetContents, target_contents
from pgops.dump.restoring.work import OnRestoreProgress, Work
from pgops.errors import RestoreError, StaleProposalError

if TYPE_CHECKING:
    from pgops.dump.restoring.plan import RestorePlan
    from pgops.programs import ChildConnection


def carry_out(
    plan: RestorePlan,
    conn: psycopg.Connection[Any],
    child: ChildConnection,
    *,
    title: str,
    before: TargetContents,
    analyze: bool,
    on_progress: OnRestoreProgress | None,
) -> dict[str, Any]:
    """Restore into what still holds `before`, and give what a record says of it. See `RestoreProposal.apply`."""
    application = f"pgops restore {secrets.token_hex(4)}"
    with writing_session(conn, application="pgops restore") as session:
        now = target_contents(session)
        if now.fingerprint != before.fingerprint:
            raise StaleProposalError(
                f"{title}: the target held {before} when this was proposed, and holds {now} now.",
                cure="Propose it anew, and look again.",
            )
        work = Work(plan, _named(child, application), title, on_progress, total=_announced(plan))
        try:
            work.run()
        except BaseException:
            end_sessions(child, application)
            raise
        if work.problem is not None or work.failures:
            raise _failed(work, left_by(plan, child, application, before=before))
        warnings = [str(each) for each in work.messages if each.severity == "warning"]
        analyzed = False
        if analyze:
            try:
                session.execute("ANALYZE")
                analyzed = True
            except psycopg.Error as error:  # what was restored stands
                warnings.append(f"ANALYZE failed: {error.diag.message_primary or error}")
        advice = list(advice_after(plan, session, analyzed=analyzed))
    return {
        "entries": len(plan.restored),
        "left_out": [str(each) for each in plan.left_out],
        "unknown_settings": list(plan.unknown_settings),
        "single_transaction": plan.single_transaction,
        "program": str(plan.program or plan.psql),
        "warnings": warnings,
        "analyzed": analyzed,
        "advice": advice,
    }


def _named(child: ChildConnection, application: str) -> ChildConnection:
    return attrs.evolve(child, target=child.target.with_(application_name=application))


def _announced(plan: RestorePlan) -> int:
    """How many entries will be said to have begun: pg_restore is silent about statistics."""
    return sum(plan.as_sql or each.kind != "STATISTICS DATA" for each in plan.restored)


def _failed(work: Work, left: str) -> RestoreError:
    failures = work.failures
    if not failures:
        said = "; ".join(work.lines[-3:])
        words = f"{work.problem}{f': {said}' if said else ''}"
        failures = (message(words, cause=Cause.CONNECTION_LOST if "connection" in words else None),)
    # That a worker has died is said before or after why.
    first = next((each for each in failures if each.cause is not Cause.OTHER), failures[0])
    more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    return RestoreError(f"{work.title} failed at {first}{more}. {left}", failures=failures, cure=first.cure)
