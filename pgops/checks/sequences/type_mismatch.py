"""Sequence that is larger or smaller than its column.

A bigint sequence that feeds an integer column (as every serial column made before PostgreSQL 10 has) runs past the end
of the column: the errors begin with the INSERT, "integer out of range", and whoever looks at the sequence alone sees
plenty left. An integer sequence that feeds a bigint column, as serial leaves it behind when the column's type was
changed, ends at 2,147,483,647 although the column has room.

INFO for each sequence that a column owns or whose identity it is. How near the end is, either way, says
`sequences.exhaustion`. A MAXVALUE of one's own that fits the column is no fault, nor are sequences shared by several
columns. The remedy changes the sequence's type, which is instant; it fails where a larger value was already given.

Manual: CREATE SEQUENCE; ALTER SEQUENCE, AS.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import WITH_BASE_TYPES
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    sequence: str
    sequence_type: str
    table_schema: str
    table: str
    column: str
    column_type: str
    larger: bool
    """Otherwise the sequence is smaller."""
    descends: bool


SQL = """
<base types>
SELECT n.nspname::text  AS schema,
       c.relname::text  AS sequence,
       pg_catalog.format_type(k.seqtypid, NULL) AS sequence_type,
       tn.nspname::text AS table_schema,
       t.relname::text  AS "table",
       a.attname::text  AS "column",
       pg_catalog.format_type(k.type, NULL) AS column_type,
       k.sequence_end > k.column_end AS larger,
       k.seqincrement < 0 AS descends
  FROM (SELECT s.seqrelid, s.seqtypid, s.seqincrement, d.refobjid, d.refobjsubid, base.oid AS type,
               CASE base.oid WHEN 'pg_catalog.int2'::regtype THEN 32767
                             WHEN 'pg_catalog.int4'::regtype THEN 2147483647
                             ELSE 9223372036854775807 END AS column_end,
               CASE WHEN s.seqincrement > 0 THEN s.seqmax ELSE -(s.seqmin + 1) END AS sequence_end,
               CASE s.seqtypid WHEN 'pg_catalog.int2'::regtype THEN 32767
                               WHEN 'pg_catalog.int4'::regtype THEN 2147483647
                               ELSE 9223372036854775807 END AS type_end
          FROM pg_catalog.pg_sequence AS s
          JOIN pg_catalog.pg_depend AS d
            ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.seqrelid
           AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
           AND d.deptype IN ('a', 'i')  -- OWNED BY, identity
          JOIN pg_catalog.pg_attribute AS b ON b.attrelid = d.refobjid AND b.attnum = d.refobjsubid::int2
          LEFT JOIN base AS made ON made.domain = b.atttypid
         CROSS JOIN LATERAL (SELECT COALESCE(made.type, b.atttypid) AS oid) AS base
         WHERE base.oid IN ('pg_catalog.int2'::regtype, 'pg_catalog.int4'::regtype, 'pg_catalog.int8'::regtype)
           AND NOT s.seqcycle
           -- most are of one type, with its bounds
           AND (s.seqtypid <> base.oid
                OR s.seqmax NOT IN (32767, 2147483647, 9223372036854775807)
                OR s.seqincrement < 0)
         OFFSET 0) AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.seqrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS t ON t.oid = k.refobjid
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.refobjid AND a.attnum = k.refobjsubid
 WHERE c.relpersistence <> 't'
   AND (k.sequence_end > k.column_end
        -- its type ends it, not somebody's MAXVALUE
        OR k.type_end < k.column_end AND k.sequence_end = k.type_end)
 ORDER BY n.nspname, c.relname
""".replace("<base types>", WITH_BASE_TYPES)


def _message(row: Row, _limits: object) -> str:
    column = Target("column", row.table_schema, row.table, row.column)
    if row.larger:
        return f"The sequence ({row.sequence_type}) goes on beyond the end of its column {column} ({row.column_type})."
    return f"The sequence ({row.sequence_type}) ends long before its column {column} ({row.column_type}) does."


def _fix(row: Row, _limits: object) -> str:
    name = Target("sequence", row.schema, row.sequence)
    # a bound of its own would stay, and be out of the type's range
    bound = f" {'NO MINVALUE' if row.descends else 'NO MAXVALUE'}" if row.larger else ""
    return f"ALTER SEQUENCE {name} AS {row.column_type}{bound};"


CHECK = Check(
    id="sequences.type_mismatch",
    aliases=("sequence_larger_than_column",),
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("sequence", row.schema, row.sequence),
        message=_message,
        fix=_fix,
        details=("sequence_type", "table_schema", "table", "column", "column_type", "larger"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
