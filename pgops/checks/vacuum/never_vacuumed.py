"""Table that was never vacuumed.

Each table that is written needs VACUUM: for the space of dead rows, for the visibility map, and to freeze old rows. By
its settings autovacuum comes soon after the first thousands of rows, inserted ones too. A table of `min_rows` or more
where it never was shows that autovacuum is off, too slow, or cancelled again and again.

When a table was vacuumed is kept with the counters, which a crash or a reset loses. So the visibility map counts too:
as long as none of its pages is set no VACUUM did its work, whatever was forgotten. Nor did it where an old transaction,
a slot or a prepared transaction holds it back (`vacuum.table_xid_age` names it). That is why `confidence` is below 1.

A false alarm for some minutes after a load, and in a database whose autovacuum is off while it is being filled.

Manual: section 24.1, "Routine Vacuuming".
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
    live_rows: int
    dead_rows: int
    inserted_rows: int
    """Since it was made, or since counters began."""
    autovacuum: bool


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(10_000, unit="rows", doc="Leave out tables with fewer rows, dead ones included.")


SQL = """
SELECT n.nspname::text AS schema,
       k.relname::text AS "table",
       k.live          AS live_rows,
       k.dead          AS dead_rows,
       pg_catalog.pg_stat_get_ins_since_vacuum(k.oid) AS inserted_rows,
       pg_catalog.current_setting('autovacuum')::bool
           AND pg_catalog.current_setting('track_counts')::bool
           AND COALESCE((SELECT o.option_value::bool
                           FROM pg_catalog.pg_options_to_table(k.reloptions) AS o
                          WHERE o.option_name = 'autovacuum_enabled'), TRUE) AS autovacuum
  FROM (SELECT c.oid,
               c.relname,
               c.relnamespace,
               c.reloptions,
               pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
               pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead
          FROM pg_catalog.pg_class AS c
         WHERE c.relkind IN ('r', 'm')
           AND c.relpersistence <> 't'
           AND c.relallvisible = 0
        OFFSET 0) AS k
  JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace
 WHERE k.live + k.dead >= %(min_rows)s::bigint
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND pg_catalog.pg_stat_get_last_vacuum_time(k.oid) IS NULL
   AND pg_catalog.pg_stat_get_last_autovacuum_time(k.oid) IS NULL
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_stat_progress_vacuum AS p
                    WHERE p.relid = k.oid
                      AND p.datname = pg_catalog.current_database())
 ORDER BY k.live + k.dead DESC, n.nspname, k.relname
"""


def _message(row: Row, _: Limits) -> str:
    off = "" if row.autovacuum else "; autovacuum is turned off for it"
    return f"The table of {row.live_rows:,} rows, and {row.dead_rows:,} dead ones, was never vacuumed{off}."


CHECK = Check(
    id="vacuum.never_vacuumed",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=lambda row, limits: Severity.WARNING if row.live_rows + row.dead_rows >= limits.min_rows else None,
        target=lambda row: Target("table", row.schema, row.table),
        message=_message,
        fix="VACUUM {target};",
        confidence=lambda _: 0.9,
        details=("live_rows", "dead_rows", "inserted_rows", "autovacuum"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,
    known_as=("check_postgres: last_vacuum", "check_pgactivity: last_vacuum"),
)
