"""When each table was last vacuumed and analysed, and what has changed since.

Live and dead rows as the statistics estimate them, rows inserted since the last VACUUM and modified since the last
ANALYZE, and the times and numbers of manual and automatic runs; the tables with most dead rows come first.
`autovacuum` is false where it is turned off, for the table or for the whole server (against wraparound it still runs
then).

The counts are those of the cumulative statistics: a crash or a reset starts them from zero, though the table has been
vacuumed before. The parent of a partitioned table is never vacuumed itself, and analysed only by hand. A standby has
no such statistics, so the listing is skipped there.

Manual: section 27.2, view pg_stat_all_tables; section 24.1, "Routine Vacuuming".
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    kind: str
    live_rows: int
    dead_rows: int
    dead_pct: float | None
    inserted_since_vacuum: int
    modified_since_analyze: int
    last_vacuum: datetime | None
    last_autovacuum: datetime | None
    last_analyze: datetime | None
    last_autoanalyze: datetime | None
    vacuum_count: int
    autovacuum_count: int
    analyze_count: int
    autoanalyze_count: int
    autovacuum: bool


@attrs.frozen(kw_only=True)
class Limits:
    top: int = limit(100, unit="tables", doc="How many to list.")
    schema: str = limit("", unit="name", doc="Only the tables of this schema; empty for all.")


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       CASE c.relkind WHEN 'm' THEN 'materialized view'
                      WHEN 'p' THEN 'partitioned table'
                      ELSE CASE WHEN c.relispartition THEN 'partition' ELSE 'table' END END AS kind,
       s.live                                                     AS live_rows,
       s.dead                                                     AS dead_rows,
       100 * s.dead::float8 / NULLIF(s.live + s.dead, 0)          AS dead_pct,
       pg_catalog.pg_stat_get_ins_since_vacuum(c.oid)             AS inserted_since_vacuum,
       pg_catalog.pg_stat_get_mod_since_analyze(c.oid)            AS modified_since_analyze,
       pg_catalog.pg_stat_get_last_vacuum_time(c.oid)             AS last_vacuum,
       pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)         AS last_autovacuum,
       pg_catalog.pg_stat_get_last_analyze_time(c.oid)            AS last_analyze,
       pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)        AS last_autoanalyze,
       pg_catalog.pg_stat_get_vacuum_count(c.oid)                 AS vacuum_count,
       pg_catalog.pg_stat_get_autovacuum_count(c.oid)             AS autovacuum_count,
       pg_catalog.pg_stat_get_analyze_count(c.oid)                AS analyze_count,
       pg_catalog.pg_stat_get_autoanalyze_count(c.oid)            AS autoanalyze_count,
       pg_catalog.current_setting('autovacuum')::bool
           AND pg_catalog.current_setting('track_counts')::bool
           AND COALESCE((SELECT o.option_value::bool
                           FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
                          WHERE o.option_name = 'autovacuum_enabled'), TRUE) AS autovacuum
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
                            pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead) AS s
 WHERE c.relkind IN ('r', 'm', 'p')
   AND c.relpersistence <> 't'
   AND CASE WHEN %(schema)s::text = '' THEN n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
            ELSE n.nspname = %(schema)s::text END
 ORDER BY s.dead DESC, s.live DESC, n.nspname, c.relname
 LIMIT %(top)s::int
"""

CHECK = Check(
    id="vacuum.table_status",
    aliases=("vacuum_analyze_status",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    queries=[Query(since=14, sql=SQL)],
    standby=False,
    known_as=(
        "check_postgres: last_autovacuum",
        "check_postgres: last_autoanalyze",
        "ruby-pg-extras: vacuum_stats",
    ),
    target=lambda row: Target("table", row.schema, row.table),
)
