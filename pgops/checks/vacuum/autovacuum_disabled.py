"""Table with autovacuum turned off.

The storage parameter `autovacuum_enabled = off` keeps autovacuum away from a table, from its ANALYZE too; only against
wraparound it comes all the same. Mostly it was set for one mass load and forgotten: dead rows pile up and plans get
worse. `toast.autovacuum_enabled` does it for the table's TOAST table alone.

WARNING; INFO where somebody vacuumed it by hand within `manual_days` (then a job seems to care) or where it is empty.
It is a false alarm for a table that is loaded once and never changes, and for a queue that its own job vacuums.
`vacuum.autovacuum_off` looks at the server's setting.

Manual: CREATE TABLE, "Storage Parameters".
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
    toast: bool
    """Whether it is turned off for the TOAST table alone."""
    materialized: bool
    live_rows: int
    dead_rows: int
    manual_s: float | None
    """How long ago it was vacuumed by hand."""


@attrs.frozen(kw_only=True)
class Limits:
    manual_days: float = limit(7.0, unit="days", doc="INFO where it was vacuumed by hand within these days.")


SQL = """
WITH disabled AS MATERIALIZED (
  SELECT c.oid, c.relkind
    FROM pg_catalog.pg_class AS c
   WHERE c.relkind IN ('r', 'm', 't')
     AND c.relpersistence <> 't'
     AND c.reloptions IS NOT NULL
     AND EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
                  WHERE o.option_name = 'autovacuum_enabled'
                    AND NOT o.option_value::bool)
), of_table AS (
  SELECT d.oid, d.relkind, d.oid AS table_oid
    FROM disabled AS d
   WHERE d.relkind <> 't'
   UNION ALL
  SELECT d.oid, d.relkind, t.oid
    FROM disabled AS d
    JOIN pg_catalog.pg_class AS t ON t.reltoastrelid = d.oid
   WHERE d.relkind = 't'
     AND t.oid NOT IN (SELECT o.oid FROM disabled AS o)  -- with its table it is one matter
)
SELECT n.nspname::text   AS schema,
       t.relname::text   AS "table",
       d.relkind = 't'   AS toast,
       t.relkind = 'm'   AS materialized,
       pg_catalog.pg_stat_get_live_tuples(d.oid) AS live_rows,
       pg_catalog.pg_stat_get_dead_tuples(d.oid) AS dead_rows,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()
                          - pg_catalog.pg_stat_get_last_vacuum_time(d.oid))::float8 AS manual_s
  FROM of_table AS d
  JOIN pg_catalog.pg_class AS t ON t.oid = d.table_oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY pg_catalog.pg_stat_get_dead_tuples(d.oid) DESC, n.nspname, t.relname
"""


def _by_hand(row: Row, limits: Limits) -> bool:
    return row.manual_s is not None and row.manual_s <= limits.manual_days * 86_400


def _severity(row: Row, limits: Limits) -> Severity:
    harmless = _by_hand(row, limits) or row.live_rows + row.dead_rows == 0
    return Severity.INFO if harmless else Severity.WARNING


def _message(row: Row, limits: Limits) -> str:
    from pgops.render.quantities import duration  # noqa: PLC0415  only findings pay for it

    what = "its TOAST table" if row.toast else "it"
    held = f"Autovacuum is turned off for {what}, which holds {row.live_rows:,} rows and {row.dead_rows:,} dead ones"
    if _by_hand(row, limits):
        return f"{held}; it was vacuumed by hand {duration(row.manual_s or 0.0)} ago, so somebody else may care for it."
    return f"{held}; nobody vacuumed it by hand in the last {limits.manual_days:g} days."


def _fix(row: Row, _: Limits) -> str:
    kind = "MATERIALIZED VIEW" if row.materialized else "TABLE"
    prefix = "toast." if row.toast else ""
    return f"ALTER {kind} {Target('table', row.schema, row.table)} RESET ({prefix}autovacuum_enabled);"


CHECK = Check(
    id="vacuum.autovacuum_disabled",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table, also=("toast",) if row.toast else ()),
        message=_message,
        fix=_fix,
        details=("toast", "live_rows", "dead_rows", "manual_s"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,
)
