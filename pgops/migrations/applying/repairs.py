"""What a statement that allows no transaction leaves behind when it is broken off, and how it is cleared away.

CREATE INDEX CONCURRENTLY leaves an INVALID index, which slows writes and serves nobody; REINDEX CONCURRENTLY leaves
`_ccnew` and `_ccold`; DETACH PARTITION CONCURRENTLY a partition that is half off, which makes every later one fail
(manual, CREATE INDEX, REINDEX, ALTER TABLE). Nothing is cleared away that is still being built by somebody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgops.migrations.applying.lookups import index_is_like, regclass, text
from pgops.migrations.applying.questions import encoded
from pgops.migrations.asking import plain_cursor
from pgops.sql import statements as s
from pgops.sql.statements import Name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

# Invalid, and nobody is building it. What another's progress is about can't be seen without pg_read_all_stats, locks
# can: whoever builds concurrently holds ShareUpdateExclusiveLock on the table from beginning to end. VACUUM and ANALYZE
# hold it too, and they may pass.
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
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_locks AS l
                    WHERE l.locktype = 'relation'
                      AND l.relation = i.indrelid
                      AND l.database = (SELECT d.oid
                                          FROM pg_catalog.pg_database AS d
                                         WHERE d.datname = pg_catalog.current_database())
                      AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
                                     'ExclusiveLock', 'AccessExclusiveLock')
                      AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum AS v WHERE v.pid = l.pid)
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_analyze AS v WHERE v.pid = l.pid))
"""
_LEFT_BY_REINDEX = " AND c.relname ~ '_cc(new|old)[0-9]*$'"
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
        case s.CreateIndex(concurrently=True):
            yield from _drop(conn, _of_build(meaning))
        case s.Reindex(concurrently=True, kind="index", name=Name() as name):
            of = f"(SELECT o.indrelid FROM pg_catalog.pg_index AS o WHERE o.indexrelid = {regclass(name)})"
            yield from _drop(conn, f"i.indrelid = {of}{_LEFT_BY_REINDEX}")
        case s.Reindex(concurrently=True, kind="table", name=Name() as name):
            yield from _drop(conn, f"i.indrelid = {regclass(name)}{_LEFT_BY_REINDEX}")
        case s.AlterTable():
            for action in meaning.actions:
                if isinstance(action, s.DetachPartition) and action.concurrently:
                    yield from _finalize(conn, meaning.table, action.partition)


def _of_build(meaning: s.CreateIndex) -> str:
    """The conditions on an index that this statement may have left. An index is in its table's schema."""
    if meaning.name is not None:
        return f"i.indrelid = {regclass(meaning.table)} AND c.relname = {text(meaning.name)}"
    if not all(meaning.columns):
        return "false"  # PostgreSQL chose the name, and an expression's text is not known
    return index_is_like(meaning)


def _drop(conn: psycopg.Connection[Any], conditions: str) -> Iterator[str]:
    with plain_cursor(conn) as cursor:
        found = cursor.execute(encoded(conn, f"{_INVALID}   AND {conditions}")).fetchall()
    for schema, index in found:
        conn.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(schema, index)))
        yield f"dropped the invalid index {Name(index, schema)} that a broken-off build had left"


def _finalize(conn: psycopg.Connection[Any], table: Name, partition: Name) -> Iterator[str]:
    with plain_cursor(conn) as cursor:
        row = cursor.execute(_PENDING, [table.sql, partition.sql]).fetchone()
    if row is not None and row[0]:
        conn.execute(encoded(conn, f"ALTER TABLE {table.sql} DETACH PARTITION {partition.sql} FINALIZE"))
        yield f"finished the detaching of {partition}, which had been broken off"
