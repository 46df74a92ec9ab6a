"""Table without a primary key.

Without one two rows can be equal in everything, so that neither can be changed or deleted alone; foreign keys have
nothing to point at; logical replication can't carry updates and deletes; and tools that copy or repair tables
(pg_repack, change data capture) refuse it.

INFO, a WARNING is left to `schema.no_unique_key`, where nothing else tells rows apart. A partitioned table is told
once, its partitions not at all. Temporary, unlogged and foreign tables are left out, as are an extension's own. It is
a false alarm for a log that is only ever written and read as a whole, and for one row of settings.

There is a remedy where a unique index over NOT NULL columns can become the key at once. Otherwise choose the columns,
or add an identity column, which rewrites the table.

Manual: section 5.5.4, "Primary Keys".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    partitioned: bool
    rows: int
    """As VACUUM or ANALYZE estimated them."""
    unique_index: str | None
    """One over NOT NULL columns that can become the key."""


SQL = """
WITH keyless AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p')
     AND NOT c.relispartition
     AND c.relpersistence = 'p'
     AND c.oid NOT IN (SELECT x.indrelid FROM pg_catalog.pg_index AS x WHERE x.indisprimary)
     AND <of users>
)
SELECT k.nspname::text                    AS schema,
       k.relname::text                    AS "table",
       k.relkind = 'p'                    AS partitioned,
       GREATEST(k.reltuples, 0)::bigint   AS rows,
       -- what ADD PRIMARY KEY USING INDEX accepts
       (SELECT i.relname::text
          FROM pg_catalog.pg_index AS x
          JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
          JOIN pg_catalog.pg_am AS m ON m.oid = i.relam
         WHERE x.indrelid = k.oid
           AND k.relkind = 'r'
           AND m.amname = 'btree'
           AND x.indisunique AND x.indimmediate AND x.indisvalid AND x.indisready
           AND x.indpred IS NULL
           AND x.indexprs IS NULL
           AND <nulls distinct>
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS o
                            WHERE o.conindid = x.indexrelid AND o.contype IN ('u', 'x'))
           AND NOT EXISTS (SELECT
                             FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) AS place
                             JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.oid AND a.attnum = x.indkey[place]
                             JOIN pg_catalog.pg_opclass AS o ON o.oid = x.indclass[place]
                            WHERE NOT a.attnotnull
                               OR x.indoption[place] <> 0
                               OR x.indcollation[place] <> a.attcollation
                               OR NOT o.opcdefault)
         ORDER BY x.indnkeyatts, i.relname
         LIMIT 1)                         AS unique_index
  FROM keyless AS k
 ORDER BY GREATEST(k.reltuples, 0) DESC, k.nspname, k.relname
""".replace("<of users>", OF_USERS)


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


def _message(row: Row, _: object) -> str:
    what = "partitioned table" if row.partitioned else "table"
    said = f"The {what} of about {row.rows:,} rows has no primary key"
    if row.unique_index:
        return f"{said}; its unique index {quote_identifier(row.unique_index)} can become one."
    return f"{said}."


def _fix(row: Row, _: object) -> str | None:
    if row.unique_index is None:
        return None
    return f"ALTER TABLE {_target(row)} ADD PRIMARY KEY USING INDEX {quote_identifier(row.unique_index)};"


CHECK = Check(
    id="schema.no_primary_key",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=_target,
        message=_message,
        fix=_fix,
        details=("partitioned", "rows", "unique_index"),
    ),
    queries=[
        Query(since=14, sql=SQL.replace("<nulls distinct>", "TRUE")),
        Query(since=15, sql=SQL.replace("<nulls distinct>", "NOT x.indnullsnotdistinct")),
    ],
    known_as=(
        "pg-index-health: tables without primary key",
        "splinter: no_primary_key",
    ),
)
