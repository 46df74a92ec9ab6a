"""CHECK constraint that says what is said already.

A CHECK (a IS NOT NULL) on a column that is NOT NULL, or the same CHECK twice on one table, is evaluated for every row
that is written and keeps out nothing more. The first is mostly left over from setting NOT NULL without a long lock:
the CHECK was made NOT VALID and validated, SET NOT NULL then did not have to read the table, and the last step,
dropping it, was forgotten.

INFO; the remedy drops it, which reads nothing. Of two equal ones the younger goes. Expressions are compared as the
server stores them, so equal ones that are written differently are not recognised. What a parent hands down is told of
the parent. A NOT NULL that is itself not valid (from PostgreSQL 18) makes nothing redundant.

Manual: ALTER TABLE, SET NOT NULL; section 5.5.1, "Check Constraints".
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    constraint: str
    column: str | None
    """The NOT NULL column that it asks for."""
    other: str | None
    """The constraint that says the same."""


# A constraint's expression is the tree that the catalogue stores, without the places in the text that it came from.
_SQL: LiteralString = """
WITH checked AS MATERIALIZED (
  SELECT k.oid, k.conrelid, k.conname, k.conkey[1] AS attnum,
         pg_catalog.cardinality(k.conkey) = 1
           AND pg_catalog.starts_with(k.conbin::text, '{NULLTEST :arg {VAR ')
           AND k.conbin::text ~ ':nulltesttype 1 :argisrow false :location -?[0-9]+[}]$' AS asks
    FROM pg_catalog.pg_constraint AS k
   WHERE k.contype = 'c'
     AND k.conrelid <> 0
), asking AS (
  SELECT k.conrelid, k.conname, k.attnum
    FROM checked AS k
    JOIN pg_catalog.pg_constraint AS o ON o.oid = k.oid
   WHERE k.asks AND o.coninhcount = 0
), several AS MATERIALIZED (
  SELECT k.conrelid
    FROM checked AS k
   GROUP BY k.conrelid
  HAVING pg_catalog.count(*) > 1
), shaped AS MATERIALIZED (
  SELECT k.oid, k.conrelid, k.conname, k.coninhcount, k.convalidated, k.connoinherit,
         pg_catalog.regexp_replace(k.conbin::text, ':location -?[0-9]+', '', 'g') AS expression
    FROM pg_catalog.pg_constraint AS k
   WHERE k.contype = 'c'
     AND EXISTS (SELECT FROM several)
     AND k.conrelid IN (SELECT s.conrelid FROM several AS s)
     AND <enforced>
), found AS (
  SELECT q.conrelid, q.conname, a.attname, NULL::name AS other
    FROM asking AS q
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = q.conrelid AND a.attnum = q.attnum
   WHERE a.attnotnull
     AND <valid>
   UNION ALL
  SELECT s.conrelid, s.conname, NULL, pg_catalog.min(o.conname::text)::name
    FROM shaped AS s
    JOIN shaped AS o ON o.conrelid = s.conrelid
                    AND o.expression = s.expression
                    AND o.oid < s.oid
                    AND o.convalidated >= s.convalidated
                    AND o.connoinherit <= s.connoinherit
   WHERE s.coninhcount = 0
   GROUP BY s.conrelid, s.conname
)
SELECT DISTINCT ON (n.nspname, c.relname, f.conname)
       n.nspname::text AS schema,
       c.relname::text AS "table",
       f.conname::text AS "constraint",
       f.attname::text AS "column",
       f.other::text   AS other
  FROM found AS f
  -- looked up one by one: the planner takes the few that are found for many, and would read all of pg_class
 CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = f.conrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <of users>
 ORDER BY n.nspname, c.relname, f.conname, f.attname NULLS LAST
""".replace("<of users>", OF_USERS)

_VALID: LiteralString = """NOT EXISTS (SELECT
                       FROM pg_catalog.pg_constraint AS v
                      WHERE v.conrelid = q.conrelid AND v.contype = 'n'
                        AND v.conkey[1] = q.attnum AND NOT v.convalidated)"""


def _message(row: Row, _: object) -> str:
    if row.column is not None:
        return f"The constraint asks that {quote_identifier(row.column)} is not NULL, and the column is NOT NULL."
    return f"The constraint says the same as {quote_identifier(row.other or '')}."


def _fix(row: Row, _: object) -> str:
    table = Target("table", row.schema, row.table)
    return f"ALTER TABLE {table} DROP CONSTRAINT {quote_identifier(row.constraint)};"


CHECK = Check(
    id="schema.redundant_check_constraint",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("constraint", row.schema, row.table, row.constraint),
        message=_message,
        fix=_fix,
        details=("column", "other"),
    ),
    queries=[
        Query(since=14, sql=_SQL.replace("<valid>", "TRUE").replace("<enforced>", "TRUE")),
        Query(since=18, sql=_SQL.replace("<valid>", _VALID).replace("<enforced>", "k.conenforced")),
    ],
)
