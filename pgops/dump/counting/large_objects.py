"""The hash of a database's large objects: a sum over their pages, as `pgops.dump.counting.hashing` has one over rows.

A page that was never written and one full of zeros read the same, and a restore makes the one of the other. So pages
of zeros, and zeros at a page's end, are not hashed; each object's length is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

from pgops.dump.manifest import LargeObjects

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

_PAGE_BYTES = 2048  # a quarter of a block, which is 8 kB unless the server was built otherwise (manual 35.2)
_READ_ONLY = 0x40000
_FROM_END = 2
_OIDS_AT_ONCE = 1000

# One index look-up for the last page of each: grouping all pages would keep a row for each object.
_READ_DIRECTLY = """
SELECT pg_catalog.count(*),
       coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
         m.oid::pg_catalog.text || ' is ' || coalesce(p.pageno::pg_catalog.int8 * %(page)s
                                                      + pg_catalog.octet_length(p.data), 0),
         0)), 0)
       + (SELECT coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
                   d.loid::pg_catalog.text || ' at ' || d.pageno || ' ' || pg_catalog.encode(d.written, 'hex'),
                   0)), 0)
            FROM (SELECT o.loid, o.pageno, pg_catalog.rtrim(o.data, '\\x00'::pg_catalog.bytea) AS written
                    FROM pg_catalog.pg_largeobject AS o OFFSET 0) AS d
           WHERE pg_catalog.octet_length(d.written) > 0)
  FROM pg_catalog.pg_largeobject_metadata AS m
  LEFT JOIN LATERAL (
         SELECT o.pageno, o.data
           FROM pg_catalog.pg_largeobject AS o
          WHERE o.loid = m.oid
          ORDER BY o.pageno DESC
          LIMIT 1
       ) AS p ON true
"""

_READ_BY_PAGES = """
SELECT pg_catalog.hashtextextended(%(oid)s::pg_catalog.text || ' is ' || %(size)s::pg_catalog.text, 0)
       + coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
           %(oid)s::pg_catalog.text || ' at ' || d.pageno || ' ' || pg_catalog.encode(d.written, 'hex'), 0)), 0)
  FROM (SELECT i.pageno,
               pg_catalog.rtrim(
                 pg_catalog.lo_get(%(oid)s::pg_catalog.int8::pg_catalog.oid, i.pageno * %(page)s, %(page)s),
                 '\\x00'::pg_catalog.bytea
               ) AS written
          FROM pg_catalog.generate_series(0::pg_catalog.int8, (%(size)s::pg_catalog.int8 - 1) / %(page)s) AS i(pageno)
         WHERE %(size)s::pg_catalog.int8 > 0
        OFFSET 0) AS d
 WHERE pg_catalog.octet_length(d.written) > 0
"""


def hash_large_objects(session: psycopg.Connection[Any]) -> LargeObjects:
    """How many there are, and the sum of their hashes, in the session's snapshot.

    Who may read pg_largeobject (superusers, pg_read_all_data) gets it in one statement, others object by object, in
    some five messages each. Raises psycopg's InsufficientPrivilege for one that may not be read: pg_dump fails on it.
    """
    with session.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT'),"
            "       pg_catalog.current_setting('block_size')::pg_catalog.int4 / 4"
        ).fetchone()
        assert row is not None  # noqa: S101  a query without FROM gives a row
        may_read_pages, page_bytes = row
        if may_read_pages:
            row = cursor.execute(_READ_DIRECTLY, {"page": page_bytes}).fetchone()
            assert row is not None  # noqa: S101  an aggregate gives a row
            count, total = row
        else:
            count, total = 0, 0
            for oid in _oids(cursor):
                count += 1
                total += _hash_by_pages(cursor, oid, page_bytes)
    return LargeObjects(count=count, hash=f"{total}" if page_bytes == _PAGE_BYTES else f"{page_bytes}:{total}")


def _oids(cursor: psycopg.Cursor[Any]) -> Iterator[int]:
    last = 0
    while True:
        rows = cursor.execute(
            "SELECT m.oid::pg_catalog.int8 FROM pg_catalog.pg_largeobject_metadata AS m"
            " WHERE m.oid > %s::pg_catalog.int8::pg_catalog.oid ORDER BY m.oid LIMIT %s",
            [last, _OIDS_AT_ONCE],
        ).fetchall()
        for (last,) in rows:
            yield last
        if not rows:
            return


def _hash_by_pages(cursor: psycopg.Cursor[Any], oid: int, page_bytes: int) -> int:
    def ask(query: str, parameters: list[int]) -> int:
        row = cursor.execute(query.encode(), parameters).fetchone()
        assert row is not None  # noqa: S101  a query without FROM gives a row
        return int(row[0])

    descriptor = ask("SELECT pg_catalog.lo_open(%s::pg_catalog.int8::pg_catalog.oid, %s)", [oid, _READ_ONLY])
    size = ask("SELECT pg_catalog.lo_lseek64(%s, 0, %s)", [descriptor, _FROM_END])
    ask("SELECT pg_catalog.lo_close(%s)", [descriptor])
    row = cursor.execute(_READ_BY_PAGES, {"oid": oid, "size": size, "page": page_bytes}).fetchone()
    assert row is not None  # noqa: S101  an aggregate gives a row
    return int(row[0])
