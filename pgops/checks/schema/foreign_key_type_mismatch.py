"""Foreign key whose column has another type than the key that it references.

The two are compared all the same, through a cast. A narrower column (integer to bigint) can't hold every key there
will be, and its INSERTs fail from the first that does not fit. Where the types are of different kinds (text and
varchar, numeric and bigint) each comparison converts, and an index on the one may not serve a search by the other.

Length and precision are compared too, where they decide what fits: varchar(10) to varchar(50), numeric(5) to
numeric(9). Domains count as the type beneath them. A wider column than its key is INFO: it wastes space only.

WARNING otherwise, and CRITICAL for a narrower integer where the keys have come to `crit_pct` of what it can hold: the
highest key is taken from the statistics of the last ANALYZE. A role that may not read the referenced table sees none,
and the headroom is not told. The column has to become as wide as its key, which rewrites its table under ACCESS
EXCLUSIVE, or in steps with a new column, so it is for a person to plan.

Manual: section 5.5.5, "Foreign Keys"; ALTER TABLE, ALTER COLUMN TYPE, which rewrites the table.
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Metric, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    constraint: str
    column: str
    column_type: str
    referenced_schema: str
    referenced_table: str
    referenced_column: str
    referenced_type: str
    narrower: bool
    """Whether the column can't hold every value of the key."""
    wider: bool
    """Whether it is of the same kind and holds more."""
    highest_key: int | None
    """Of a narrower integer: the highest key that the last ANALYZE saw."""
    limit_key: int | None
    """The highest that the column can hold."""


@attrs.frozen(kw_only=True)
class Limits:
    crit_pct: float = limit(85.0, unit="%", doc="CRITICAL where keys have come to this share of a narrower integer.")


