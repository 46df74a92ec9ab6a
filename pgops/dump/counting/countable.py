"""Which tables a dump holds rows of, and may be counted: what pg_dump chooses, and what this session may read whole.

pg_dump reads tables and leaf partitions, unlogged ones too (not on a standby), outside the system's schemas. It leaves
out temporary tables, the rows of foreign tables, and what belongs to an extension (PostgreSQL manual, pg_dump).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from psycopg import sql
from psycopg.rows import tuple_row

from pgops.errors import CountError
from pgops.findings import as_tuple, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

_LOCKED_AT_ONCE = 200
_NAMED_AT_MOST = 5

# Rows of an extension's tables are in no dump, but for those that pg_extension_config_dump names.
_TABLES = """
SELECT c.oid::pg_catalog.int8,
       n.nspname::pg_catalog.text,
       c.relname::pg_catalog.text,
       c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery() AS is_out_of_reach,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE')
         AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may_be_read,
       pg_catalog.row_security_active(c.oid) AS is_filtered,
       coalesce(e.is_config, false) AS is_config
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
         SELECT c.oid = ANY (x.extconfig) AS is_config
           FROM pg_catalog.pg_depend AS d
           JOIN pg_catalog.pg_extension AS x ON x.oid = d.refobjid
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.objid = c.oid
            AND d.objsubid = 0
            AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
            AND d.deptype = 'e'
       ) AS e ON true
 WHERE c.relkind = 'r'
   AND c.relpersistence <> 't'
   AND pg_catalog.left(n.nspname::pg_catalog.text, 3) <> 'pg_'
   AND n.nspname <> 'information_schema'
   AND (e IS NULL OR e.is_config)
"""

_SIZES = """
SELECT o.oid::pg_catalog.int8, coalesce(pg_catalog.pg_table_size(o.oid::pg_catalog.oid), 0)
  FROM pg_catalog.unnest(%s::pg_catalog.int8[]) AS o(oid)
"""

_OTHERS = """
SELECT c.relkind::pg_catalog.text, pg_catalog.count(*)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('m', 'S')
   AND c.relpersistence <> 't'
   AND pg_catalog.left(n.nspname::pg_catalog.text, 3) <> 'pg_'
   AND n.nspname <> 'information_schema'
 GROUP BY c.relkind
"""

_WHY_NOT = {
    "S": "Values of sequences: they belong to no snapshot.",
    "m": "Rows of materialized views: a restore fills them by their queries.",
}


@attrs.frozen(kw_only=True)
class Chosen:
    """What of a database is in a dump: all of it, whole schemas, or tables by name. `tables` overrules `schemas`."""

    tables: frozenset[tuple[str, str]] | None = None
    schemas: frozenset[str] | None = None

    @classmethod
    def of(cls, tables: Iterable[tuple[str, str]] | None, schemas: Iterable[str] | None) -> Chosen:
        """None, or nothing, is no choice."""
        only = frozenset((schema, name) for schema, name in tables) if tables is not None else None
        return cls(tables=only, schemas=frozenset(schemas) if schemas else None)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out. Only then a dump holds large objects."""
        return self.tables is None and self.schemas is None

    def holds(self, schema: str, name: str) -> bool:
        """Whether a table's rows are in it."""
        if self.tables is not None:
            return (schema, name) in self.tables
        return self.schemas is None or schema in self.schemas


@attrs.frozen(kw_only=True)
class CountableTable:
    """A table whose rows are in a dump. `size_bytes` is that of the heap and its TOAST."""

    oid: int
    schema: str
    name: str
    size_bytes: int = 0

    def __str__(self) -> str:
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"

    @property
    def sql(self) -> sql.Composable:
        """Its name as it stands in a statement."""
        return sql.Identifier(self.schema, self.name)


@attrs.frozen(kw_only=True)
class Countable:
    """The tables to be counted, and a sentence on each thing that is not."""

    tables: tuple[CountableTable, ...] = attrs.field(converter=as_tuple)
    not_counted: tuple[str, ...] = attrs.field(converter=as_tuple)


def countable_tables(session: psycopg.Connection[Any], chosen: Chosen) -> Countable:
    """The tables of a dump, as the session's snapshot has them.

    Raises `CountError` with the names of those that may not be read, or not whole: pg_dump would fail on them too.
    """
    tables, refused, filtered, reasons = [], [], [], []
    with session.cursor(row_factory=tuple_row) as cursor:
        for oid, schema, name, is_out_of_reach, may_be_read, is_filtered, is_config in cursor.execute(_TABLES):
            if not chosen.holds(schema, name):
                continue
            table = CountableTable(oid=oid, schema=schema, name=name)
            if is_out_of_reach:
                reasons.append(f"Rows of {table}: it is unlogged, and a standby has none of them.")
            elif is_config:
                reasons.append(f"Rows of {table}: it belongs to an extension, which puts rows there itself.")
            elif not may_be_read:
                refused.append(table)
            elif is_filtered:
                filtered.append(table)
            else:
                tables.append(table)
        if refused:
            raise CountError(
                f"Rows can't be counted: no privilege to read {_named(refused)}.",
                cure="Dump as a role that may read all of it (pg_read_all_data), or leave those tables out.",
            )
        if filtered:
            raise CountError(
                f"Rows can't be counted: row-level security hides some of {_named(filtered)}.",
                cure="Dump as the tables' owner, or as a role with BYPASSRLS.",
            )
        if chosen.tables is None:  # by the same token a dump of some tables holds neither
            cursor.execute(_OTHERS)
            reasons += sorted(_WHY_NOT[kind] for kind, _ in cursor)
    return Countable(tables=tables, not_counted=reasons)


def lock_tables(session: psycopg.Connection[Any], tables: Sequence[CountableTable]) -> None:
    """Take ACCESS SHARE on each, as pg_dump does: none can be dropped, truncated or rewritten then.

    TRUNCATE and rewrites are not seen through a snapshot: old rows would just not be there (manual 13.6).
    """
    for first in range(0, len(tables), _LOCKED_AT_ONCE):
        names = sql.SQL(", ").join(sql.SQL("ONLY ") + table.sql for table in tables[first : first + _LOCKED_AT_ONCE])
        session.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))


def largest_first(session: psycopg.Connection[Any], tables: Sequence[CountableTable]) -> list[CountableTable]:
    """With their sizes. They have to be locked: else measuring one would wait for whoever is rewriting it."""
    with session.cursor(row_factory=tuple_row) as cursor:
        sizes: dict[int, int] = dict(cursor.execute(_SIZES, [[table.oid for table in tables]]).fetchall())
    measured = [attrs.evolve(table, size_bytes=sizes.get(table.oid, 0)) for table in tables]
    return sorted(measured, key=lambda table: (-table.size_bytes, table.schema, table.name))


def _named(tables: Sequence[CountableTable]) -> str:
    return ", ".join(_some(tables))


def _some(tables: Sequence[CountableTable]) -> Iterator[str]:
    yield from map(str, tables[:_NAMED_AT_MOST])
    if len(tables) > _NAMED_AT_MOST:
        yield f"and {len(tables) - _NAMED_AT_MOST} more"
