"""Table that is bloated, as measured.

What `tables.estimated_bloat` estimates, measured with the extension pgstattuple: the space of dead rows and the free
space of each page, less what fillfactor wants to be free. WARNING from `warn_pct` on, INFO from `info_pct`, and only
where at least `min_wasted_bytes` are wasted.

pgstattuple_approx reads every page that is not all visible and estimates the rest by the free space map, so this
check reads users' tables, as a scan does, and runs only when it is asked for by name. It looks at the `top` largest
tables and TOAST tables. It would wait behind whoever keeps a table locked (ACCESS EXCLUSIVE): such a table is not
judged.

It is a false alarm where the space is about to be used again: a queue, or a table that is loaded and emptied in turns.
VACUUM FULL and CLUSTER lock out everybody while they rewrite the table; pg_repack and pg_squeeze do it beside the work.

Manual: appendix F, "pgstattuple"; section 24.1.2, "Recovering Disk Space".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Requires, Seen, limit
from pgops.checks.relations import LOCKED
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    toast: bool
    table_bytes: int | None
    """None where somebody keeps it locked."""
    dead_bytes: int | None
    free_bytes: int | None
    reserved_bytes: int | None
    """What fillfactor leaves free on purpose."""

    @property
    def wasted_bytes(self) -> int:
        return max((self.dead_bytes or 0) + (self.free_bytes or 0) - (self.reserved_bytes or 0), 0)

    @property
    def wasted_pct(self) -> float:
        return 100.0 * self.wasted_bytes / self.table_bytes if self.table_bytes else 0.0


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(30.0, unit="%", doc="INFO where this share of the table is free or dead.")
    warn_pct: float = limit(50.0, unit="%", doc="A WARNING where this share of the table is free or dead.")
    min_wasted_bytes: int = limit(5_242_880, unit="bytes", doc="Say nothing where less is free or dead.")
    top: int = limit(50, unit="tables", doc="How many to read, the largest first.")


SQL = """
WITH busy AS MATERIALIZED (
  <locked>
), candidate AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.relpages, c.reloptions, c.oid IN (SELECT b.relation FROM busy AS b) AS busy
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'm', 't')
     AND c.relpersistence <> 't'
     AND (n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          OR EXISTS (SELECT FROM pg_catalog.pg_class AS o
                      WHERE o.reltoastrelid = c.oid AND o.relnamespace <> 'pg_catalog'::regnamespace))
), sized AS MATERIALIZED (
  SELECT k.*,
         -- relpages may be of long ago
         CASE WHEN k.busy THEN k.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint)
              ELSE pg_catalog.pg_relation_size(k.oid, 'main') END AS bytes
    FROM candidate AS k
), largest AS MATERIALIZED (
  SELECT s.*
    FROM sized AS s
   WHERE s.bytes >= %(min_wasted_bytes)s::bigint
   ORDER BY s.bytes DESC, s.oid
   LIMIT %(top)s::int
), measured AS MATERIALIZED (
  SELECT g.oid, m.table_len, m.dead_tuple_len, m.approx_free_space
    FROM (SELECT x.oid FROM largest AS x WHERE NOT x.busy OFFSET 0) AS g
   CROSS JOIN LATERAL <<pgstattuple>>.pgstattuple_approx(g.oid::regclass) AS m
)
SELECT n.nspname::text                   AS schema,
       t.relname::text                   AS "table",
       g.relkind = 't'                   AS toast,
       m.table_len                       AS table_bytes,
       m.dead_tuple_len                  AS dead_bytes,
       m.approx_free_space::bigint       AS free_bytes,
       (m.table_len * (100 - COALESCE((SELECT o.option_value::int
                                         FROM pg_catalog.pg_options_to_table(g.reloptions) AS o
                                        WHERE o.option_name = 'fillfactor'), 100)) / 100)::bigint AS reserved_bytes
  FROM largest AS g
  LEFT JOIN measured AS m ON m.oid = g.oid
  JOIN pg_catalog.pg_class AS t ON t.oid = CASE WHEN g.relkind <> 't' THEN g.oid
                                                ELSE (SELECT o.oid FROM pg_catalog.pg_class AS o
                                                       WHERE o.reltoastrelid = g.oid) END
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 ORDER BY m.dead_tuple_len + m.approx_free_space DESC NULLS FIRST, n.nspname, t.relname, toast
""".replace("<locked>", LOCKED)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.table_bytes is None:
            yield Unseen(target, "somebody keeps it locked", "Ask again when the lock is gone.")
            continue
        if row.wasted_bytes < limits.min_wasted_bytes or row.wasted_pct < min(limits.info_pct, limits.warn_pct):
            continue
        what = "TOAST table" if row.toast else "table"
        yield Finding(
            Severity.WARNING if row.wasted_pct >= limits.warn_pct else Severity.INFO,
            target,
            f"{pretty('wasted_bytes', row.wasted_bytes)} of the {what}'s {pretty('table_bytes', row.table_bytes)} "
            f"({pretty('wasted_pct', row.wasted_pct)}) are free or hold dead rows. VACUUM FULL would give them back, "
            "and locks the table meanwhile; pg_repack does not.",
            details={
                "toast": row.toast,
                "table_bytes": row.table_bytes,
                "dead_bytes": row.dead_bytes,
                "free_bytes": row.free_bytes,
            },
        )


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table, also=("toast",) if row.toast else ())


CHECK = Check(
    id="tables.measured_bloat",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, extension=("pgstattuple", "1.5"), sql=SQL)],
    requires=Requires(role="pg_stat_scan_tables", extension="pgstattuple"),
    opt_in=True,
)
