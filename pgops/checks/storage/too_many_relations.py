"""Database with very many tables and indexes.

Each session keeps what it knows of every table and index that it has touched in memory of its own, for as long as it
lives: some kilobytes each, with its columns and statistics. A hundred thousand partitions or tenants' tables times some
hundred pooled connections is gigabytes. Besides, pg_dump, pg_upgrade, autovacuum's look round, and every start after a
crash take longer with each file.

INFO from `info_relations` on, WARNING from `warn_relations`, TOAST tables and their indexes included. The message names
the schemas with most of them. Often old partitions could go, or tenants share tables.

Manual: section 5.12.6, "Best Practices for Declarative Partitioning"; section 29.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    database: str
    relations: int
    """Tables, partitions, materialized views, TOAST tables and indexes."""
    tables: int
    partitions: int
    indexes: int
    catalog_bytes: int
    """Of the system catalogues, by the last VACUUM or ANALYZE."""
    largest_schemas: tuple[str, ...] = attrs.field(converter=as_tuple)


@attrs.frozen(kw_only=True)
class Limits:
    info_relations: int = limit(100_000, unit="relations", doc="INFO from so many on.")
    warn_relations: int = limit(500_000, unit="relations", doc="A WARNING from so many on.")


SQL = """
WITH counted AS MATERIALIZED (
  SELECT c.relnamespace,
         pg_catalog.count(*)                                              AS relations,
         pg_catalog.count(*) FILTER (WHERE c.relkind IN ('r', 'm', 'p'))  AS tables,
         pg_catalog.count(*) FILTER (WHERE c.relkind IN ('r', 'p') AND c.relispartition) AS partitions,
         pg_catalog.count(*) FILTER (WHERE c.relkind IN ('i', 'I'))       AS indexes,
         pg_catalog.sum(GREATEST(c.relpages, 0)) AS pages
    FROM pg_catalog.pg_class AS c
   WHERE c.relkind IN ('r', 'm', 'p', 't', 'i', 'I')
   GROUP BY c.relnamespace
)
SELECT pg_catalog.current_database()::text        AS database,
       pg_catalog.sum(k.relations)::bigint        AS relations,
       pg_catalog.sum(k.tables)::bigint           AS tables,
       pg_catalog.sum(k.partitions)::bigint       AS partitions,
       pg_catalog.sum(k.indexes)::bigint          AS indexes,
       pg_catalog.sum(k.pages) FILTER (WHERE n.nspname = 'pg_catalog')::bigint
         * (SELECT pg_catalog.current_setting('block_size')::bigint) AS catalog_bytes,
       ARRAY(SELECT m.nspname::text
               FROM counted AS q
               JOIN pg_catalog.pg_namespace AS m ON m.oid = q.relnamespace
              WHERE m.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
              ORDER BY q.relations DESC, m.nspname
              LIMIT 3) AS largest_schemas
  FROM counted AS k
  JOIN pg_catalog.pg_namespace AS n ON n.oid = k.relnamespace
"""

_by_number = by("relations", info="info_relations", warning="warn_relations")


def _message(row: Row, _: Limits) -> str:
    from pgops.render.quantities import pretty  # noqa: PLC0415  only findings pay for it

    most = f", most of them in {', '.join(row.largest_schemas)}" if row.largest_schemas else ""
    return (
        f"The database has {row.relations:,} relations: {row.tables:,} tables ({row.partitions:,} are partitions), "
        f"{row.indexes:,} indexes, and TOAST tables{most}. Each session remembers all it has touched; the system "
        f"catalogues have {pretty('catalog_bytes', row.catalog_bytes)}."
    )


CHECK = Check(
    id="storage.too_many_relations",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_by_number,
        target=lambda row: Target("database", None, row.database),
        message=_message,
        details=("relations", "tables", "partitions", "indexes", "catalog_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
