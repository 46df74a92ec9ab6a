"""Table with many dead rows.

UPDATE and DELETE leave dead rows behind until VACUUM makes their space free again. Too many of them make scans and
index lookups slower, and the table grows, which a plain VACUUM does not undo. The usual causes are autovacuum turned
off, too seldom for a large table (its trigger is a fifth of the rows) or too slow, and an old transaction, replication
slot or prepared transaction that still might see the rows: then VACUUM runs and removes nothing.

It is a false alarm right after a mass change which autovacuum is about to clean up, and for a queue table that is
emptied all the time. Below `min_dead_rows` nothing is said. The numbers are estimates of the statistics; a crash or a
reset sets them to zero until the next ANALYZE. TOAST tables are vacuumed with their table and are counted by
`vacuum.overdue`.

Manual: section 24.1.2, "Recovering Disk Space".
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    live_rows: int
    dead_rows: int
    dead_pct: float
    last_vacuum: datetime | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(20.0, unit="%", doc="A warning from this share of dead rows on.")
    min_dead_rows: int = limit(10_000, unit="rows", doc="Leave out tables with fewer dead rows.")


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       s.live          AS live_rows,
       s.dead          AS dead_rows,
       100 * s.dead::float8 / (s.live + s.dead) AS dead_pct,
       GREATEST(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)) AS last_vacuum
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
                            pg_catalog.pg_stat_get_dead_tuples(c.oid) AS dead) AS s
 WHERE c.relkind IN ('r', 'm')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND s.dead >= GREATEST(%(min_dead_rows)s::bigint, 1)
 ORDER BY s.dead DESC, n.nspname, c.relname
"""

_by_share = by("dead_pct", warning="warn_pct")


def _message(row: Row, _: Limits) -> str:
    from pgops.render.quantities import percent, timestamp  # noqa: PLC0415  only findings pay for it

    when = f"the last VACUUM ended {timestamp(row.last_vacuum)}" if row.last_vacuum else "no VACUUM is known"
    return f"{row.dead_rows:,} of {row.live_rows + row.dead_rows:,} rows are dead ({percent(row.dead_pct)}); {when}."


CHECK = Check(
    id="vacuum.dead_tuples",
    aliases=("dead_tuples",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=lambda row, limits: _by_share(row, limits) if row.dead_rows >= limits.min_dead_rows else None,
        target=lambda row: Target("table", row.schema, row.table),
        message=_message,
        fix="VACUUM {target};",
        details=("live_rows", "dead_rows", "dead_pct"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,
)
