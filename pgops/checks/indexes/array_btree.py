"""Array column with an index that only compares whole arrays.

A btree or hash index on an array serves `=` and sorting of whole arrays. What is mostly asked of one, whether it
contains a value (`@>`), shares one with another (`&&`) or `value = ANY (column)`, needs a GIN index, and a row whose
array is longer than about 2,700 bytes can't be written at all while a btree index is there.

WARNING, but for unique indexes and those behind a constraint, which compare whole arrays on purpose. It is a false
alarm where queries do too. `value = ANY (column)` is served by no index: it has to be written `column @> ARRAY[value]`.
The remedy makes the GIN index; whether the other can go then, `indexes.unused_index` says after some days.

Manual: section 11.2, "Index Types"; chapter "GIN Indexes".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.indexes._fragments import BLOCKS_ALL_PARTITIONS
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    column: str
    method: str
    type: str
    partitioned: bool
    served: bool
    """Whether a GIN or GiST index on the column is there as well."""


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       i.relname::text AS "index",
       a.attname::text AS "column",
       m.amname::text  AS method,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       i.relkind = 'I' AS partitioned,
       EXISTS (SELECT FROM pg_catalog.pg_index AS other
                 JOIN pg_catalog.pg_class AS oi ON oi.oid = other.indexrelid
                 JOIN pg_catalog.pg_am AS om ON om.oid = oi.relam
                WHERE other.indrelid = x.indrelid
                  AND om.amname IN ('gin', 'gist')
                  AND a.attnum = ANY (other.indkey::int2[])) AS served
  -- by the operator class for arrays of any kind
  FROM (SELECT p.*
          FROM pg_catalog.pg_index AS p
         WHERE p.indclass[0] IN (SELECT o.oid FROM pg_catalog.pg_opclass AS o
                                  WHERE o.opcintype = 'pg_catalog.anyarray'::pg_catalog.regtype)
           AND p.indnkeyatts = 1
           AND NOT (p.indisunique OR p.indisexclusion)
        OFFSET 0) AS x
  -- a domain counts as the type it is over
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
  JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type AS base ON base.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
  -- looked up one by one: few are so
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indexrelid OFFSET 0) AS i
  JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE base.typcategory = 'A'
   AND m.amname IN ('btree', 'hash')
   AND NOT i.relispartition  -- it goes with its parent
   AND <of users>
 ORDER BY n.nspname, i.relname
""".replace("<of users>", OF_USERS)


def _message(row: Row, _limits: object) -> str:
    message = f"The column is {row.type}, and the {row.method} index compares whole arrays only, not what is in them"
    return f"{message}; another index serves that." if row.served else f"{message}."


def _fix(row: Row, _limits: object) -> str | None:
    if row.served:
        return None
    how = f"{BLOCKS_ALL_PARTITIONS}CREATE INDEX" if row.partitioned else "CREATE INDEX CONCURRENTLY"
    column = Target("column", None, row.column)
    return f"{how} ON {Target('table', row.schema, row.table)} USING gin ({column});"


CHECK = Check(
    id="indexes.array_btree",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if row.served else Severity.WARNING,
        target=lambda row: Target("index", row.schema, row.index),
        message=_message,
        fix=_fix,
        details=("table", "column", "method", "type", "served"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("pg-index-health: btree indexes on array columns",),
)
