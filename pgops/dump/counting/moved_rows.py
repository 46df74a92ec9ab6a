"""Rows that a restore may put into another partition: those of a hash-partitioned table.

The hash of an enum's value is that of its oid, which a restore makes anew. So pg_dump has such rows inserted into the
partitioned table itself (pg_dump, --load-via-partition-root), and each lands where it belongs now. What can be compared
then is the table, all its partitions together: hashes of rows are summed up, so theirs are too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from psycopg.rows import tuple_row

from pgops.dump.manifest import TableContent

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

Name: TypeAlias = tuple[str, str]
"""Schema and name."""

# The topmost one, where several are above each other.
_PARTITIONS = """
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, h.nspname, h.relname
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
         SELECT hn.nspname::pg_catalog.text, hc.relname::pg_catalog.text
           FROM pg_catalog.pg_partition_ancestors(c.oid) WITH ORDINALITY AS up(relid, step)
           JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = up.relid AND p.partstrat = 'h'
           JOIN pg_catalog.pg_class AS hc ON hc.oid = up.relid
           JOIN pg_catalog.pg_namespace AS hn ON hn.oid = hc.relnamespace
          ORDER BY up.step DESC
          LIMIT 1
       ) AS h
 WHERE c.relkind = 'r'
   AND c.relispartition
"""


def hash_partitions(session: psycopg.Connection[Any]) -> dict[Name, Name]:
    """Each partition that has rows, and the hash-partitioned table that it is of."""
    with session.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(_PARTITIONS).fetchall()
    return {(schema, name): (of_schema, of_name) for schema, name, of_schema, of_name in rows}


def together(tables: Iterable[TableContent], partitioned: Name) -> TableContent:
    """The content of a partitioned table, of that of its partitions; their hashes are of one encoding.

    >>> parts = [TableContent(schema="a", name=each, rows=2, hash="EUC_JP:3") for each in ("b", "c")]
    >>> together(parts, ("a", "d"))
    TableContent(schema='a', name='d', rows=4, hash='EUC_JP:6')
    """
    rows = total = 0
    tag = colon = ""
    for each in tables:
        tag, colon, number = each.hash.rpartition(":")
        rows += each.rows
        total += int(number)
    schema, name = partitioned
    return TableContent(schema=schema, name=name, rows=rows, hash=f"{tag}{colon}{total}")
