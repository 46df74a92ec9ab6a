"""Vector column that nothing indexes.

`ORDER BY embedding <-> ... LIMIT 10` without an index computes the distance to every row: exact, and for a large table
slow and always the same work. With an index of pgvector (hnsw, ivfflat) it is approximate and quick.

INFO for a column of the extension vector's types (vector, halfvec, sparsevec) in a table of at least `min_rows` rows
that no index of a method of an extension covers, as a column or in an expression (a vector of more than 2,000
dimensions is indexed as halfvec). It is a false alarm where exact answers are wanted, where another condition leaves
few rows, and where the column is only kept. There is no remedy to run: the operator class has to be that of the
distance that queries use (vector_l2_ops for `<->`, vector_cosine_ops for `<=>`, vector_ip_ops for `<#>`).

Source: pgvector's README, "Indexing".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.indexes._fragments import TABLE_ROWS
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    column: str
    type: str
    rows: int
    """By the last VACUUM or ANALYZE."""


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(10_000, unit="rows", doc="Leave out smaller tables.")


SQL = """
SELECT n.nspname::text     AS schema,
       c.relname::text     AS "table",
       a.attname::text     AS "column",
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
       known.rows
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_depend AS member
    ON member.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND member.objid = t.oid AND member.deptype = 'e'
   AND member.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  JOIN pg_catalog.pg_extension AS e ON e.oid = member.refobjid AND e.extname = 'vector'
  JOIN pg_catalog.pg_attribute AS a ON a.atttypid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT <rows> AS rows) AS known
 WHERE t.typname IN ('vector', 'halfvec', 'sparsevec')
   AND c.relkind IN ('r', 'm', 'p')
   AND NOT c.relispartition  -- it goes with its parent
   AND c.relpersistence <> 't'
   AND known.rows >= %(min_rows)s::bigint
   -- an index depends on its columns, and on those of its expressions
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                     JOIN pg_catalog.pg_class AS i ON i.oid = d.objid AND i.relkind IN ('i', 'I')
                     JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      -- or on its partitions, each by itself
                      AND (d.refobjid = c.oid AND d.refobjsubid = a.attnum
                           OR d.refobjid IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits AS h
                                              WHERE h.inhparent = c.oid)
                              AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS own
                                           WHERE own.attrelid = d.refobjid AND own.attnum = d.refobjsubid
                                             AND own.attname = a.attname))
                      AND m.oid >= 16384)  -- made by an extension, not by initdb
 ORDER BY known.rows DESC, n.nspname, c.relname, a.attname
""".replace("<rows>", TABLE_ROWS)

CHECK = Check(
    id="indexes.vector_without_index",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=lambda row, limits: Severity.INFO if row.rows >= limits.min_rows else None,
        target=lambda row: Target("column", row.schema, row.table, row.column),
        message="No index serves a search for what is near in this column ({type}): it compares all {rows} rows.",
        details=("type", "rows"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
