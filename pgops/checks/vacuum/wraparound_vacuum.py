"""Autovacuum is at work against wraparound.

When a table's oldest transaction id or multixact reaches autovacuum_freeze_max_age (for multixacts
autovacuum_multixact_freeze_max_age) autovacuum vacuums it whatever the settings say. Unlike any other autovacuum this
one does not give way: ALTER TABLE, CREATE INDEX and LOCK wait until it has ended, and so does everybody behind them.
Cancelled, it begins anew. Let it run.

INFO where one runs. A WARNING where somebody waits for it: cancel the waiting DDL rather than the vacuum. CRITICAL
where the table is past vacuum_failsafe_age (vacuum_multixact_failsafe_age): the failsafe has set in then, VACUUM goes
without cost limit and leaves out the indexes, which take a VACUUM of their own afterwards. `vacuum.table_xid_age` says
what holds the horizon back.

Of tables in other databases the age is not known here. A false alarm on a table that is hardly ever written: it comes
once in 200 million transactions, and that is normal.

Manual: section 24.1.5, "Preventing Transaction ID Wraparound Failures".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    pid: int
    database: str | None
    schema: str | None
    table: str
    """Where it is of another database, what pg_stat_activity says."""
    running_s: float
    waiting: int
    """Sessions that wait for a lock of this table."""
    failsafe: bool | None
    """Whether the table is past the failsafe's age; None in another database."""
    xid_age: int | None
    phase: str | None
    scanned_pct: float | None


SQL = """
WITH worker AS MATERIALIZED (
  SELECT a.pid,
         a.datname::text AS database,
         a.query,
         EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS running_s,
         p.relid,
         p.phase,
         p.heap_blks_total,
         p.heap_blks_scanned,
         a.datname = pg_catalog.current_database() AS here
    FROM pg_catalog.pg_stat_activity AS a
    LEFT JOIN pg_catalog.pg_stat_progress_vacuum AS p ON p.pid = a.pid
   WHERE a.backend_type = 'autovacuum worker'
     AND a.query LIKE 'autovacuum: %%(to prevent wraparound)'
)
SELECT w.pid,
       w.database,
       n.nspname::text AS schema,
       COALESCE(c.relname::text,
                pg_catalog.substring(w.query, '^autovacuum: VACUUM (?:ANALYZE )?(.*) [(]to prevent wraparound[)]$'),
                w.query) AS "table",
       COALESCE(w.running_s, 0)::float8 AS running_s,
       (SELECT pg_catalog.count(*)::int
          FROM pg_catalog.pg_locks AS l
         WHERE l.relation = w.relid
           AND NOT l.granted
           AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = w.database)) AS waiting,
       CASE WHEN c.oid IS NOT NULL
            THEN pg_catalog.age(c.relfrozenxid)
                   > GREATEST(pg_catalog.current_setting('vacuum_failsafe_age')::int,
                              1.05 * pg_catalog.current_setting('autovacuum_freeze_max_age')::int)
              OR pg_catalog.mxid_age(NULLIF(c.relminmxid, '0'::xid))
                   > GREATEST(pg_catalog.current_setting('vacuum_multixact_failsafe_age')::int,
                              1.05 * pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::int) END
         AS failsafe,
       pg_catalog.age(c.relfrozenxid)  AS xid_age,
       w.phase::text                   AS phase,
       100 * w.heap_blks_scanned::float8 / NULLIF(w.heap_blks_total, 0) AS scanned_pct
  FROM worker AS w
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = w.relid AND w.here
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 ORDER BY w.running_s DESC NULLS LAST, w.pid
"""


def _severity(row: Row, _: object) -> Severity:
    if row.failsafe:
        return Severity.CRITICAL
    return Severity.WARNING if row.waiting else Severity.INFO


def _message(row: Row, _: object) -> str:
    from pgops.render.quantities import duration, percent  # noqa: PLC0415  only findings pay for it

    where = f" in {row.database}" if row.schema is None else ""
    said = [f"Autovacuum has been at work against wraparound{where} for {duration(row.running_s)}"]
    if row.phase is not None and row.scanned_pct is not None:
        said.append(f" ({row.phase}, {percent(row.scanned_pct)} scanned)")
    if row.waiting:
        waiting = "1 session waits" if row.waiting == 1 else f"{row.waiting} sessions wait"
        said.append(f"; {waiting} for the table, and it does not give way: cancel what waits, and try again later")
    if row.failsafe:
        said.append(
            f"; at {row.xid_age:,} transactions the failsafe has set in, so it leaves out the indexes. Let it finish"
        )
    return "".join(said) + "."


CHECK = Check(
    id="vacuum.wraparound_vacuum",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message=_message,
        details=("pid", "database", "running_s", "waiting", "failsafe", "xid_age", "phase", "scanned_pct"),
    ),
    queries=[Query(since=14, sql=SQL)],
    requires=Requires(role="pg_read_all_stats"),
    scope=Scope.CLUSTER,
    standby=False,
)
