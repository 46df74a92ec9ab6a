"""`pgops.explain`: how the server would carry out a statement, or how it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.db.callers_connection import refuse_unfit
from pgops.errors import ExplainError, NotApprovedError
from pgops.query_plan.asking import GENERIC_SINCE, explain_analyzed, explain_planned, refuse_timeout
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
    """The plan of one statement, asked for in a READ ONLY transaction, or a savepoint in yours, that is rolled back.

    Without `analyze` the statement is not run: plain EXPLAIN. The planner itself, though, runs the functions of
    constants that are declared immutable, and stable ones to estimate, as it does for every EXPLAIN. One that lies
    can't write to the database; what no rollback takes back (a session's advisory lock, what a function does outside)
    is not guaranteed against, so plan nothing that calls functions you don't trust. With `analyze` the statement is
    run, if it is a SELECT in which nothing has effects; anything else raises `NotApprovedError`, and
    `pgops.query_plan.propose_analyze` is the way. What the catalogue says of tables that are read whole is asked, too,
    for the advice. `params` are psycopg's. A text with `$1` and no `params` gets its generic plan (PostgreSQL 16), as
    does `generic=True`. `timeout_s` is the statement's limit in seconds. Works on a standby and in a read-only session.

    Raises `ExplainError` where the text is no single statement that has a plan, with the server's words, or where
    `params` don't fit, and `ValueError` where `timeout_s` is no time above 0. Source:
    PostgreSQL 18 manual, EXPLAIN.
    """
    refuse_unfit(conn)
    refuse_timeout(timeout_s)
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
