"""All indexes, with what they are and how they are used.

A listing, the largest first: method, columns, size by the last VACUUM or ANALYZE, how often each was read since the
statistics began, and from PostgreSQL 16 when last. Expressions are not written out, since pg_get_indexdef waits behind
whoever keeps the table locked: they stand as `(expression)`.

Manual: section "The Cumulative Statistics System"; pg_stat_all_indexes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.findings import Target, as_tuple

if TYPE_CHECKING:
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    method: str
    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Without those of INCLUDE."""
    unique: bool
    primary: bool
    partial: bool
    valid: bool
    index_bytes: int
    entries: int
    """By the last VACUUM or ANALYZE; -1 where there never was one."""
    scans: int
    last_scan: datetime | None


@attrs.frozen(kw_only=True)
class Limits:
    top: int = limit(100, unit="indexes", doc="How many to list, the largest first.")


_TEMPLATE: LiteralString = """
SELECT n.nspname::text     AS schema,
       c.relname::text     AS "table",
       i.relname::text     AS "index",
       (SELECT m.amname::text FROM pg_catalog.pg_am AS m WHERE m.oid = i.relam) AS method,
       ARRAY(SELECT COALESCE(a.attname::text, '(expression)')
               FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS k(attnum, nth)
               LEFT JOIN pg_catalog.pg_attribute AS a
                      ON a.attrelid = x.indrelid AND a.attnum = k.attnum AND k.attnum <> 0
              WHERE k.nth <= x.indnkeyatts
              ORDER BY k.nth) AS columns,
       x.indisunique       AS "unique",
       x.indisprimary      AS "primary",
       x.indpred IS NOT NULL AS partial,
       x.indisvalid        AS valid,
       i.relpages * (SELECT pg_catalog.current_setting('block_size')::bigint) AS index_bytes,
       i.reltuples::bigint AS entries,
       pg_catalog.pg_stat_get_numscans(i.oid) AS scans,
       <last scan>         AS last_scan
  -- an index lies in its table's schema, and goes with its table where that is an extension's
  FROM (SELECT r.*, n.nspname
          FROM pg_catalog.pg_class AS r
          JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
         WHERE r.relkind = 'i'
           AND n.nspname !~ '^pg_'
           AND n.nspname <> 'information_schema'
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_index AS o
                             JOIN pg_catalog.pg_depend AS d ON d.objid = o.indrelid
                            WHERE o.indexrelid = r.oid
                              AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                              AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                              AND d.deptype = 'e')
         ORDER BY r.relpages DESC, n.nspname, r.relname
         LIMIT %(top)s::int) AS i
  JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
  JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
 ORDER BY i.relpages DESC, n.nspname, i.relname
"""
CHECK = Check(
    id="indexes.overview",
    aliases=("indexes_overview",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    target=lambda row: Target("index", row.schema, row.index),
    queries=[
        Query(since=14, sql=_TEMPLATE.replace("<last scan>", "NULL::timestamptz")),
        Query(since=16, sql=_TEMPLATE.replace("<last scan>", "pg_catalog.pg_stat_get_lastscan(i.oid)")),
    ],
    known_as=(
        "check_postgres: index_size",
        "check_postgres: indexes_size",
        "ruby-pg-extras: indexes",
        "ruby-pg-extras: total_index_size",
        "ruby-pg-extras: index_usage",
        "ruby-pg-extras: index_size",
        "ruby-pg-extras: index_scans",
    ),
)