SQL: LiteralString = """
WITH RECURSIVE domain AS (
  SELECT t.oid, t.typbasetype AS base, t.typtypmod AS modifier
    FROM pg_catalog.pg_type AS t
   WHERE t.typtype = 'd'
   UNION ALL
  SELECT d.oid, t.typbasetype, CASE WHEN d.modifier >= 0 THEN d.modifier ELSE t.typtypmod END
    FROM domain AS d
    JOIN pg_catalog.pg_type AS t ON t.oid = d.base
   WHERE t.typtype = 'd'
), base AS MATERIALIZED (
  SELECT d.oid, d.base, d.modifier
    FROM domain AS d
    JOIN pg_catalog.pg_type AS t ON t.oid = d.base AND t.typtype <> 'd'
), telling AS MATERIALIZED (
  -- Most keys are compared by an operator of one type, and of one length: of their columns nothing need be read.
  SELECT op.oid
    FROM pg_catalog.pg_operator AS op
   WHERE op.oprleft <> op.oprright
      OR op.oprleft IN ('text'::regtype, 'bpchar'::regtype, 'numeric'::regtype, 'inet'::regtype, 'oid'::regtype,
                        'timetz'::regtype, 'varbit'::regtype)
), pair AS (
  SELECT k.oid, k.conname, k.conrelid, k.confrelid, part.place, part.attnum, part.refnum
    FROM (SELECT o.*
            FROM pg_catalog.pg_constraint AS o
           WHERE o.contype = 'f'
             AND o.conparentid = 0
             AND (pg_catalog.cardinality(o.conpfeqop) > 1 OR o.conpfeqop[1] IN (SELECT t.oid FROM telling AS t))
          OFFSET 0) AS k
   CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey),
                                 pg_catalog.unnest(k.conpfeqop))
                      WITH ORDINALITY AS part (attnum, refnum, equals, place)
   WHERE part.equals IN (SELECT t.oid FROM telling AS t)
), typed AS (
  SELECT p.*,
         a.attname,
         r.attname AS refname,
         a.atttypid, a.atttypmod,
         r.atttypid AS reftypid, r.atttypmod AS reftypmod,
         COALESCE(ab.base, a.atttypid) AS type,
         COALESCE(rb.base, r.atttypid) AS reftype,
         CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE COALESCE(ab.modifier, -1) END AS modifier,
         CASE WHEN r.atttypmod >= 0 THEN r.atttypmod ELSE COALESCE(rb.modifier, -1) END AS refmodifier
    FROM pair AS p
   CROSS JOIN LATERAL (SELECT a.* FROM pg_catalog.pg_attribute AS a
                        WHERE a.attrelid = p.conrelid AND a.attnum = p.attnum OFFSET 0) AS a
   CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_attribute AS r
                        WHERE r.attrelid = p.confrelid AND r.attnum = p.refnum OFFSET 0) AS r
    LEFT JOIN base AS ab ON ab.oid = a.atttypid
    LEFT JOIN base AS rb ON rb.oid = r.atttypid
   WHERE (a.atttypid, a.atttypmod) IS DISTINCT FROM (r.atttypid, r.atttypmod)
), ranked AS (
  SELECT t.*,
         -- integers by width; texts by the length they take; numerics by the digits before the point
         CASE t.type WHEN 'int2'::regtype THEN 2 WHEN 'int4'::regtype THEN 4 WHEN 'int8'::regtype THEN 8
              WHEN 'bpchar'::regtype THEN t.modifier
              WHEN 'varchar'::regtype THEN CASE WHEN t.modifier < 0 THEN 2147483647 ELSE t.modifier END
              WHEN 'text'::regtype THEN 2147483647
              WHEN 'numeric'::regtype THEN CASE WHEN t.modifier < 0 THEN 2147483647 ELSE t.modifier >> 16 END
              END AS reach,
         CASE t.reftype WHEN 'int2'::regtype THEN 2 WHEN 'int4'::regtype THEN 4 WHEN 'int8'::regtype THEN 8
              WHEN 'bpchar'::regtype THEN t.refmodifier
              WHEN 'varchar'::regtype THEN CASE WHEN t.refmodifier < 0 THEN 2147483647 ELSE t.refmodifier END
              WHEN 'text'::regtype THEN 2147483647
              WHEN 'numeric'::regtype THEN CASE WHEN t.refmodifier < 0 THEN 2147483647 ELSE t.refmodifier >> 16 END
              END AS refreach,
         CASE WHEN t.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'integer'
              WHEN t.type IN ('varchar'::regtype, 'text'::regtype) THEN 'text'
              ELSE t.type::text END AS kind,
         CASE WHEN t.reftype IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'integer'
              WHEN t.reftype IN ('varchar'::regtype, 'text'::regtype) THEN 'text'
              ELSE t.reftype::text END AS refkind
    FROM typed AS t
)
SELECT n.nspname::text                                          AS schema,
       c.relname::text                                          AS "table",
       r.conname::text                                          AS "constraint",
       r.attname::text                                          AS "column",
       pg_catalog.format_type(r.atttypid, r.atttypmod)          AS column_type,
       rn.nspname::text                                         AS referenced_schema,
       rc.relname::text                                         AS referenced_table,
       r.refname::text                                          AS referenced_column,
       pg_catalog.format_type(r.reftypid, r.reftypmod)          AS referenced_type,
       COALESCE(r.kind = r.refkind AND r.reach < r.refreach, FALSE) AS narrower,
       COALESCE(r.kind = r.refkind AND r.reach >= r.refreach, FALSE) AS wider,
       h.highest                                                AS highest_key,
       CASE WHEN h.highest IS NULL THEN NULL WHEN r.reach = 2 THEN 32767 ELSE 2147483647 END::bigint AS limit_key
  FROM ranked AS r
  JOIN pg_catalog.pg_class AS c ON c.oid = r.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS rc ON rc.oid = r.confrelid
  JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
  LEFT JOIN LATERAL (SELECT b.bounds[pg_catalog.cardinality(b.bounds)] AS highest
                       FROM (SELECT s.histogram_bounds::text::bigint[] AS bounds
                               FROM pg_catalog.pg_stats AS s
                              WHERE s.schemaname = rn.nspname
                                AND s.tablename = rc.relname
                                AND s.attname = r.refname
                                AND s.inherited = (rc.relkind = 'p')
                                AND r.kind = 'integer' AND r.refkind = 'integer' AND r.reach < r.refreach
                             OFFSET 0) AS b) AS h ON TRUE
 WHERE <users>
   -- the same type under a domain, or of the same length: nothing is wrong
   AND (r.type <> r.reftype OR (r.reach IS DISTINCT FROM r.refreach))
 ORDER BY narrower DESC, n.nspname, c.relname, r.conname, r.place
"""


def _severity(row: Row, limits: Limits) -> Severity:
    if row.highest_key is not None and row.limit_key and 100 * row.highest_key >= limits.crit_pct * row.limit_key:
        return Severity.CRITICAL
    return Severity.INFO if row.wider else Severity.WARNING


def _message(row: Row, _: object) -> str:
    key = Target("column", row.referenced_schema, row.referenced_table, row.referenced_column)
    said = f"The column {row.column} is {row.column_type}, and the key that it references, {key}, {row.referenced_type}"
    if row.highest_key is not None and row.limit_key:
        share = max(100 * row.highest_key / row.limit_key, 0.0)
        return f"{said}. Keys have come to {row.highest_key:,}, {share:.0f} % of {row.limit_key:,}, where it ends."
    if row.narrower:
        return f"{said}: it can't hold every key there will be."
    return f"{said}: it could hold more than there is." if row.wider else f"{said}: each comparison converts."


CHECK = Check(
    id="schema.foreign_key_type_mismatch",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("constraint", row.schema, row.table, row.constraint, also=(row.column,)),
        message=_message,
        details=("column", "column_type", "referenced_type", "narrower", "highest_key", "limit_key"),
    ),
    queries=[Query(since=14, sql=SQL.replace("<users>", OF_USERS))],
    metrics=(Metric(value="highest_key", limit="limit_key"),),
    known_as=("pg-index-health: foreign keys with unmatched column type",),
)
