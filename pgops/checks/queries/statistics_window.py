"""Statistics of too short or too long a time.

What is unused, slow or large is judged by counters. Where they began yesterday, a report of last month has not run
yet; where they began two years ago, a query that was mended long ago still leads the list, and one that got slow this
week is not to be seen. So the window is part of every answer that rests on it.

INFO where the counters of the database, or of pg_stat_statements where that is installed, began less than `min_days`
ago, and for pg_stat_statements more than `max_days` ago. An old window of the database's own counters does no harm,
since they are read against each other or over time. Counters begin at a reset, and anew after a crash. It is a false
alarm where somebody takes the difference of two snapshots (as pgops' history does).

The remedy for an old window resets pg_stat_statements. For the database's own counters there is none: pg_stat_reset
makes autovacuum forget which tables need it.

Manual: section "The Cumulative Statistics System"; appendix F, "pg_stat_statements", pg_stat_statements_info.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Loosest, Query, limit
from pgops.checks.counting import DAY_S, WINDOW_SQL
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target, quote_identifier
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    counters: str
    """`database` or `pg_stat_statements`."""
    schema: str | None
    """Of the extension."""
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_days: float = limit(7.0, unit="days", doc="A shorter time says little.", loosest=Loosest.HIGHEST)
    max_days: float = limit(180.0, unit="days", doc="A longer time hides what changed.")


_OF_THE_DATABASE: LiteralString = """
SELECT 'database'      AS counters,
       NULL::text      AS schema,
       w.counted_since,
       w.window_s
  FROM (<window>) AS w
""".replace("<window>", WINDOW_SQL)

_OF_STATEMENTS: LiteralString = """
 UNION ALL
SELECT 'pg_stat_statements',
       n.nspname::text,
       i.stats_reset,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - i.stats_reset)::float8
  FROM <<pg_stat_statements>>.pg_stat_statements_info AS i
  JOIN pg_catalog.pg_extension AS e ON e.extname = 'pg_stat_statements'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.window_s is None:
        return None
    days = row.window_s / DAY_S
    old = days > limits.max_days and row.counters == "pg_stat_statements"
    return Severity.INFO if old or days < limits.min_days else None


def _message(row: Row, limits: Limits) -> str:
    whose = "The counters of the database" if row.counters == "database" else "pg_stat_statements"
    verb = "have counted" if row.counters == "database" else "has counted"
    message = f"{whose} {verb} for {pretty('window_s', row.window_s)}"
    if (row.window_s or 0) < limits.min_days * DAY_S:
        return f"{message} only: what runs once a week or a month has not been seen yet."
    return f"{message}: what has changed lately does not show in its totals."


def _fix(row: Row, limits: Limits) -> str | None:
    if row.schema is None or (row.window_s or 0) < limits.min_days * DAY_S:
        return None
    return f"SELECT {quote_identifier(row.schema)}.pg_stat_statements_reset();"


CHECK = Check(
    id="queries.statistics_window",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("statistics", None, row.counters),
        message=_message,
        fix=_fix,
        details=("window_s",),
    ),
    queries=[
        Query(since=14, sql=_OF_THE_DATABASE),
        Query(since=14, extension=("pg_stat_statements", "1.9"), sql=_OF_THE_DATABASE + _OF_STATEMENTS),
    ],
)
