"""Table near multixact id wraparound.

The tables with the oldest multixacts: they make the age of the database, see `vacuum.database_multixact_age`. A TOAST
table counts to its table, system catalogues count as any table, and so do temporary tables, which only the session that
made them can vacuum.

Up to autovacuum_multixact_freeze_max_age is normal. A WARNING comes at `warn_ratio` times that, by the table's own
storage parameter where it is lower than the server's, as autovacuum goes by it. Critical is `crit_ratio` times the
server's setting, or vacuum_multixact_failsafe_age if that is less. The remedy does not shorten the file, for which it
would need an ACCESS EXCLUSIVE lock; where it is critical it leaves the indexes alone too.

Manual: section 24.1.5.1, "Multixacts and Wraparound".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Loosest, Metric, Query, Seen, limit
from pgops.checks.vacuum._multixacts import in_words, severity_of
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    toast: bool
    temporary: bool
    multixact_age: int
    freeze_max_age: int
    server_freeze_max_age: int
    failsafe_age: int
    stop_age: int


@attrs.frozen(kw_only=True)
class Limits:
    warn_ratio: float = limit(2.0, unit="x", doc="A WARNING from this many times the freeze age on.")
    crit_ratio: float = limit(4.0, unit="x", doc="Critical from this many times the freeze age on.")
    top: int = limit(20, unit="tables", doc="How many to look at, the oldest first.", loosest=Loosest.HIGHEST)


SQL = """
WITH setting AS (
  SELECT pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::int AS freeze_max_age,
         pg_catalog.current_setting('vacuum_multixact_failsafe_age')::int       AS failsafe_age
), relation AS (
  SELECT r.oid,
         r.relkind = 't' AS toast,
         COALESCE(t.oid, r.oid) AS table_oid,
         pg_catalog.mxid_age(r.relminmxid) AS multixact_age,
         -- A TOAST table without any parameter of its own goes by those of its table (autovacuum.c, do_autovacuum).
         COALESCE(r.reloptions, t.reloptions) AS parameters
    FROM pg_catalog.pg_class AS r
    LEFT JOIN pg_catalog.pg_class AS t ON t.reltoastrelid = r.oid AND r.relkind = 't'
   WHERE r.relkind IN ('r', 'm', 't')
     AND r.relminmxid <> '0'::xid  -- 0 is no multixact, and mxid_age would make 2,147,483,647 of it
), aged AS (
  SELECT r.*,
         LEAST(s.freeze_max_age,
               CASE WHEN r.parameters IS NOT NULL  -- most have none, and the function is not for free
                    THEN (SELECT o.option_value::float8::int
                            FROM pg_catalog.pg_options_to_table(r.parameters) AS o
                           WHERE o.option_name = 'autovacuum_multixact_freeze_max_age') END) AS freeze_max_age
    FROM relation AS r
   CROSS JOIN setting AS s
), candidate AS (
  -- a table and its TOAST table are one, so twice as many are enough
  SELECT a.*, a.multixact_age::float8 / GREATEST(a.freeze_max_age, 1) AS ratio
    FROM aged AS a
   ORDER BY ratio DESC, a.table_oid
   LIMIT 2 * %(top)s::int
), oldest AS (
  SELECT w.*
    FROM (SELECT DISTINCT ON (k.table_oid) k.* FROM candidate AS k ORDER BY k.table_oid, k.ratio DESC) AS w
   ORDER BY w.ratio DESC, w.table_oid
   LIMIT %(top)s::int
)
SELECT n.nspname::text         AS schema,
       c.relname::text         AS "table",
       w.toast,
       c.relpersistence = 't'  AS temporary,
       w.multixact_age,
       w.freeze_max_age,
       s.freeze_max_age        AS server_freeze_max_age,
       s.failsafe_age,
       2144483648              AS stop_age
  FROM oldest AS w
 CROSS JOIN setting AS s
  JOIN pg_catalog.pg_class AS c ON c.oid = w.table_oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 ORDER BY w.ratio DESC, n.nspname, c.relname
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        severity = severity_of(row, seen.limits_for(row))
        if severity is None:
            continue
        what = "the table's TOAST table" if row.toast else "the table"
        way = " It is temporary: only the session that made it can vacuum it, or drop it." if row.temporary else ""
        yield Finding(
            severity,
            _target(row),
            f"The oldest multixact of {what} is {in_words(row)}.{way}",
            None if row.temporary else _remedy(row, severity),
            details={"toast": row.toast, "multixact_age": row.multixact_age},
        )


def _remedy(row: Row, severity: Severity) -> str:
    options = "FREEZE, INDEX_CLEANUP off, TRUNCATE off" if severity is Severity.CRITICAL else "FREEZE, TRUNCATE off"
    return f"VACUUM ({options}) {_target(row)};"


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="vacuum.table_multixact_age",
    aliases=("xid_wraparound",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    standby=False,
    metrics=(Metric(value="multixact_age", limit="stop_age"),),
)
