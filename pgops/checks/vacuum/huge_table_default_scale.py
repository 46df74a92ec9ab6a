"""Very large table whose vacuum trigger is the server's.

autovacuum_vacuum_scale_factor is a share: by default a fifth of the rows may be dead before autovacuum comes. That is
right for small tables. Of a thousand million rows it is two hundred million dead ones, and the VACUUM that comes at
last takes hours. Such tables need a trigger of their own. PostgreSQL 18 has autovacuum_vacuum_max_threshold, which
bounds the trigger for all tables, by default at a hundred million; it counts here.

INFO where a table without a trigger of its own is vacuumed only after `max_trigger_rows` dead rows, WARNING from ten
times that. It is a false alarm for a table that is only inserted into, for then dead rows never come to it. The remedy
lowers the table's share so that half of the limit is the trigger, until it grows again.

Manual: section 24.1.6, "The Autovacuum Daemon"; CREATE TABLE, "Storage Parameters".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    materialized: bool
    rows: int
    scale_factor: float
    trigger_rows: float
    """So many rows have to be dead before autovacuum comes."""
    dead_rows: int


@attrs.frozen(kw_only=True)
class Limits:
    max_trigger_rows: int = limit(2_000_000, unit="rows", doc="The most dead rows that autovacuum should wait for.")


SQL = """
SELECT n.nspname::text AS schema,
       k.relname::text AS "table",
       k.relkind = 'm' AS materialized,
       k.tuples::bigint AS rows,
       k.scale         AS scale_factor,
       k.trigger_rows,
       pg_catalog.pg_stat_get_dead_tuples(k.oid) AS dead_rows
  FROM (SELECT c.oid,
               c.relname,
               c.relnamespace,
               c.relkind,
               c.reloptions,
               c.reltuples::float8 AS tuples,
               server.scale,
               LEAST(server.base + server.scale * c.reltuples::float8, server.most) AS trigger_rows
          FROM pg_catalog.pg_class AS c
         CROSS JOIN (SELECT pg_catalog.current_setting('autovacuum_vacuum_threshold')::float8 AS base,
                            pg_catalog.current_setting('autovacuum_vacuum_scale_factor')::float8 AS scale,
                            -- From PostgreSQL 18; -1 is no bound, and LEAST passes over NULL.
                            NULLIF(pg_catalog.current_setting('autovacuum_vacuum_max_threshold', TRUE)::float8, -1)
                              AS most
                    OFFSET 0) AS server  -- asked once, not for every table
         WHERE c.relkind IN ('r', 'm')
           AND c.relpersistence <> 't'
           AND c.reltuples > 0) AS k
  JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace
 WHERE k.trigger_rows >= %(max_trigger_rows)s::float8
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_options_to_table(k.reloptions) AS o
                    WHERE o.option_name IN ('autovacuum_enabled', 'autovacuum_vacuum_threshold',
                                            'autovacuum_vacuum_scale_factor', 'autovacuum_vacuum_max_threshold'))
 ORDER BY k.trigger_rows DESC, n.nspname, k.relname
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.trigger_rows < limits.max_trigger_rows:
        return None
    return Severity.WARNING if row.trigger_rows >= 10 * limits.max_trigger_rows else Severity.INFO


def _fix(row: Row, limits: Limits) -> str:
    kind = "MATERIALIZED VIEW" if row.materialized else "TABLE"
    share = f"{limits.max_trigger_rows / 2 / row.rows:.6f}".rstrip("0")
    name = Target("table", row.schema, row.table)
    return f"ALTER {kind} {name} SET (autovacuum_vacuum_scale_factor = {share}0);"


CHECK = Check(
    id="vacuum.huge_table_default_scale",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message=lambda row, _: (
            f"The table has {row.rows:,} rows and no vacuum trigger of its own: by the server's autovacuum comes only "
            f"after {row.trigger_rows:,.0f} dead rows (now there are {row.dead_rows:,})."
        ),
        fix=_fix,
        details=("rows", "scale_factor", "trigger_rows", "dead_rows"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
