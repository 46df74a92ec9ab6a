"""Index that is larger than its table.

An index holds some columns of each row, so it is smaller than the table, TOAST included. One that is larger is most
often bloated: rows came and went, at places of the key that no new row fills again. Or it is on an expression or of a
method (GIN over trigrams) that makes more entries than there are rows.

WARNING for a btree index of at least `min_bytes` that is larger than table and TOAST table together, INFO for other
methods. An index of all of a table's columns (the key of a table that joins two others) holds as much as the table, on
pages that keys in random order leave a third empty: it is left out up to `whole_row_ratio` times the table. Sizes are
those of the last VACUUM or ANALYZE. It is a false alarm after most rows were removed and the table, but not the index,
was made small.

Manual: section 24.2, "Routine Reindexing".
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
    index: str
    method: str
    exclusion: bool
    whole_row: bool
    """Whether it holds all of the table's columns, and no more than them."""
    index_bytes: int
    table_bytes: int
    """With TOAST, without indexes."""


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(10_485_760, unit="bytes", doc="Leave out smaller indexes.")
    whole_row_ratio: float = limit(
        2.0, unit="times", doc="How much larger than its table an index of all the columns may be."
    )


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       i.relname::text AS "index",
       m.amname::text  AS method,
       x.indisexclusion AS exclusion,
       x.indexprs IS NULL
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                            AND a.attnum <> ALL (x.indkey::int2[])) AS whole_row,
       i.relpages * page.bytes AS index_bytes,
       (c.relpages::bigint + toast.relpages) * page.bytes AS table_bytes
  FROM (SELECT r.*
          FROM pg_catalog.pg_class AS r
         WHERE r.relkind = 'i'
           AND r.relpages * (SELECT pg_catalog.current_setting('block_size')::bigint) >= %(min_bytes)s::bigint
        OFFSET 0) AS i
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::bigint AS bytes OFFSET 0) AS page
  -- looked up one by one: few are so large
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_index AS p WHERE p.indexrelid = i.oid OFFSET 0) AS x
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT COALESCE((SELECT p.relpages FROM pg_catalog.pg_class AS p WHERE p.oid = c.reltoastrelid), 0)
                              AS relpages
                     OFFSET 0) AS toast
 WHERE i.relpages > c.relpages::bigint + toast.relpages
   AND c.relpages > 0  -- otherwise nobody has looked yet
   AND <of users>
 ORDER BY i.relpages DESC, n.nspname, i.relname
""".replace("<of users>", OF_USERS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.index_bytes < limits.min_bytes:
        return None
    if row.whole_row and row.index_bytes < limits.whole_row_ratio * row.table_bytes:
        return None
    return Severity.WARNING if row.method == "btree" else Severity.INFO


def _fix(row: Row, _limits: Limits) -> str | None:
    target = Target("index", row.schema, row.index)
    # what an exclusion constraint stands on can't be rebuilt beside the work
    return None if row.exclusion else f"REINDEX INDEX CONCURRENTLY {target};"


CHECK = Check(
    id="indexes.larger_than_table",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("index", row.schema, row.index),
        message="The {method} index has {index_bytes}, its whole table {table_bytes}.",
        fix=_fix,
        confidence=lambda row: 0.8 if row.method == "btree" else 0.4,
        details=("table", "method", "index_bytes", "table_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
