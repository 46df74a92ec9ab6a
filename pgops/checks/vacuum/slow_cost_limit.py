"""Autovacuum is held so slow that it can't get through the database.

Autovacuum pauses: after work of autovacuum_vacuum_cost_limit (or vacuum_cost_limit) it sleeps for
autovacuum_vacuum_cost_delay, and all workers share that budget. Left at values for the disks of long ago (20 ms and
200, the defaults before PostgreSQL 12) it may not read more than a few megabytes a second, and a large database is not
vacuumed once in a week: tables bloat, and wraparound comes nearer.

From the settings follows how long reading every table once would take at least, if each page came from disk, with
writing left out. INFO from `info_days` on, WARNING from `warn_days`. What VACUUM may skip by the visibility map makes
it faster, what it writes and the indexes make it slower, hence the confidence. Tables with cost parameters of their own
are not told apart. Sizes are those of the last VACUUM or ANALYZE, of this database alone.

Manual: section 19.10, "Vacuuming", "Cost-based Vacuum Delay".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    tables_bytes: int
    cost_limit: int
    cost_delay_ms: float
    page_miss_cost: int
    read_bytes_per_s: float | None
    """None where there is no delay."""
    pass_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    info_days: float = limit(3.0, unit="days", doc="INFO where one pass over all tables takes so long.")
    warn_days: float = limit(10.0, unit="days", doc="A WARNING where one pass over all tables takes so long.")


SQL = """
SELECT s.bytes             AS tables_bytes,
       k.cost_limit,
       k.cost_delay_ms,
       k.page_miss_cost,
       r.read_bytes_per_s,
       s.bytes / r.read_bytes_per_s AS pass_s
  FROM (SELECT pg_catalog.sum(c.relpages::bigint & 4294967295)::bigint
               * pg_catalog.current_setting('block_size')::bigint AS bytes
          FROM pg_catalog.pg_class AS c
         WHERE c.relkind IN ('r', 'm', 't')) AS s
 CROSS JOIN (
       -- -1 in autovacuum's settings: the one of VACUUM by hand
       SELECT COALESCE(NULLIF(pg_catalog.max(p.setting) FILTER (WHERE p.name = 'autovacuum_vacuum_cost_limit')::int,
                              -1),
                       pg_catalog.max(p.setting) FILTER (WHERE p.name = 'vacuum_cost_limit')::int) AS cost_limit,
              COALESCE(NULLIF(pg_catalog.max(p.setting) FILTER (WHERE p.name = 'autovacuum_vacuum_cost_delay')::float8,
                              -1),
                       pg_catalog.max(p.setting) FILTER (WHERE p.name = 'vacuum_cost_delay')::float8) AS cost_delay_ms,
              pg_catalog.max(p.setting) FILTER (WHERE p.name = 'vacuum_cost_page_miss')::int AS page_miss_cost
         FROM pg_catalog.pg_settings AS p
        WHERE p.name IN ('autovacuum_vacuum_cost_limit', 'vacuum_cost_limit', 'autovacuum_vacuum_cost_delay',
                         'vacuum_cost_delay', 'vacuum_cost_page_miss')) AS k
 CROSS JOIN LATERAL (
       SELECT k.cost_limit::float8 / NULLIF(k.page_miss_cost, 0) / (NULLIF(k.cost_delay_ms, 0) / 1000)
              * pg_catalog.current_setting('block_size')::int AS read_bytes_per_s) AS r
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    days = (row.pass_s or 0.0) / 86_400
    if days < min(limits.info_days, limits.warn_days):
        return None
    return Severity.WARNING if days >= limits.warn_days else Severity.INFO


CHECK = Check(
    id="vacuum.slow_cost_limit",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda _: Target("setting", None, "autovacuum_vacuum_cost_limit"),
        message="By its cost limit ({cost_limit} each {cost_delay_ms}) autovacuum reads at most {read_bytes_per_s}, so "
        "one pass over the {tables_bytes} of this database's tables takes {pass_s} at least. Raise "
        "autovacuum_vacuum_cost_limit, or lower autovacuum_vacuum_cost_delay.",
        confidence=lambda _: 0.6,
        details=("tables_bytes", "cost_limit", "cost_delay_ms", "read_bytes_per_s", "pass_s"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,
)
