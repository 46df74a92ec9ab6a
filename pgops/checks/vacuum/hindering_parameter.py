"""Table whose storage parameters keep VACUUM from its work.

`vacuum_index_cleanup = off` makes every VACUUM leave the index entries of dead rows, and the line pointers that they
point to, where they are: the table and its indexes grow for ever. It is meant for one urgent VACUUM
(`VACUUM (INDEX_CLEANUP off)`), not for good. WARNING.

A vacuum trigger that a table of this size reaches only after more dead rows than live ones, by a threshold or scale
factor of its own, is autovacuum turned off by another name: INFO, from `min_rows` on.

`vacuum_truncate = off` keeps VACUUM from giving empty pages at the end of the file back, for which it takes a short
ACCESS EXCLUSIVE lock. That is wise where standbys or readers suffer from that lock, and is not reported.

Manual: CREATE TABLE, "Storage Parameters".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    toast: bool
    materialized: bool
    rows: int
    index_cleanup_off: bool
    trigger_rows: float | None
    """By the table's own parameters; None where it has none."""
    own_threshold: bool
    own_scale_factor: bool


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(10_000, unit="rows", doc="Leave out smaller tables where the vacuum trigger is concerned.")


SQL = """
WITH parametered AS MATERIALIZED (
  SELECT c.oid,
         c.relkind,
         GREATEST(c.reltuples, 0)::float8 AS tuples,
         own.parameter
    FROM pg_catalog.pg_class AS c
   CROSS JOIN LATERAL (
         SELECT pg_catalog.jsonb_object_agg(o.option_name, o.option_value) AS parameter
           FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
          WHERE o.option_name IN ('vacuum_index_cleanup', 'autovacuum_vacuum_threshold',
                                  'autovacuum_vacuum_scale_factor')) AS own
   WHERE c.relkind IN ('r', 'm', 't')
     AND c.relpersistence <> 't'
     AND c.reloptions IS NOT NULL
     AND own.parameter IS NOT NULL
), of_table AS (
  SELECT p.*, p.oid AS table_oid
    FROM parametered AS p
   WHERE p.relkind <> 't'
   UNION ALL
  SELECT p.*, t.oid
    FROM parametered AS p
    JOIN pg_catalog.pg_class AS t ON t.reltoastrelid = p.oid
   WHERE p.relkind = 't'
)
SELECT n.nspname::text    AS schema,
       t.relname::text    AS "table",
       p.relkind = 't'    AS toast,
       t.relkind = 'm'    AS materialized,
       p.tuples::bigint   AS rows,
       -- on, off or auto; kept as it was written
       COALESCE(pg_catalog.lower(p.parameter ->> 'vacuum_index_cleanup') IN ('off', 'false', 'no', '0', 'of', 'f', 'n',
                                                                             'fa', 'fal', 'fals'), FALSE)
                          AS index_cleanup_off,
       CASE WHEN p.parameter ?| ARRAY['autovacuum_vacuum_threshold', 'autovacuum_vacuum_scale_factor']
            THEN LEAST(COALESCE(p.parameter ->> 'autovacuum_vacuum_threshold',
                                pg_catalog.current_setting('autovacuum_vacuum_threshold'))::float8
                         + COALESCE(p.parameter ->> 'autovacuum_vacuum_scale_factor',
                                    pg_catalog.current_setting('autovacuum_vacuum_scale_factor'))::float8 * p.tuples,
                       NULLIF(pg_catalog.current_setting('autovacuum_vacuum_max_threshold', TRUE)::float8, -1)) END
                          AS trigger_rows,
       p.parameter ? 'autovacuum_vacuum_threshold'    AS own_threshold,
       p.parameter ? 'autovacuum_vacuum_scale_factor' AS own_scale_factor
  FROM of_table AS p
  JOIN pg_catalog.pg_class AS t ON t.oid = p.table_oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY p.tuples DESC, n.nspname, t.relname, toast
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        what = "its TOAST table" if row.toast else "it"
        if row.index_cleanup_off:
            yield Finding(
                Severity.WARNING,
                _target(row, "vacuum_index_cleanup"),
                f"vacuum_index_cleanup is off for {what}: VACUUM never removes dead entries from its indexes, nor the "
                "line pointers they point to, and both grow for ever.",
                _reset(row, "vacuum_index_cleanup"),
            )
        if row.trigger_rows is None or row.rows < seen.limits_for(row).min_rows or row.trigger_rows < row.rows:
            continue
        own = (
            (row.own_threshold, "autovacuum_vacuum_threshold"),
            (row.own_scale_factor, "autovacuum_vacuum_scale_factor"),
        )
        names = [name for is_own, name in own if is_own]
        yield Finding(
            Severity.INFO,
            _target(row, "autovacuum_vacuum_threshold"),
            f"By its own {' and '.join(names)} autovacuum vacuums {what} only after {row.trigger_rows:,.0f} dead rows, "
            f"and there are {row.rows:,} rows in all.",
            _reset(row, *names),
            details={"rows": row.rows, "trigger_rows": row.trigger_rows},
        )


def _reset(row: Row, *names: str) -> str:
    kind = "MATERIALIZED VIEW" if row.materialized else "TABLE"
    prefix = "toast." if row.toast else ""
    listed = ", ".join(f"{prefix}{name}" for name in names)
    return f"ALTER {kind} {Target('table', row.schema, row.table)} RESET ({listed});"


def _target(row: Row, parameter: str) -> Target:
    return Target("table", row.schema, row.table, also=("toast", parameter) if row.toast else (parameter,))


CHECK = Check(
    id="vacuum.hindering_parameter",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=lambda row: Target("table", row.schema, row.table, also=("toast",) if row.toast else ()),
    queries=[Query(since=14, sql=SQL)],
)
