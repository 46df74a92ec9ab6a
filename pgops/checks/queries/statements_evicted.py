"""Statements evicted from pg_stat_statements.

pg_stat_statements keeps pg_stat_statements.max entries. When they are used up it throws away the 5 % that were called
least, and starts from zero when one of them comes again. Where that goes on all the time, totals and shares are too
small, new slow queries are forgotten before anybody looks, and the evictions themselves cost: all backends wait
meanwhile.

The limits are evictions a day: 20 of them replace as many entries as there are. Common causes are statements that
differ in each call (IN lists of varying length and cursors with numbered names before PostgreSQL 18, savepoints with
such before 17, tables made per job) and many roles or databases with the same statements. It is a false alarm after a
migration or a restore, which run thousands of statements once: `SELECT pg_stat_statements_reset()` opens a new window.

A window shorter than `min_window_s` is not judged.

Manual: appendix F, "pg_stat_statements", the view pg_stat_statements_info (extension version 1.9, PostgreSQL 14).
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    evictions: int
    evictions_per_day: float
    window_s: float
    entries_max: int


@attrs.frozen(kw_only=True)
class Limits:
    warn_per_day: float = limit(20.0, unit="evictions a day", doc="A warning from this rate on.")
    min_window_s: float = limit(3_600.0, unit="s", doc="Do not judge a shorter time since the last reset.")


SQL = """
SELECT i.dealloc                                              AS evictions,
       i.dealloc * 86400 / GREATEST(w.seconds, 1)             AS evictions_per_day,
       w.seconds                                              AS window_s,
       pg_catalog.current_setting('pg_stat_statements.max')::int AS entries_max
  FROM <<pg_stat_statements>>.pg_stat_statements_info AS i
 CROSS JOIN LATERAL (SELECT EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - i.stats_reset)::float8 AS seconds) AS w
"""

_by_rate = by("evictions_per_day", warning="warn_per_day")


def _severity(row: Row, limits: Limits) -> Severity | None:
    return _by_rate(row, limits) if row.evictions and row.window_s >= limits.min_window_s else None


CHECK = Check(
    id="queries.statements_evicted",
    aliases=("pg_stat_statements_evicted",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "pg_stat_statements.max"),
        message="pg_stat_statements has thrown away entries {evictions} times in {window_s}, since it keeps only "
        "{entries_max}: raise pg_stat_statements.max (takes a restart), or find what makes so many statements.",
        fix=lambda row, _: f"ALTER SYSTEM SET pg_stat_statements.max = {min(row.entries_max * 2, 2**30)};",
        details=("evictions", "evictions_per_day", "entries_max"),
    ),
    queries=[Query(since=14, extension=("pg_stat_statements", "1.9"), sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(extension="pg_stat_statements", extension_version="1.9"),
)
