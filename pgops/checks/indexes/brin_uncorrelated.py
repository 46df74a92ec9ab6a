"""BRIN index on a column whose values lie scattered.

BRIN keeps the smallest and the largest value of each range of pages. That is tiny and serves well where values grow
with the place in the table, as times of insertion do. Where they lie anywhere, every range holds nearly every value,
and a query by the index reads the whole table.

WARNING where the table has at least `min_pages` pages and the correlation of value and place, which ANALYZE measures
from -1 to 1, is nearer to 0 than `min_correlation`. Only the operator classes that keep a minimum and a maximum are
judged (minmax and minmax_multi), since bloom and inclusion do not go by order. A column whose statistics the role may
not read is unseen. Wide rows that are updated wander: CLUSTER, or loading in order, brings the use back for a while.

Manual: chapter "BRIN Indexes"; pg_stats, column correlation.
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
    table_pages: int
    correlation: float | None
    """None where the role may not read the column's statistics."""
    row_security: bool
    """Whether row security binds the role, which hides them too."""


@attrs.frozen(kw_only=True)
class Limits:
    min_correlation: float = limit(0.5, unit="from 0 to 1", doc="The least correlation that BRIN needs.")
    min_pages: int = limit(1_000, unit="pages", doc="Leave out smaller tables, which are a few ranges.")


SQL = """
WITH brin AS MATERIALIZED (
    SELECT i.oid, i.relname, x.indrelid, x.indkey, x.indclass
      FROM pg_catalog.pg_class AS i
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
     WHERE i.relkind = 'i'
       AND i.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'brin')
       AND x.indisvalid
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       i.relname::text AS "index",
       a.attname::text AS "column",
       c.relpages::int AS table_pages,
       s.correlation::float8 AS correlation,
       pg_catalog.row_security_active(c.oid) AS row_security
  FROM brin AS i
 CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, nth)
  JOIN pg_catalog.pg_opclass AS o ON o.oid = (i.indclass::oid[])[k.nth::int - 1]
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
 CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = i.indrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_stats AS s
         ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
 WHERE o.opcname ~ '_minmax(_multi)?_ops$'
   AND c.relpages >= %(min_pages)s::int
   AND (pg_catalog.abs(s.correlation) < %(min_correlation)s::float8
        -- pg_stats shows a column only to those who may read it
        OR s.attname IS NULL AND (NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
             OR pg_catalog.row_security_active(c.oid)))
   AND <of users>
 ORDER BY c.relpages DESC, n.nspname, i.relname, k.nth
""".replace("<of users>", OF_USERS)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target, table = seen.limits_for(row), _target(row), Target("table", row.schema, row.table)
        if row.table_pages < limits.min_pages:
            continue
        if row.correlation is None:
            yield hidden_statistics(target, table, seen.server.user, row_security=row.row_security)
        elif abs(row.correlation) < limits.min_correlation:
            yield Finding(
                Severity.WARNING,
                target,
                f"{quote_identifier(row.column)} lies scattered over the {row.table_pages:,} pages of {table} "
                f"(correlation {row.correlation:.2f}): by this BRIN index nearly all of them have to be read.",
                confidence=0.9,
                details={"table": row.table, "correlation": row.correlation, "table_pages": row.table_pages},
            )


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index, row.column)


CHECK = Check(
    id="indexes.brin_uncorrelated",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
)
