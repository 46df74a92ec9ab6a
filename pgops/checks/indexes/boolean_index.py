"""Index whose only key is a boolean.

An index on two values finds half of the table, and for half of a table the planner reads all of it. Where one value
is rare the index serves the search for that value alone, and a partial index, `WHERE column` or `WHERE NOT column`,
does that with a small part of the size. Where neither is rare, no query uses it.

INFO for an index of at least `min_bytes`. The statistics that ANALYZE gathered say which of the two it is; where there
are none, or the role may not read them, the confidence is lower. Indexes with more columns are left out, since there a
boolean in front can be right, and so are partial ones, unique ones and those behind a constraint.

It is a false alarm where the index only has to be small or is read alone (an index-only scan that counts).

Manual: section 11.8, "Partial Indexes".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.indexes._fragments import INDEX_BYTES
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, quote_identifier
from pgops.render.quantities import pretty


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    column: str
    index_bytes: int
    true_pct: float | None
    """How many rows are true, of all; None where there are no statistics, or none that the role may read."""
    false_pct: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(1_048_576, unit="bytes", doc="Leave out smaller indexes.")
    rare_pct: float = limit(10.0, unit="%", doc="A value up to this share is rare enough for an index of its own.")


SQL = """
WITH candidate AS MATERIALIZED (
    SELECT n.nspname, c.relname AS table_name, i.relname AS index_name, a.attname, i.relkind, <bytes> AS bytes
      FROM (SELECT p.*
              FROM pg_catalog.pg_index AS p
             WHERE p.indclass[0] IN (SELECT o.oid FROM pg_catalog.pg_opclass AS o
                                      WHERE o.opcintype = 'pg_catalog.bool'::pg_catalog.regtype)
            OFFSET 0) AS x
     -- looked up one by one: few are so
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indexrelid OFFSET 0) AS i
     CROSS JOIN LATERAL (SELECT p.* FROM pg_catalog.pg_class AS p WHERE p.oid = x.indrelid OFFSET 0) AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
     WHERE x.indnatts = 1
       AND x.indkey[0] > 0
       AND x.indpred IS NULL
       AND x.indisvalid AND x.indisready AND x.indislive
       AND NOT (x.indisunique OR x.indisexclusion)
       AND NOT i.relispartition  -- it goes with its parent
       AND a.atttypid = 'pg_catalog.bool'::regtype
       AND <of users>
)
SELECT k.nspname::text    AS schema,
       k.table_name::text AS "table",
       k.index_name::text AS "index",
       k.attname::text    AS "column",
       k.bytes            AS index_bytes,
       known.true_pct,
       known.false_pct
  FROM candidate AS k
  LEFT JOIN LATERAL (
       SELECT 100 * COALESCE((s.most_common_freqs)[pg_catalog.array_position(s.most_common_vals::text::text[], 't')], 0)
                ::float8 AS true_pct,
              100 * COALESCE((s.most_common_freqs)[pg_catalog.array_position(s.most_common_vals::text::text[], 'f')], 0)
                ::float8 AS false_pct
         FROM pg_catalog.pg_stats AS s
        WHERE s.schemaname = k.nspname AND s.tablename = k.table_name AND s.attname = k.attname
          AND s.inherited = (k.relkind = 'I')) AS known ON TRUE
 WHERE k.bytes >= %(min_bytes)s::bigint
 ORDER BY k.bytes DESC, k.nspname, k.index_name
""".replace("<bytes>", INDEX_BYTES).replace("<of users>", OF_USERS)


def _message(row: Row, limits: Limits) -> str:
    what = f"The index of {pretty('index_bytes', row.index_bytes)} has a boolean for its only key"
    name = quote_identifier(row.column)
    if row.true_pct is None or row.false_pct is None:
        return f"{what}: where one of the two values is rare, an index of only those rows serves as well."
    if row.true_pct <= limits.rare_pct and row.true_pct <= row.false_pct:
        return f"{what}, {pretty('true_pct', row.true_pct)} are true: WHERE {name} would hold only those."
    if row.false_pct <= limits.rare_pct:
        return f"{what}, {pretty('false_pct', row.false_pct)} are false: WHERE NOT {name} would hold only those."
    return f"{what}, and neither value is rare: a query that looks for one reads the table instead."


CHECK = Check(
    id="indexes.boolean_index",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=lambda row, limits: Severity.INFO if row.index_bytes >= limits.min_bytes else None,
        target=lambda row: Target("index", row.schema, row.index),
        message=_message,
        confidence=lambda row: 0.5 if row.true_pct is None else 0.9,
        details=("table", "column", "index_bytes", "true_pct", "false_pct"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("pg-index-health: indexes with boolean",),
)
