"""Hash index on a column of few values.

A hash index puts equal values into one bucket. Where each value stands in thousands of rows, buckets grow chains of
overflow pages: a search reads a whole chain, and an INSERT walks it to its end. A btree index keeps equal values once
(deduplication, since PostgreSQL 13) and serves sorting and ranges too.

WARNING where the statistics say that a value stands in `max_rows_per_value` rows or more, on average or the most
common one. A column whose statistics the role may not read is unseen. It is a false alarm where only the rare values
are looked for, and then a partial index is better than both.

Manual: chapter "Hash Indexes"; section 65.1.4.3, "Deduplication".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.relations import OF_USERS, hidden_statistics
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    column: str
    rows: int
    rows_per_value: int | None
    """On average, or of the most common value if that is more; None where the role may not read the statistics."""
    row_security: bool
    """Whether row security binds the role, which hides them too."""
    replaceable: bool
    """Whether one command says the same as btree: no predicate, and a type that btree can sort."""


@attrs.frozen(kw_only=True)
class Limits:
    max_rows_per_value: int = limit(1_000, unit="rows", doc="From so many rows of one value on.")


SQL = """
WITH hashed AS MATERIALIZED (
    SELECT i.oid, i.relname, i.relispartition, x.indrelid, x.indkey[0] AS attnum, x.indpred IS NULL AS whole
      FROM pg_catalog.pg_class AS i
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
     WHERE i.relkind = 'i'
       AND i.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'hash')
       AND x.indisvalid
       AND x.indkey[0] > 0
       -- a predicate about the column leaves out its common values, most likely
       AND (x.indpred IS NULL OR pg_catalog.strpos(x.indpred::text, ':varattno ' || x.indkey[0] || ' ') = 0)
)
SELECT n.nspname::text     AS schema,
       c.relname::text     AS "table",
       i.relname::text     AS "index",
       a.attname::text     AS "column",
       c.reltuples::bigint AS rows,
       known.rows_per_value,
       pg_catalog.row_security_active(c.oid) AS row_security,
       -- btree refuses long keys, and a partition's index goes with its parent
       i.whole AND NOT i.relispartition AND a.attlen > 0 AND EXISTS (SELECT FROM pg_catalog.pg_opclass AS o
                            WHERE o.opcintype = a.atttypid
                              AND o.opcdefault
                              AND o.opcmethod = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'btree'))
                           AS replaceable
  FROM hashed AS i
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.attnum
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = i.indrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
       SELECT (GREATEST((s.most_common_freqs)[1]::float8,
                        (1 - s.null_frac) / CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * c.reltuples
                                                 ELSE NULLIF(s.n_distinct, 0) END)
                 * c.reltuples)::bigint AS rows_per_value
         FROM pg_catalog.pg_stats AS s
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
          AND NOT s.inherited) AS known ON TRUE
 WHERE c.reltuples >= %(max_rows_per_value)s::bigint
   AND (known.rows_per_value >= %(max_rows_per_value)s::bigint
        -- pg_stats shows a column only to those who may read it
        OR known.rows_per_value IS NULL AND (NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
             OR pg_catalog.row_security_active(c.oid)))
   AND <of users>
 ORDER BY c.reltuples DESC, n.nspname, i.relname
""".replace("<of users>", OF_USERS)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        target, table = _target(row), Target("table", row.schema, row.table)
        if row.rows_per_value is None:
            yield hidden_statistics(target, table, seen.server.user, row_security=row.row_security)
        elif row.rows_per_value >= seen.limits_for(row).max_rows_per_value:
            yield Finding(
                Severity.WARNING,
                target,
                f"One value of {quote_identifier(row.column)} stands in up to {row.rows_per_value:,} of {row.rows:,} "
                "rows, and a hash index chains them: btree keeps a value once.",
                _fix(row, table),
                confidence=0.85,
                details={"table": row.table, "rows": row.rows, "rows_per_value": row.rows_per_value},
            )


def _fix(row: Row, table: Target) -> str | None:
    if not row.replaceable:
        return None
    return (
        f"CREATE INDEX CONCURRENTLY ON {table} ({quote_identifier(row.column)});\n"
        f"DROP INDEX CONCURRENTLY {_target(row)};"
    )


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


CHECK = Check(
    id="indexes.hash_repeated_values",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
)
