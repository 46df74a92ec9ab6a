"""Primary key of many columns.

Each table that refers to it repeats all of them, in its rows, its own index and every join; each index on the table
is made the wider by what identifies a row; and one more fact that turns out to identify it changes all of that. A key
of its own (an identity column), with the many columns in a unique constraint, keeps it in one place.

INFO. It is a false alarm for a table that only joins others and that nobody refers to, and for a partitioned table
whose key has to hold the partition's columns; the message says how many foreign keys refer to it. A partitioned table
is told once. Where the key is a period's (WITHOUT OVERLAPS, from PostgreSQL 18) the period counts as a column.

Manual: section 5.5.4, "Primary Keys".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, as_tuple, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    constraint: str
    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    width: int
    """How many they are."""
    references: int
    """How many foreign keys refer to the table."""


@attrs.frozen(kw_only=True)
class Limits:
    min_columns: int = limit(4, unit="columns", doc="Leave out keys of fewer.")


SQL = """
WITH composite AS MATERIALIZED (
  SELECT k.conrelid, k.conname, k.conkey
    FROM pg_catalog.pg_constraint AS k
   WHERE k.contype = 'p'
     AND pg_catalog.cardinality(k.conkey) >= %(min_columns)s
), wide AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, k.conname, k.conkey
    FROM composite AS k
    -- looked up one by one: the planner takes the few that are found for many, and would read all of pg_class
   CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = k.conrelid OFFSET 0) AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE NOT c.relispartition
     AND c.relpersistence <> 't'
     AND <of users>
), reference AS (
  SELECT k.confrelid, pg_catalog.count(*)::int AS count
    FROM pg_catalog.pg_constraint AS k
   WHERE EXISTS (SELECT FROM wide)  -- mostly there is none, and nothing is counted
     AND k.contype = 'f'
     AND k.conparentid = 0
     AND k.confrelid IN (SELECT w.oid FROM wide AS w)
   GROUP BY k.confrelid
)
SELECT w.nspname::text                         AS schema,
       w.relname::text                         AS "table",
       w.conname::text                         AS "constraint",
       ARRAY(SELECT a.attname::text
               FROM pg_catalog.unnest(w.conkey) WITH ORDINALITY AS part (attnum, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w.oid AND a.attnum = part.attnum
              ORDER BY part.place)             AS columns,
       pg_catalog.cardinality(w.conkey)        AS width,
       COALESCE(r.count, 0)                    AS "references"
  FROM wide AS w
  LEFT JOIN reference AS r ON r.confrelid = w.oid
 ORDER BY width DESC, "references" DESC, w.nspname, w.relname
""".replace("<of users>", OF_USERS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    return Severity.INFO if row.width >= limits.min_columns else None


def _message(row: Row, _: object) -> str:
    referred = {0: "no foreign key refers to it", 1: "1 foreign key repeats them"}.get(
        row.references, f"{row.references:,} foreign keys repeat them"
    )
    return f"The primary key has {row.width} columns ({', '.join(map(quote_identifier, row.columns))}); {referred}."


CHECK = Check(
    id="schema.wide_composite_key",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("constraint", row.schema, row.table, row.constraint),
        message=_message,
        details=("columns", "references"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
