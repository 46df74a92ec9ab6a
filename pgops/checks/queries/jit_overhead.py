"""Statement that spends its time on JIT compilation.

JIT compiles parts of a plan whose estimated cost is above jit_above_cost. That pays for queries that take seconds;
where the cost was overestimated, or the plan has hundreds of partitions, compiling takes longer than running, at each
call anew.

INFO where a statement spent at least `min_share_pct` of its execution time, and `min_ms_per_call` each call, on
compiling. Raise jit_above_cost for the role or the server, or set `jit = off` where queries are short. Counted since
version 1.10 of the extension (PostgreSQL 15), from which on it is known. It is a false alarm where the statement is
seldom and long.

Manual: chapter "Just-in-Time Compilation (JIT)"; appendix F, "pg_stat_statements".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, limit
from pgops.checks.judging import each_row
from pgops.checks.queries._statements import (
    FROM,
    NAMES,
    READS_STATEMENTS,
    TEXT,
    Statement,
    StatementLimits,
    asked_by_version,
    query_target,
    shortened,
    since,
)
from pgops.findings import Severity, quote_identifier
from pgops.render.quantities import pretty


@attrs.frozen(kw_only=True)
class Row(Statement):
    mean_ms: float
    jit_ms_per_call: float
    jit_pct: float


@attrs.frozen(kw_only=True)
class Limits(StatementLimits):
    min_share_pct: float = limit(20.0, unit="%", doc="From this share of the execution time on.")
    min_ms_per_call: float = limit(10.0, unit="ms", doc="Leave out what takes less for each call.")


JIT_MS = "(s.jit_generation_time + s.jit_inlining_time + s.jit_optimization_time + s.jit_emission_time)"

SQL = f"""
SELECT {NAMES}
       s.mean_exec_time  AS mean_ms,
       {JIT_MS} / s.calls    AS jit_ms_per_call,
       100 * {JIT_MS} / s.total_exec_time AS jit_pct,
       {TEXT}
  {FROM}
   AND s.calls > 0
   AND s.total_exec_time > 0
   AND {JIT_MS} >= s.calls * %(min_ms_per_call)s::float8
   AND 100 * {JIT_MS} >= s.total_exec_time * %(min_share_pct)s::float8
 ORDER BY {JIT_MS} DESC, s.queryid
 LIMIT %(top)s::int
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    much = row.jit_pct >= limits.min_share_pct and row.jit_ms_per_call >= limits.min_ms_per_call
    return Severity.INFO if much else None


def _message(row: Row, _limits: Limits) -> str:
    share, each, mean = pretty("jit_pct", row.jit_pct), pretty("ms", row.jit_ms_per_call), pretty("ms", row.mean_ms)
    return (
        f"JIT compilation took {share} of its time, {each} of {mean} in each of {row.calls:,} calls{since(row)}: "
        f"{shortened(row.query)}"
    )


def _fix(row: Row, _limits: Limits) -> str:
    return f"ALTER ROLE {quote_identifier(row.user)} SET jit = off;"


CHECK = Check(
    id="queries.jit_overhead",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=query_target,
        message=_message,
        fix=_fix,
        details=("database", "user", "queryid", "calls", "jit_ms_per_call", "jit_pct"),
    ),
    queries=asked_by_version(since=15, v1_10=SQL),
    requires=READS_STATEMENTS,
)
