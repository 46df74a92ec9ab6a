"""EXPLAIN ANALYZE of what may have effects, as a proposal: it would be carried out for real, and rolled back.

A rollback takes back what was written in the database and nothing else: sequences stay advanced, locks are held until
it comes, and functions may reach outside. All of that is said before anybody agrees.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import attrs
import psycopg
from psycopg.adapt import PyFormat, Transformer

from pgops.approval import Keep, Proposal, Record, agreed, recorded
from pgops.db.callers_connection import as_found, refuse_other_place, refuse_unfit
from pgops.db.identity import database_identity
from pgops.db.working_session import another
from pgops.errors import ExplainError, MissingExtraError, NotApprovedError, StaleProposalError
from pgops.query_plan.asking import explain_analyzed, refuse_timeout
from pgops.query_plan.reading import read_plan
from pgops.query_plan.safety import Verdict, judge, read_statements
from pgops.query_plan.statement import statement_of
from pgops.query_plan.volatile_catalogue import NOT_UNDONE

if TYPE_CHECKING:
    from pgops.approval import Approval
    from pgops.query_plan.plan import QueryPlan
    from pgops.query_plan.statement import Parameters, Sql

KIND = "sql explain analyze"


@attrs.frozen(kw_only=True)
class AnalyzeProposal(Proposal):
    """What EXPLAIN ANALYZE of one statement would carry out on one database. `propose_analyze` makes one.

    `statements` has the one statement as it is sent, the caller's parameters in it; where they are those of `$1`, they
    stand in `parameters`, as they are bound: with their types and the bytes. What was found out stands there, too.
    """

    verdict: Verdict
    """What was found out about it."""
    values: tuple[Any, ...] | None = attrs.field(default=None, repr=False)
    """Of `$1` and so on, as they are bound."""

    def apply(self, conn: psycopg.Connection[Any], *, approval: Approval | None, record: Keep | None = None) -> Record:
        """Carry it out in a session of its own, opened like `conn`, and roll it back; `plan_of` the record is the plan.

        `conn` says where and is left as it is; its SETs do not hold in the other session. Everything is rolled back
        also where it fails, runs into its time limit, or is ended by Ctrl-C. What the statement calls and sets off is
        looked up again first.

        Raises `NotApprovedError` without an approval of this very proposal, or where `values` or `verdict` have been
        exchanged; `StaleProposalError` where `conn` is another database or role, or where the statement would call or
        fire something else by now; `WrongConnectionError` inside a transaction, whose locks would be waited for; and
        `ExplainError` with the server's words.
        """
        approval = agreed(self, approval)
        began = dt.datetime.now(dt.UTC)
        refuse_other_place(self, conn)
        with another(conn, application="pgops explain") as session:
            self._refuse_what_differs(session)
            self._refuse_what_changed(session)
            plan = explain_analyzed(
                session, self.statements[0], self.values, read_only=False, timeout_s=self.parameters["timeout_s"]
            )
        return recorded(
            self,
            approval,
            began=began,
            outcome="carried out and rolled back",
            details={"plan": plan.to_plain(), "seconds": plan.execution_s},
            keep=record,
        )

    def _refuse_what_differs(self, session: psycopg.Connection[Any]) -> None:
        """`values` and `verdict` are no part of the digest; what they come to is."""
        try:
            now = _parameters(session, self.values, self.verdict, self.parameters["timeout_s"])
        except psycopg.Error as error:
            raise ExplainError(
                f"{self.title}: a session of its own can't send the parameters: {error}",
                cure="Register the type's dumper in psycopg.adapters, or hand in the value as text.",
            ) from error
        if now != self.parameters:
            raise NotApprovedError(
                f"{self.title}: what would be bound to it, or what is said about it, is not what was agreed.",
                cure="Propose it anew and look again; dumpers that only your connection has are not used here.",
            )

    def _refuse_what_changed(self, session: psycopg.Connection[Any]) -> None:
        """Asked in the session that will do it, where temporary tables of the caller's are none, or others."""
        now = judge(session, self.statements[0])
        new = sorted(_said(now) - _said(self.verdict))
        if new:
            raise StaleProposalError(
                f"{self.title}: in a session of its own, now: {'; '.join(new)}.",
                cure="Propose it anew and look again. Temporary tables are those of one session.",
            )


