"""Columns of one name and different types.

`customer_id` is bigint in ten tables and integer in one: joins over it cast, and may leave an index unused; the
narrow one overflows first; an application that reads both has two rules for one thing. Mostly one of them was made
later, by another hand.

INFO, told once for each name, with its types and how many columns each has. varchar and text count as one type, since
they are compared and stored alike; lengths and precision do not count. A name that is in each of its tables the primary
key (`id`; of a partitioned table its first column) is left out, for each key is a thing of its own. It is a false alarm
for names that mean something else in each table (`value`, `type`, `data`): raise `min_columns`, or suppress the name. A
partition counts with its parent; a domain is a type of its own.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    column: str
    columns: int
    types: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The most frequent first."""
    counts: tuple[int, ...] = attrs.field(converter=as_tuple)
    """How many columns have each."""
    examples: tuple[str, ...] = attrs.field(converter=as_tuple)
    """A table for each, quoted and qualified."""


@attrs.frozen(kw_only=True)
class Limits:
    min_columns: int = limit(2, unit="columns", doc="Leave out names that fewer columns have.")


# Grouped by numbers and names alone; what they are called is asked only for those that differ.
SQL = """
WITH relation AS MATERIALIZED (
  SELECT c.oid, c.relkind
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p')
     AND NOT c.relispartition
     AND c.relpersistence <> 't'
     AND <of users>
), own_key AS MATERIALIZED (
  SELECT k.conrelid, k.conkey[1] AS attnum
    FROM pg_catalog.pg_constraint AS k
    JOIN relation AS r ON r.oid = k.conrelid
   WHERE k.contype = 'p'
     AND (pg_catalog.cardinality(k.conkey) = 1 OR r.relkind = 'p')  -- where it has to hold the partition's columns too
), kind AS MATERIALIZED (
  SELECT a.attname,
         -- of varchar and text one type is made
         CASE a.atttypid WHEN 'pg_catalog.varchar'::regtype THEN 'pg_catalog.text'::regtype::oid
              ELSE a.atttypid END  AS type,
         pg_catalog.count(*)       AS columns,
         pg_catalog.count(k.attnum) AS own_keys,
         pg_catalog.min(a.attrelid) AS example
    FROM pg_catalog.pg_attribute AS a
    LEFT JOIN own_key AS k ON k.conrelid = a.attrelid AND k.attnum = a.attnum
   WHERE a.attrelid IN (SELECT r.oid FROM relation AS r)
     AND a.attnum > 0
     AND a.atttypid <> 0  -- a dropped column has none
   GROUP BY 1, 2
), differing AS MATERIALIZED (
  SELECT k.attname
    FROM kind AS k
   GROUP BY k.attname
  HAVING pg_catalog.count(*) > 1
     AND pg_catalog.sum(k.columns) >= %(min_columns)s
     AND pg_catalog.sum(k.columns) > pg_catalog.sum(k.own_keys)
)
SELECT d.attname::text                         AS "column",
       pg_catalog.sum(k.columns)::int          AS columns,
       pg_catalog.array_agg(pg_catalog.format_type(k.type, NULL) ORDER BY k.columns DESC, k.type) AS types,
       pg_catalog.array_agg(k.columns::int ORDER BY k.columns DESC, k.type)                       AS counts,
       pg_catalog.array_agg(pg_catalog.format('%%I.%%I', n.nspname, c.relname)
                            ORDER BY k.columns DESC, k.type)                                      AS examples
  FROM differing AS d
  JOIN kind AS k ON k.attname = d.attname
  JOIN pg_catalog.pg_class AS c ON c.oid = k.example
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 GROUP BY d.attname
 ORDER BY pg_catalog.sum(k.columns) DESC, d.attname
""".replace("<of users>", OF_USERS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    return Severity.INFO if row.columns >= limits.min_columns else None


def _message(row: Row, _: object) -> str:
    uses = [
        f"{kind} in {example}" if count == 1 else f"{kind} in {count:,} tables ({example})"
        for kind, count, example in zip(row.types, row.counts, row.examples, strict=True)
    ]
    return f"Columns of this name have different types: {', '.join(uses)}."


CHECK = Check(
    id="schema.column_type_drift",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("column name", None, row.column),
        message=_message,
        details=("types", "counts", "examples"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
