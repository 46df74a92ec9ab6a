"""Index that holds little but NULL.

A btree index keeps an entry for every row, those without a value too. Where nearly all rows have none, an index on the
rest, `WHERE column IS NOT NULL`, is a small part of the size and of the work that writes have with it, and it serves
the same queries: any comparison with a value implies the predicate. It serves a foreign key too.

INFO where at least `min_null_pct` of an index's only key column is NULL, by the statistics that ANALYZE gathered, and
the index has `min_bytes`. Unique indexes and those behind a constraint are left out, as are partial ones. A column
whose statistics the role may not read is unseen.

It is a false alarm where queries search for NULL itself with a LIMIT, or sort by the column with the index. The remedy
makes the small index first, and drops the large one when the small one is there.

Manual: section 11.8, "Partial Indexes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.indexes._fragments import DEFINITION, INDEX_BYTES
from pgops.checks.relations import OF_USERS, hidden_statistics
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    column: str
    partitioned: bool
    index_bytes: int
    null_pct: float | None
    """None where the role may not read the column's statistics."""
    row_security: bool
    """Whether row security binds the role, which hides them too."""
    definition: str | None


@attrs.frozen(kw_only=True)
class Limits:
    min_null_pct: float = limit(90.0, unit="%", doc="From this share of NULL on.")
    min_bytes: int = limit(1_048_576, unit="bytes", doc="Leave out smaller indexes.")


SQL = (
    """
WITH candidate AS MATERIALIZED (
    SELECT n.nspname, c.relname AS table_name, i.relname AS index_name, a.attname, i.relkind, x.indrelid, a.attnum,
           x.indexrelid, <bytes> AS bytes
      FROM (SELECT r.*
              FROM pg_catalog.pg_class AS r
             WHERE r.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'btree')
               AND NOT r.relispartition  -- it goes with its parent
               AND (r.relkind = 'I'
                    OR r.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::int)
                       >= %(min_bytes)s::bigint)
            OFFSET 0) AS i
     -- looked up one by one: few are so large
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_index AS p WHERE p.indexrelid = i.oid OFFSET 0) AS x
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indrelid OFFSET 0) AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
     WHERE x.indnkeyatts = 1
       AND x.indkey[0] > 0
       AND x.indpred IS NULL
       AND x.indisvalid AND x.indisready AND x.indislive
       AND NOT (x.indisunique OR x.indisexclusion OR x.indisreplident OR x.indisclustered)
       AND NOT a.attnotnull
       AND <of users>
), measured AS (
    SELECT k.*,
           (SELECT 100.0 * s.null_frac
              FROM pg_catalog.pg_stats AS s
             WHERE s.schemaname = k.nspname AND s.tablename = k.table_name AND s.attname = k.attname
               AND s.inherited = (k.relkind = 'I')) AS null_pct
      FROM candidate AS k
     WHERE k.bytes >= %(min_bytes)s::bigint
)
SELECT m.nspname::text     AS schema,
       m.table_name::text  AS "table",
       m.index_name::text  AS "index",
       m.attname::text     AS "column",
       m.relkind = 'I'     AS partitioned,
       m.bytes             AS index_bytes,
       m.null_pct::float8  AS null_pct,
       pg_catalog.row_security_active(m.indrelid) AS row_security,
       <definition>        AS definition
  FROM measured AS m
  JOIN pg_catalog.pg_index AS x ON x.indexrelid = m.indexrelid
  JOIN pg_catalog.pg_class AS i ON i.oid = m.indexrelid
 WHERE m.null_pct >= %(min_null_pct)s::float8
    -- pg_stats shows a column only to those who may read it
    OR m.null_pct IS NULL AND (NOT pg_catalog.has_column_privilege(m.indrelid, m.attnum, 'SELECT')
             OR pg_catalog.row_security_active(m.indrelid))
 ORDER BY m.bytes DESC, m.nspname, m.index_name
""".replace("<bytes>", INDEX_BYTES)
    .replace("<definition>", DEFINITION)
    .replace("<of users>", OF_USERS)
)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.index_bytes < limits.min_bytes:
            continue
        if row.null_pct is None:
            table = Target("table", row.schema, row.table)
            yield hidden_statistics(target, table, seen.server.user, row_security=row.row_security)
            continue
        if row.null_pct < limits.min_null_pct:
            continue
        yield Finding(
            Severity.INFO,
            target,
            f"{pretty('null_pct', row.null_pct)} of what the index of {pretty('index_bytes', row.index_bytes)} holds "
            f"is NULL: with WHERE {quote_identifier(row.column)} IS NOT NULL it would be small.",
            _fix(row),
            confidence=0.9,
            details={"table": row.table, "index_bytes": row.index_bytes, "null_pct": row.null_pct},
        )


def _fix(row: Row) -> str | None:
    if row.definition is None or row.partitioned:  # a partitioned one can't be made CONCURRENTLY
        return None
    table = Target("table", row.schema, row.table)
    where = f"WHERE {quote_identifier(row.column)} IS NOT NULL"
    return f"CREATE INDEX CONCURRENTLY ON {table} {row.definition} {where};\nDROP INDEX CONCURRENTLY {_target(row)};"


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


CHECK = Check(
    id="indexes.mostly_null_index",
    aliases=("null_indexes",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    known_as=("pg-index-health: indexes with null values", "ruby-pg-extras: null_indexes"),
)
