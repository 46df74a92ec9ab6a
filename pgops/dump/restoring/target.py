"""What is in a database that a dump is to be restored into: counts, rows, the largest, and whether it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from psycopg.rows import tuple_row

from pgops.findings import as_tuple
from pgops.render.quantities import size as size_in_words

if TYPE_CHECKING:
    import psycopg


# Each thing that CREATE makes and DROP DATABASE would take along, extensions' members and public's schema left out.
# Row types, array types, TOAST, indexes and constraints go with what they belong to.
_OBJECTS = """
WITH made (kind, class, oid) AS (
    SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                          WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'foreign table' END,
           'pg_catalog.pg_class'::pg_catalog.regclass, c.oid
      FROM pg_catalog.pg_class AS c
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND c.relpersistence <> 't'
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid
      FROM pg_catalog.pg_proc AS p
    UNION ALL
    SELECT 'type', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid
      FROM pg_catalog.pg_type AS t
      LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
     WHERE (t.typrelid = 0 OR c.relkind = 'c')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
       AND t.typtype <> 'm'
    UNION ALL
    SELECT 'schema', 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid
      FROM pg_catalog.pg_namespace AS n
     WHERE n.nspname <> 'public'
       AND n.nspname !~ '^pg_(toast|temp|toast_temp)_'
    UNION ALL
    SELECT 'large object', 'pg_catalog.pg_largeobject_metadata'::pg_catalog.regclass, l.oid
      FROM pg_catalog.pg_largeobject_metadata AS l
    {more}
)
SELECT m.kind, pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashint8(m.oid::bigint)::bigint)::text
  FROM made AS m
 WHERE (m.oid::bigint >= 16384 OR m.kind = 'large object')
   AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = m.class AND d.objid = m.oid AND d.deptype = 'e')
   AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_class AS c
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE m.class = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = m.oid
          AND n.nspname ~ '^pg_(toast|temp|toast_temp)')
 GROUP BY m.kind
 ORDER BY m.kind
"""
_MORE = {
    "operator": "pg_operator",
    "operator class": "pg_opclass",
    "operator family": "pg_opfamily",
    "collation": "pg_collation",
    "conversion": "pg_conversion",
    "cast": "pg_cast",
    "language": "pg_language",
    "text search configuration": "pg_ts_config",
    "text search dictionary": "pg_ts_dict",
    "publication": "pg_publication",
    "event trigger": "pg_event_trigger",
    "foreign data wrapper": "pg_foreign_data_wrapper",
    "foreign server": "pg_foreign_server",
    "access method": "pg_am",
}
_QUERY = _OBJECTS.format(
    more="\n".join(
        f"UNION ALL SELECT '{kind}', 'pg_catalog.{table}'::pg_catalog.regclass, o.oid FROM pg_catalog.{table} AS o"  # noqa: S608
        for kind, table in _MORE.items()
    )
)

# Sizes from relpages, not from pg_relation_size, which would wait for whoever has locked the table. A database without
# an encoding may have names that can't be sent as they are.
_LARGEST = """
SELECT CASE WHEN pg_catalog.getdatabaseencoding() = 'SQL_ASCII'
            THEN pg_catalog.encode(pg_catalog.convert_to(n.nspname || '.' || c.relname, 'SQL_ASCII'), 'escape')
            ELSE n.nspname || '.' || c.relname
       END,
       greatest(c.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(c.oid), 0),
       c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm')
   AND c.relpersistence <> 't'
   AND c.oid::bigint >= 16384
   AND n.nspname !~ '^pg_'
   AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 3 DESC, 2 DESC, 1
"""
_NAMED = 3


@attrs.frozen(kw_only=True)
class TargetContents:
    """What a database holds, without what extensions and PostgreSQL itself made."""

    counts: tuple[tuple[str, int], ...] = attrs.field(converter=as_tuple)
    """Each kind of object, and how many."""
    rows: int
    """An estimate: what statistics say."""
    largest: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The largest tables, with rows and size."""
    fingerprint: tuple[tuple[str, int, str], ...] = attrs.field(converter=as_tuple)
    """Another where any object was made or dropped."""

    @property
    def is_empty(self) -> bool:
        """Whether nobody made anything in it but extensions."""
        return not self.counts

    def __str__(self) -> str:
        if self.is_empty:
            return "nothing"
        made = ", ".join(f"{count:,} {_many(kind) if count != 1 else kind}" for kind, count in self.counts)
        rows = f", about {self.rows:,} rows" if self.rows else ""
        largest = f", the largest {', '.join(self.largest)}" if self.largest else ""
        return f"{made}{rows}{largest}"


def _many(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith("ss") else f"{kind}s"


def target_contents(conn: psycopg.Connection[Any]) -> TargetContents:
    """What is in `conn`'s database. Only the catalogue is read."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(_QUERY.encode()).fetchall()
        tables = cursor.execute(_LARGEST).fetchall()
    return TargetContents(
        counts=[(kind, count) for kind, count, _ in found],
        rows=sum(rows for _, rows, _ in tables),
        largest=[f"{name} ({rows:,} rows, {size_in_words(size)})" for name, rows, size in tables[:_NAMED]],
        fingerprint=[tuple(row) for row in found],
    )
