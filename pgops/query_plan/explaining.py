"""`pgops.explain`: how the server would carry out a statement, or how it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.errors import ExplainError, NotApprovedError
from pgops.query_plan.asking import GENERIC_SINCE, explain_analyzed, explain_planned, refuse_unfit
from pgops.query_plan.statement import statement_of

if TYPE_CHECKING:
    import psycopg

    from pgops.query_plan.plan import QueryPlan
    from pgops.query_plan.statement import Parameters, Sql


def explain(
    conn: psycopg.Connection[Any],
    sql: Sql,
    params: Parameters | None = None,
    *,
    analyze: bool = False,
    generic: bool = False,
    timeout_s: float = 60.0,
) -> QueryPlan:
    """The plan of one statement; nothing is changed, and the connection is left as it was.

    Without `analyze` the statement is not run (the planner itself works out immutable functions of constants, in a READ
    ONLY transaction): EXPLAIN with all that the server can say. With it the statement is run in a
    READ ONLY transaction that is rolled back, if it is a SELECT in which nothing has effects; anything else raises
    `NotApprovedError`, and `pgops.query_plan.propose_analyze` is the way. `params` are psycopg's. A text with `$1` and
    no `params` gets its generic plan (PostgreSQL 16), as does `generic=True`. `timeout_s` is the statement's limit in
    seconds. Works on a standby, in a read-only session, and in a transaction of yours (by a savepoint).

    Raises `ExplainError` where the text is no single statement that has a plan, with the server's words. Source:
    PostgreSQL 18 manual, EXPLAIN.
    """
    refuse_unfit(conn)
    if generic and analyze:
        raise ExplainError("A generic plan can't be run.", cure="Leave out generic, or analyze.")
    if analyze:
        return _analyzed(conn, sql, params, timeout_s=timeout_s)
    statement = statement_of(conn, sql, params)
    if generic and params is not None:
        raise ExplainError("A generic plan has no parameters.", cure="Write $1, $2 ... and leave out params.")
    if (statement.is_open or generic) and conn.info.server_version < GENERIC_SINCE:
        raise ExplainError(
            "The statement has $1 open, and generic plans came with PostgreSQL 16.", cure="Hand in params=[...]."
        )
    return explain_planned(conn, statement, generic=statement.is_open or generic, timeout_s=timeout_s)


def _analyzed(conn: psycopg.Connection[Any], sql: Sql, params: Parameters | None, *, timeout_s: float) -> QueryPlan:
    from pgops.query_plan.safety import judge  # noqa: PLC0415  reads the catalogue; planning does without

    # What is judged is what is sent, to the letter: with its parameters in it.
    statement = statement_of(conn, sql, params, written_out=True)
    verdict = judge(conn, statement.text)
    if not verdict.is_safe:
        raise NotApprovedError(
            f"ANALYZE would run the statement, and nobody has approved that: {'; '.join(verdict.reasons)}.",
            cure="pgops.query_plan.propose_analyze(conn, sql) says what it would do, and runs it once approved.",
        )
    if statement.numbered:
        return explain_analyzed(conn, statement.text, statement.parameters, read_only=True, timeout_s=timeout_s)
    return explain_analyzed(conn, statement.text, read_only=True, timeout_s=timeout_s)
