"""Foreign key that is there twice.

Two constraints on the same columns to the same key check every INSERT and UPDATE twice, and each delete of a
referenced row fires both. Mostly a migration ran twice, or a tool and a person both made one. Where their rules agree
the younger one can go; where ON DELETE differs, what happens depends on the order of their names, and a person has to
say what was meant. One key whose columns are a part of the other's, to the same table, is INFO: the wider one may
imply it.

Manual: section 5.5.5, "Foreign Keys".
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
    other: str
    same_columns: bool
    same_rules: bool


_SQL: LiteralString = """
WITH crowd AS MATERIALIZED (
  -- few tables reference another one twice
  SELECT k.conrelid, k.confrelid
    FROM pg_catalog.pg_constraint AS k
   WHERE k.contype = 'f'
     AND k.conparentid = 0
   GROUP BY k.conrelid, k.confrelid
  HAVING pg_catalog.count(*) > 1
), key AS MATERIALIZED (
  SELECT k.oid, k.conname, k.conrelid, k.confrelid,
         pg_catalog.array_agg((part.attnum::int << 16) + part.refnum ORDER BY part.attnum, part.refnum) AS pairs,
         ROW(k.confdeltype, k.confupdtype, k.confmatchtype, k.condeferrable, k.condeferred, k.convalidated,
             <more rules>) AS rules
    FROM crowd
   CROSS JOIN LATERAL (SELECT o.*
                         FROM pg_catalog.pg_constraint AS o
                        WHERE o.conrelid = crowd.conrelid
                          AND o.confrelid = crowd.confrelid
                          AND o.contype = 'f'
                          AND o.conparentid = 0
                       OFFSET 0) AS k
   CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) AS part (attnum, refnum)
   GROUP BY k.oid, k.conname, k.conrelid, k.confrelid, k.confdeltype, k.confupdtype, k.confmatchtype, k.condeferrable,
            k.condeferred, k.convalidated, <more rules>
)
SELECT DISTINCT ON (n.nspname, c.relname, k.conname)
       n.nspname::text            AS schema,
       c.relname::text            AS "table",
       k.conname::text            AS "constraint",
       other.conname::text        AS other,
       k.pairs = other.pairs      AS same_columns,
       k.rules = other.rules      AS same_rules
  FROM key AS k
  JOIN key AS other ON other.conrelid = k.conrelid
                   AND other.confrelid = k.confrelid
                   AND other.oid <> k.oid
                   AND k.pairs <@ other.pairs
                   AND (k.pairs <> other.pairs OR other.oid < k.oid)  -- the younger of two is told about
 CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = k.conrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <users>
 ORDER BY n.nspname, c.relname, k.conname, same_columns DESC, other.conname
""".replace("<users>", OF_USERS)


def _message(row: Row, _: object) -> str:
    other = quote_identifier(row.other)
    if not row.same_columns:
        return f"The columns of this foreign key are a part of those of {other}, to the same table."
    rules = "" if row.same_rules else ", with other rules: which of them acts depends on their names"
    return f"This foreign key is there twice: {other} has the same columns{rules}."


def _fix(row: Row, _: object) -> str | None:
    if not (row.same_columns and row.same_rules):
        return None
    table = Target("table", row.schema, row.table)
    return f"ALTER TABLE {table} DROP CONSTRAINT {quote_identifier(row.constraint)};"


CHECK = Check(
    id="schema.duplicate_foreign_key",
    aliases=("duplicate_foreign_keys",),
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.WARNING if row.same_columns else Severity.INFO,
        target=lambda row: Target("constraint", row.schema, row.table, row.constraint, also=(row.other,)),
        message=_message,
        fix=_fix,
        details=("other", "same_columns", "same_rules"),
    ),
    queries=[
        Query(since=14, sql=_SQL.replace("<more rules>", "TRUE")),
        Query(since=15, sql=_SQL.replace("<more rules>", "k.confdelsetcols")),
        Query(since=18, sql=_SQL.replace("<more rules>", "k.confdelsetcols, k.conenforced, k.conperiod")),
    ],
    known_as=("pg-index-health: duplicated foreign keys", "pg-index-health: intersected foreign keys"),
)
