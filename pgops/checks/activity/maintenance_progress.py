"""What maintenance is running, and how far it is.

One row for each VACUUM, ANALYZE, CREATE INDEX or REINDEX, CLUSTER or VACUUM FULL, COPY and base backup that runs now on
the server, by its progress view. `done_pct` is of the phase that it is in, where that can be counted: a VACUUM that
scans the heap at 90 % may have indexes and further rounds before it.

Manual: section 27.4, "Progress Reporting".
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, NoLimits, Query, Scope
from pgops.checks.sessions import SEES_SESSIONS


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    what: str
    database: str | None
    relation: str | None
    """Its name in this database, its oid as a number in another."""
    phase: str
    done: int
    total: int
    done_pct: float | None
    running_s: float | None
    user: str | None


SQL: LiteralString = """
WITH progress AS (
  SELECT v.pid, CASE WHEN a.backend_type = 'autovacuum worker' THEN 'autovacuum' ELSE 'VACUUM' END AS what,
         v.datname, v.datid, v.relid, v.phase,
         CASE WHEN v.phase = 'vacuuming heap' THEN v.heap_blks_vacuumed ELSE v.heap_blks_scanned END AS done,
         v.heap_blks_total AS total
    FROM pg_catalog.pg_stat_progress_vacuum AS v
    LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = v.pid
   UNION ALL
  SELECT z.pid, 'ANALYZE', z.datname, z.datid, z.relid, z.phase, z.sample_blks_scanned, z.sample_blks_total
    FROM pg_catalog.pg_stat_progress_analyze AS z
   UNION ALL
  SELECT i.pid, i.command, i.datname, i.datid, i.relid, i.phase,
         CASE WHEN i.tuples_total > 0 THEN i.tuples_done ELSE i.blocks_done END,
         CASE WHEN i.tuples_total > 0 THEN i.tuples_total ELSE i.blocks_total END
    FROM pg_catalog.pg_stat_progress_create_index AS i
   UNION ALL
  SELECT c.pid, c.command, c.datname, c.datid, c.relid, c.phase, c.heap_blks_scanned, c.heap_blks_total
    FROM pg_catalog.pg_stat_progress_cluster AS c
   UNION ALL
  SELECT y.pid, y.command, y.datname, y.datid, y.relid, y.type, y.bytes_processed, y.bytes_total
    FROM pg_catalog.pg_stat_progress_copy AS y
   UNION ALL
  SELECT b.pid, 'base backup', NULL, NULL, NULL, b.phase, b.backup_streamed, b.backup_total
    FROM pg_catalog.pg_stat_progress_basebackup AS b
)
SELECT p.pid,
       p.what,
       p.datname::text                                                         AS database,
       COALESCE(CASE WHEN p.datname = pg_catalog.current_database()
                     THEN n.nspname || '.' || c.relname END, NULLIF(p.relid::bigint, 0)::text) AS relation,
       p.phase,
       COALESCE(p.done, 0)                                                     AS done,
       COALESCE(p.total, 0)                                                    AS total,
       LEAST(100.0, 100.0 * p.done / NULLIF(p.total, 0))::float8               AS done_pct,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.query_start)::float8 AS running_s,
       a.usename::text                                                         AS "user"
  FROM progress AS p
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = p.pid
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = p.relid AND p.datname = pg_catalog.current_database()
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 ORDER BY running_s DESC NULLS LAST, p.pid
"""

CHECK: Check[Row, NoLimits] = Check(
    id="activity.maintenance_progress",
    aliases=("maintenance_progress",),
    doc=__doc__,
    row=Row,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=SEES_SESSIONS,
)
