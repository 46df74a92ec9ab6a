"""Table with many indexes.

Each INSERT maintains every index of its table, each UPDATE of an indexed column all of them but summaries (BRIN), and
VACUUM reads every one from end to end. Above 16 relations a query takes no fast-path locks for the rest (before
PostgreSQL 18): planning one that touches such a table takes locks in the shared table for each.

INFO from `info_count` indexes on, WARNING from `warn_count`. It is a false alarm for a table that is only read. Which
of them can go is what `indexes.unused_index`, `indexes.duplicate_index`, `indexes.redundant_index` and
`indexes.low_usage` say.

Manual: section 11.1, "Introduction" of "Indexes".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import by, each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    indexes: int
    unique_indexes: int
    indexes_bytes: int
    """By the last VACUUM or ANALYZE."""


@attrs.frozen(kw_only=True)
class Limits:
    info_count: int = limit(12, unit="indexes", doc="INFO from so many on.")
    warn_count: int = limit(20, unit="indexes", doc="A WARNING from so many on.")


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       crowd.indexes,
       crowd.unique_indexes,
       (SELECT pg_catalog.sum(i.relpages)
          FROM pg_catalog.pg_index AS x
          JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
         WHERE x.indrelid = c.oid)::bigint * pg_catalog.current_setting('block_size')::bigint AS indexes_bytes
  FROM (SELECT x.indrelid,
               pg_catalog.count(*)::int AS indexes,
               (pg_catalog.count(*) FILTER (WHERE x.indisunique))::int AS unique_indexes
          FROM pg_catalog.pg_index AS x
         GROUP BY x.indrelid
        HAVING pg_catalog.count(*) >= LEAST(%(info_count)s::int, %(warn_count)s::int)) AS crowd
  JOIN pg_catalog.pg_class AS c ON c.oid = crowd.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE NOT c.relispartition  -- its parent's indexes are its own
   AND <of users>
 ORDER BY crowd.indexes DESC, n.nspname, c.relname
""".replace("<of users>", OF_USERS)

CHECK = Check(
    id="indexes.many_indexes",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("indexes", info="info_count", warning="warn_count"),
        target=lambda row: Target("table", row.schema, row.table),
        message="The table has {indexes} indexes ({unique_indexes} of them unique), and every write maintains them.",
        details=("indexes", "unique_indexes", "indexes_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
