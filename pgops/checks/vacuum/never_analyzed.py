"""Table that was never analysed.

Without statistics the planner guesses: how many rows there are, how many fit a condition. Its plans are then right by
luck only. Autovacuum analyses a table soon after its first rows, so one that has many and was never analysed shows that
autovacuum is off, can't keep up, or lost its counters. After pg_upgrade (before PostgreSQL 18) no table has statistics
until `vacuumdb --all --analyze-in-stages` has run, nor after pg_restore into a server without autovacuum.

Autovacuum never analyses a partitioned table as a whole: it needs an ANALYZE of its own after loading and then from
time to time, or queries over several partitions are planned without statistics. That is INFO; a table is a WARNING.

A new table has never been vacuumed or analysed, and the catalogue says so; that outlasts crashes and resets. How large
such a table is nobody has counted yet: of up to `measure` the file is looked at, those that somebody keeps locked are
not. Where a VACUUM or an index has written the number of rows, it counts whether there are statistics, which the role
may see only with SELECT on the table. A false alarm for a minute or two after a load, until autovacuum has been there.

Manual: section 24.1.3, "Updating Planner Statistics"; section 24.1.6, "The Autovacuum Daemon".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Loosest, Query, Seen, limit
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    partitioned: bool
    rows: int | None
    """By the statistics or the catalogue; None where nobody knows."""
    table_bytes: int | None
    """Of a table whose rows nobody counted; None where it was not looked at."""
    known: bool
    """Whether it is known that there are no statistics."""
    partitions: int


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(1_000, unit="rows", doc="Leave out smaller tables.")
    min_bytes: int = limit(131_072, unit="bytes", doc="Leave out smaller tables where nobody has counted rows.")
    measure: int = limit(
        500, unit="tables", doc="Of how many uncounted tables the file is looked at.", loosest=Loosest.HIGHEST
    )


SQL = """
WITH busy AS MATERIALIZED (
  SELECT l.relation
    FROM pg_catalog.pg_locks AS l
   WHERE l.mode = 'AccessExclusiveLock'  -- a look at the file would wait for it
     AND l.locktype = 'relation'
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
     AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
), candidate AS MATERIALIZED (
  SELECT k.*, n.nspname
    FROM (SELECT c.oid,
                 c.relname,
                 c.relnamespace,
                 c.relkind,
                 c.reltuples,
                 c.relrowsecurity,
                 CASE WHEN c.relkind <> 'p' THEN pg_catalog.pg_stat_get_live_tuples(c.oid) END AS live
            FROM pg_catalog.pg_class AS c
           WHERE c.relkind IN ('r', 'm', 'p')
             AND c.relpersistence <> 't'
             AND (c.reltuples < 0 OR (c.relkind <> 'p' AND c.reltuples >= %(min_rows)s::bigint))
             -- not NULL: it was analysed, and reltuples is -1 since a TRUNCATE
             AND (c.relkind = 'p'
                  OR (pg_catalog.pg_stat_get_last_analyze_time(c.oid) IS NULL
                      AND pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid) IS NULL))
          OFFSET 0) AS k
    JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace
   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
), looked_at AS MATERIALIZED (
  SELECT u.oid, pg_catalog.pg_relation_size(u.oid, 'main') AS bytes
    FROM (SELECT k.oid
            FROM candidate AS k
           WHERE k.relkind <> 'p'
             AND k.reltuples < 0
             AND k.live = 0
             AND k.oid NOT IN (SELECT b.relation FROM busy AS b)
           ORDER BY k.oid
           LIMIT %(measure)s::int) AS u
), parent AS MATERIALIZED (
  SELECT k.oid,
         pg_catalog.count(*) AS partitions,
         pg_catalog.sum(GREATEST(p.reltuples, pg_catalog.pg_stat_get_live_tuples(p.oid), 0))::bigint AS rows
    FROM candidate AS k
    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = k.oid
    JOIN pg_catalog.pg_class AS p ON p.oid = h.inhrelid
   WHERE k.relkind = 'p'
   GROUP BY k.oid
), described AS (
  SELECT k.*,
         s.bytes,
         p.partitions,
         COALESCE(p.rows, CASE WHEN k.reltuples > 0 THEN GREATEST(k.reltuples, k.live)::bigint
                               ELSE NULLIF(k.live, 0) END) AS rows
    FROM candidate AS k
    LEFT JOIN looked_at AS s ON s.oid = k.oid
    LEFT JOIN parent AS p ON p.oid = k.oid
)
SELECT d.nspname::text             AS schema,
       d.relname::text             AS "table",
       d.relkind = 'p'             AS partitioned,
       d.rows,
       d.bytes                     AS table_bytes,
       d.reltuples < 0
         OR (pg_catalog.has_table_privilege(d.oid, 'SELECT')
             AND NOT (d.relrowsecurity AND pg_catalog.row_security_active(d.oid))) AS known,
       COALESCE(d.partitions, 0)   AS partitions
  FROM described AS d
 WHERE (d.rows >= %(min_rows)s::bigint OR d.bytes >= %(min_bytes)s::bigint)
   -- There may be statistics, though a crash made the server forget when they came.
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stats AS w
                    WHERE w.schemaname = d.nspname AND w.tablename = d.relname)
 ORDER BY d.rows DESC NULLS LAST, d.bytes DESC NULLS LAST, d.nspname, d.relname
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.rows is not None and row.rows < limits.min_rows:
            continue
        if row.rows is None and (row.table_bytes or 0) < limits.min_bytes:
            continue
        if not row.known:
            cure = f"GRANT SELECT ON {target} TO {quote_identifier(seen.server.user)};"
            yield Unseen(target, "whether it has statistics is not seen without SELECT on it", cure)
            continue
        size = f"{row.rows:,} rows" if row.rows is not None else pretty("table_bytes", row.table_bytes)
        if row.partitioned:
            parts = "1 partition" if row.partitions == 1 else f"{row.partitions:,} partitions"
            message = (
                f"The partitioned table of {size} in {parts} was never analysed as a whole, "
                "and autovacuum never does it: queries over several partitions are planned without statistics."
            )
        else:
            message = f"The table of {size} was never analysed: the planner knows nothing of what is in it."
        severity = Severity.INFO if row.partitioned else Severity.WARNING
        yield Finding(
            severity, target, message, f"ANALYZE {target};", details={"rows": row.rows, "table_bytes": row.table_bytes}
        )


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="vacuum.never_analyzed",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    standby=False,
    known_as=("check_postgres: last_analyze", "check_pgactivity: last_analyze"),
)
