"""What a statement that allows no transaction leaves behind when it is broken off, and how it is cleared away.

CREATE INDEX CONCURRENTLY leaves an INVALID index, which slows writes and serves nobody; REINDEX CONCURRENTLY leaves
`_ccnew` and `_ccold`; DETACH PARTITION CONCURRENTLY a partition that is half off, which makes every later one fail
(manual, CREATE INDEX, REINDEX, ALTER TABLE). Nothing is cleared away that is still being built by somebody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgops.migrations.sql import statements as s
from pgops.migrations.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

# Invalid, and nobody is building it: in no session's progress. Only direct children of the name that was wanted.
_INVALID = """
SELECT n.nspname, c.relname
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid
   AND c.relkind = 'i'
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_stat_progress_create_index AS p
                    WHERE p.index_relid = i.indexrelid)
"""
_BY_NAME = _INVALID + "   AND c.oid = pg_catalog.to_regclass(%s)"
_ON_TABLE = _INVALID + "   AND i.indrelid = pg_catalog.to_regclass(%s) AND c.relname ~ '_cc(new|old)[0-9]*$'"
_OF_INDEX = _INVALID + (
    "   AND i.indrelid ="
    " (SELECT o.indrelid FROM pg_catalog.pg_index AS o WHERE o.indexrelid = pg_catalog.to_regclass(%s))"
    " AND c.relname ~ '_cc(new|old)[0-9]*$'"
)
_PENDING = """
SELECT EXISTS (SELECT
                 FROM pg_catalog.pg_inherits
                WHERE inhparent = pg_catalog.to_regclass(%s)
                  AND inhrelid = pg_catalog.to_regclass(%s)
                  AND inhdetachpending)
"""


def clear_up(conn: psycopg.Connection[Any], meaning: s.Meaning) -> Iterator[str]:
    """Clear away what a broken-off run of this statement has left, and say what was done. `conn` is in autocommit."""
    match meaning:
        case s.CreateIndex(concurrently=True, name=str() as name):
            yield from _drop(conn, _BY_NAME, Name(name, meaning.table.schema).sql)
        case s.CreateIndex(concurrently=True):
            yield from _drop_unnamed(conn, meaning)
        case s.Reindex(concurrently=True, kind="index", name=Name() as name):
            yield from _drop(conn, _OF_INDEX, name.sql)
        case s.Reindex(concurrently=True, kind="table", name=Name() as name):
            yield from _drop(conn, _ON_TABLE, name.sql)
        case s.AlterTable():
            for action in meaning.actions:
                if isinstance(action, s.DetachPartition) and action.concurrently:
                    yield from _finalize(conn, meaning.table, action.partition)


def _drop(conn: psycopg.Connection[Any], query: str, name: str) -> Iterator[str]:
    for schema, index in conn.execute(query.encode(), [name]).fetchall():
        conn.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(schema, index)))
        yield f"dropped the invalid index {Name(index, schema)} that a broken-off build had left"


def _drop_unnamed(conn: psycopg.Connection[Any], meaning: s.CreateIndex) -> Iterator[str]:
    """PostgreSQL chose the name: an invalid index with just these keys on the table, which nobody builds."""
    if not all(meaning.columns):
        return
    query = _INVALID + (
        "   AND i.indrelid = pg_catalog.to_regclass(%s)"
        " AND i.indnkeyatts = %s"
        " AND ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, nth)"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number"
        " WHERE k.nth <= i.indnkeyatts ORDER BY k.nth) = %s"
    )
    parameters = [meaning.table.sql, len(meaning.columns), list(meaning.columns)]
    for schema, index in conn.execute(query.encode(), parameters).fetchall():
        conn.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(schema, index)))
        yield f"dropped the invalid index {Name(index, schema)} that a broken-off build had left"


def _finalize(conn: psycopg.Connection[Any], table: Name, partition: Name) -> Iterator[str]:
    row = conn.execute(_PENDING.encode(), [table.sql, partition.sql]).fetchone()
    if row is not None and row[0]:
        conn.execute(f"ALTER TABLE {table.sql} DETACH PARTITION {partition.sql} FINALIZE".encode())
        yield f"finished the detaching of {partition}, which had been broken off"