def propose_analyze(
    conn: psycopg.Connection[Any], sql: Sql, params: Parameters | None = None, *, timeout_s: float = 60.0
) -> AnalyzeProposal:
    """What EXPLAIN ANALYZE of `sql` would do, in full; nothing is carried out.

    `params` are psycopg's. `timeout_s` is the statement's limit in seconds. Raises `ExplainError` where the text is no
    single statement that EXPLAIN takes (PostgreSQL 18 manual, EXPLAIN), or its parameters are missing or can't be sent,
    and `ValueError` for a limit that is none.
    """
    refuse_timeout(timeout_s)
    refuse_unfit(conn)
    statement = statement_of(conn, sql, params, written_out=True)
    if statement.is_open:
        raise ExplainError("The statement has $1 open, so it can't be run.", cure="Hand in params=[...].")
    _refuse_without_plan(statement.text)
    verdict = judge(conn, statement.text)
    with as_found(conn):
        target = database_identity(conn)
    values = None if statement.parameters is None else tuple(statement.parameters)
    try:
        parameters = _parameters(conn, values, verdict, float(timeout_s))
    except psycopg.Error as error:
        raise ExplainError(f"The parameters can't be sent: {error}") from error
    shown = {f"${number}": repr(value) for number, value in enumerate(values or (), 1)}
    return AnalyzeProposal(
        kind=KIND,
        title=f"EXPLAIN ANALYZE on {target['database']}: carry out one statement and roll it back",
        statements=(statement.text,),
        target=target,
        parameters=parameters,
        effects=tuple(_effects(verdict, shown)),
        risks=tuple(_risks(verdict, timeout_s)),
        verdict=verdict,
        values=values,
    )


def plan_of(record: Record) -> QueryPlan:
    """The plan that an applied `AnalyzeProposal` measured. Raises `PlanFormatError` where the record is another's."""
    return read_plan(json.dumps(record.details.get("plan")))


def _parameters(
    conn: psycopg.Connection[Any], values: tuple[Any, ...] | None, verdict: Verdict, timeout_s: float
) -> dict[str, Any]:
    """All that decides the outcome beside the statement: the values as `conn` would bind them, and what was found."""
    transformer = Transformer(conn)
    sent = transformer.dump_sequence(values or (), [PyFormat.AUTO] * len(values or ()))
    bound = {
        f"${number}": {
            "value": repr(value),
            "type": kind,
            "format": form.name.lower(),
            "bytes": None if data is None else bytes(data).hex(),
        }
        for number, (value, data, kind, form) in enumerate(
            zip(values or (), sent, transformer.types or (), transformer.formats or (), strict=True), 1
        )
    }
    return {"timeout_s": timeout_s, **bound, "found": sorted(_said(verdict))}


def _said(verdict: Verdict) -> set[str]:
    return {*verdict.reasons, *verdict.writes, *verdict.sequences}


def _refuse_without_plan(text: str) -> None:
    try:
        read = read_statements(text)
    except MissingExtraError:
        return  # the verdict says so
    from pgops.query_plan.names_used import has_plan  # noqa: PLC0415  needs an extra

    if isinstance(read, str):
        return  # perhaps a newer server's words; it will say
    if len(read) != 1:
        raise ExplainError(f"These are {len(read)} statements.", cure="Explain one at a time.")
    if not has_plan(read[0]):
        kind = read[0].WhichOneof("node").removesuffix("_stmt").replace("_", " ").upper()
        raise ExplainError(f"{kind} has no plan, or none that another session could carry out.")


def _effects(verdict: Verdict, shown: dict[str, str]) -> list[str]:
    effects = ["the statement is really carried out, in a session of its own, and rolled back"]
    effects += [f"{name} is {value}" for name, value in shown.items()]
    effects += [f"until the rollback: {each}" for each in verdict.writes]
    effects += [f"fires {each}" for each in verdict.triggers]
    effects += [f"may call {each}" for each in verdict.volatile]
    return effects


def _risks(verdict: Verdict, timeout_s: float) -> list[str]:
    risks = []
    if verdict.writes or verdict.locks_rows:
        rows = "changed" if verdict.writes else "read"
        risks.append(f"the rows {rows} stay locked until the rollback, for up to {timeout_s:g} s")
    if verdict.writes:
        risks.append(
            "ROW EXCLUSIVE is held meanwhile on each table that is written, and dead rows are left for VACUUM: "
            + ", ".join(dict.fromkeys(each.split(" (")[0].split(" ", 2)[2] for each in verdict.writes))
        )
    risks += [f"sequence {each} stays advanced after the rollback" for each in verdict.sequences]
    for each in verdict.volatile:
        schema, _, name = each.split("(")[0].partition(".")
        if schema != "pg_catalog":
            risks.append(f"{each} may do what no rollback takes back: other servers, files, messages")
        elif name in NOT_UNDONE:
            risks.append(f"{each}: {NOT_UNDONE[name]}")
    if verdict.triggers:
        risks.append("triggers may do what no rollback takes back: other servers, files, messages, sequences")
    risks += [f"not resolved: {each}" for each in verdict.unresolved]
    return risks
