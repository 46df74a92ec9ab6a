"""What a back-fill goes by: the primary key, or another unique index whose columns are never NULL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pgops.errors import BackfillError
from pgops.migrations.asking import plain_cursor
from pgops.sql.statements import Name

if TYPE_CHECKING:
    import psycopg


@attrs.frozen(kw_only=True)
class Key:
    """The columns that order the rows, with their types as SQL writes them."""

    columns: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The columns, as a row or alone."""
        names = ", ".join(Name(each).sql for each in self.columns)
        return f"({names})" if len(self.columns) > 1 else names

    @property
    def order(self) -> str:
        """For ORDER BY."""
        return ", ".join(Name(each).sql for each in self.columns)

    @property
    def parameters(self) -> str:
        """Places for one position: texts that become the columns' types (psycopg reads a percent sign as a place)."""
        places = ", ".join(f"%s::text::{each.replace('%', '%%')}" for each in self.types)
        return f"({places})" if len(self.columns) > 1 else places


@attrs.frozen(kw_only=True)
class KeyedTable:
    """A table, found, with its key and its size."""

    oid: int
    name: Name
    rows: float
    bytes: int
    key: Key


_TABLE = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind,
       CASE WHEN c.relkind = 'p'
            THEN (SELECT COALESCE(pg_catalog.sum(l.reltuples) FILTER (WHERE l.reltuples >= 0), 0)
                    FROM pg_catalog.pg_partition_tree(c.oid) AS t
                    JOIN pg_catalog.pg_class AS l ON l.oid = t.relid
                   WHERE t.isleaf)
            ELSE c.reltuples END,
       CASE WHEN c.relkind = 'p'
            THEN (SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_table_size(t.relid)), 0)
                    FROM pg_catalog.pg_partition_tree(c.oid) AS t
                   WHERE t.isleaf)
            ELSE pg_catalog.pg_table_size(c.oid) END::bigint
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.oid = pg_catalog.to_regclass(%s)
"""

# The primary key first, then whatever index has the fewest columns. Only b-trees are ordered. Since 18 attnotnull is
# true under a NOT NULL that is NOT VALID too, and then a row may have NULL.
_KEYS = """
SELECT ARRAY(SELECT a.attname::text
               FROM pg_catalog.unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, nth)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
              WHERE k.nth <= i.indnkeyatts
              ORDER BY k.nth),
       ARRAY(SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
               FROM pg_catalog.unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, nth)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
              WHERE k.nth <= i.indnkeyatts
              ORDER BY k.nth)
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
 WHERE i.indrelid = %s
   AND i.indisunique
   AND i.indisvalid
   AND i.indpred IS NULL
   AND i.indexprs IS NULL
   AND m.amname = 'btree'
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, nth)
                     JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
                    WHERE k.nth <= i.indnkeyatts
                      AND (NOT a.attnotnull
                           OR EXISTS (SELECT
                                        FROM pg_catalog.pg_constraint AS n
                                       WHERE n.conrelid = a.attrelid
                                         AND n.contype = 'n'
                                         AND n.conkey = ARRAY[a.attnum]
                                         AND NOT n.convalidated)))
 ORDER BY i.indisprimary DESC, i.indnkeyatts
"""


def keyed_table(conn: psycopg.Connection[Any], table: str) -> KeyedTable:
    """The table called `table` (as SQL writes it) and what its rows can be gone through by.

    Raises `BackfillError` where there is no such table, or none of its indexes can serve.
    """
    with plain_cursor(conn) as cursor:
        row = cursor.execute(_TABLE.encode(), [table]).fetchone()
        if row is None:
            raise BackfillError(f"There is no table {table} on the search path.", cure="Write it with its schema.")
        oid, schema, name, kind, rows, size = row
        if kind not in {"r", "p"}:
            raise BackfillError(f"{table} is no table.", cure="Name the table whose rows are to be filled.")
        keys = cursor.execute(_KEYS.encode(), [oid]).fetchall()
    if not keys:
        raise BackfillError(
            f"{table} has no primary key, and no other unique index on columns that are NOT NULL (and valid).",
            cure="Give it one (CREATE UNIQUE INDEX CONCURRENTLY): batches need an order that misses no row.",
        )
    columns, types = keys[0]
    return KeyedTable(
        oid=oid, name=Name(name, schema), rows=rows, bytes=size, key=Key(columns=tuple(columns), types=tuple(types))
    )
