"""Table of very many columns.

A table may have 1600 columns in all its life: a dropped column keeps its number for ever, so one that is remade over
and over (a script that adds and drops) comes to the end with a handful of columns, and no ALTER TABLE ADD COLUMN
works any more. Only a new table, or dump and restore, starts anew. And a wide row is read as a whole, field by field:
hundreds of columns make each access slow, and a row that is NULL almost everywhere is better split.

INFO from `wide_columns` living ones on; a WARNING and CRITICAL by the share of the 1600 numbers that are used up. A
false alarm: a table of measurements for analysis that is meant to be wide.

Source: manual, appendix K, "PostgreSQL Limits"; ALTER TABLE, "Notes".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Metric, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    columns: int
    dropped: int
    numbers: int
    """Those used up: living and dropped."""
    limit_numbers: int


@attrs.frozen(kw_only=True)
class Limits:
    wide_columns: int = limit(100, unit="columns", doc="INFO for a table with as many.")
    warn_numbers: int = limit(1200, unit="column numbers", doc="A WARNING when as many are used up, of 1600.")
    crit_numbers: int = limit(1500, unit="column numbers", doc="CRITICAL when as many are used up.")


SQL = """
WITH wide AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relnatts, c.relispartition
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'f')
     AND c.relnatts >= LEAST(%(wide_columns)s, %(warn_numbers)s, %(crit_numbers)s)
     AND c.relpersistence <> 't'
     AND <of users>
), counted AS (
  SELECT w.*,
         (SELECT pg_catalog.count(*)::int
            FROM pg_catalog.pg_attribute AS a
           WHERE a.attrelid = w.oid AND a.attnum > 0 AND a.attisdropped) AS dropped
    FROM wide AS w
)
SELECT k.nspname::text                   AS schema,
       k.relname::text                   AS "table",
       k.relnatts - k.dropped            AS columns,
       k.dropped,
       k.relnatts::int                   AS numbers,
       1600                              AS limit_numbers
  FROM counted AS k
 -- a partition has the columns of its parent, and is told of only where it has used up numbers of its own
 WHERE NOT k.relispartition OR k.relnatts >= LEAST(%(warn_numbers)s, %(crit_numbers)s)
 ORDER BY k.relnatts DESC, k.nspname, k.relname
""".replace("<of users>", OF_USERS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.numbers >= limits.crit_numbers:
        return Severity.CRITICAL
    if row.numbers >= limits.warn_numbers:
        return Severity.WARNING
    return Severity.INFO if row.columns >= limits.wide_columns else None


CHECK = Check(
    id="schema.too_many_columns",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message="The table has {columns} living and {dropped} dropped columns, and both keep their numbers: {numbers} "
        "of {limit_numbers} are used up.",
        details=("columns", "dropped", "numbers"),
    ),
    queries=[Query(since=14, sql=SQL)],
    metrics=(Metric(value="numbers", limit="limit_numbers"),),
)
