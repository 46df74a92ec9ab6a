"""Table where nothing tells two rows apart.

It has neither a primary key nor any unique index over all its rows. The same row inserted twice, by a retry or a
script that ran again, stays there twice, and no UPDATE or DELETE can name one of the two but by its `ctid`.

WARNING. A unique index counts whatever its columns, expressions too, unless it is invalid or covers a part of the
rows only (WHERE). An exclusion constraint counts as well. A partitioned table is told once, and not where each
partition has a unique index of its own: equal rows lie in the same one. Temporary, unlogged and foreign tables are
left out, as are an extension's own. It is a false alarm for a log that is only ever added to.

`schema.no_primary_key` tells of every table without a primary key. Manual: section 5.5, "Constraints".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    partitioned: bool
    rows: int
    """As VACUUM or ANALYZE estimated them."""


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(0, unit="rows", doc="Leave out tables that are estimated to have fewer.")


SQL = """
WITH RECURSIVE told_apart AS MATERIALIZED (
  SELECT x.indrelid AS relation
    FROM pg_catalog.pg_index AS x
   WHERE (x.indisunique OR x.indisexclusion)
     AND x.indisvalid
     AND x.indpred IS NULL
), part AS (
  -- of partitioned tables without a key, down to where rows are
  SELECT c.oid AS root, h.inhrelid AS oid
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = c.oid
   WHERE c.relkind = 'p'
     AND NOT c.relispartition
     AND c.oid NOT IN (SELECT t.relation FROM told_apart AS t)
   UNION ALL
  SELECT p.root, h.inhrelid
    FROM part AS p
    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = p.oid
   WHERE p.oid NOT IN (SELECT t.relation FROM told_apart AS t)
), told_apart_below AS (
  SELECT p.root
    FROM part AS p
    JOIN pg_catalog.pg_class AS c ON c.oid = p.oid
    LEFT JOIN told_apart AS t ON t.relation = p.oid
   WHERE c.relkind <> 'p' OR t.relation IS NOT NULL
   GROUP BY p.root
  HAVING pg_catalog.bool_and(t.relation IS NOT NULL)
)
SELECT n.nspname::text                    AS schema,
       c.relname::text                    AS "table",
       c.relkind = 'p'                    AS partitioned,
       GREATEST(c.reltuples, 0)::bigint   AS rows
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p')
   AND NOT c.relispartition
   AND c.relpersistence = 'p'
   AND GREATEST(c.reltuples, 0) >= %(min_rows)s
   AND c.oid NOT IN (SELECT t.relation FROM told_apart AS t)
   AND c.oid NOT IN (SELECT t.root FROM told_apart_below AS t)
   AND <of users>
 ORDER BY GREATEST(c.reltuples, 0) DESC, n.nspname, c.relname
""".replace("<of users>", OF_USERS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    return Severity.WARNING if row.rows >= limits.min_rows else None


CHECK = Check(
    id="schema.no_unique_key",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message="The table of about {rows} rows has no primary key and no unique index over all rows: nothing tells "
        "two equal rows apart.",
        details=("partitioned", "rows"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("db_verifier: no1001",),
)
