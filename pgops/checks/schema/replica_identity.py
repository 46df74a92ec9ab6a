"""Published table whose updates and deletes fail.

A publication that publishes UPDATE or DELETE needs to know by what the subscriber finds the row again: the table's
replica identity. Without a usable one each UPDATE and DELETE on the table fails on the publisher, with "cannot update
table because it does not have a replica identity and publishes updates". That is no fault of the subscription: it
hits the application that writes, and it begins the moment the table is added to the publication. The same happens
where a column list (from PostgreSQL 15) leaves out a column of the identity, and where a row filter asks for one that
is not in it.

CRITICAL. Usable are the primary key (DEFAULT) unless it is deferrable, a chosen index (USING INDEX) as long as it is
there and valid, and FULL (`schema.replica_identity_full` tells of it), with which no column list may be. Publications
FOR ALL TABLES, of schemas (from 15) and of partitioned tables are followed down to the tables that hold rows, for
each partition has an identity of its own, whatever `publish_via_partition_root` says.

It is a false alarm for tables that are only inserted into and truncated; then publish only that. The remedy takes a
unique index that will do, or FULL, which works at once and makes the subscriber compare whole rows: a primary key is
better.

Manual: section 29.1.1, "Replica Identity"; CREATE PUBLICATION; ALTER TABLE, REPLICA IDENTITY.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.schema._published import PUBLISHED, PUBLISHED_IN_SCHEMAS
from pgops.findings import Severity, Target, as_tuple, quote_identifier

if TYPE_CHECKING:
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    identity: str
    """`default`, `nothing`, `index` or `full`."""
    publications: tuple[str, ...] = attrs.field(converter=as_tuple)
    actions: str
    """What is published of it that needs the identity: `UPDATE`, `DELETE` or both."""
    unique_index: str | None
    """A unique index that could be the identity as it is."""
    primary_key: bool
    """Whether that is the primary key."""
    hindered_by: str | None
    """`column list` or `row filter`, where the identity would do without it."""
    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The columns that the list leaves out, or that the filter asks for."""


_SQL: LiteralString = """
WITH RECURSIVE <published>, judged AS MATERIALIZED (
  SELECT p.oid, p.publications, p.updates, p.deletes, n.nspname, c.relname, c.relreplident,
         (SELECT x.indexrelid
            FROM pg_catalog.pg_index AS x
           WHERE x.indrelid = p.oid
             AND x.indisunique AND x.indisvalid AND x.indimmediate
             AND x.indpred IS NULL
             AND CASE c.relreplident WHEN 'd' THEN x.indisprimary WHEN 'i' THEN x.indisreplident ELSE FALSE END
           LIMIT 1) AS index
    FROM published AS p
    JOIN pg_catalog.pg_class AS c ON c.oid = p.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE n.nspname <> 'information_schema'
), restricted AS (
  -- names, since a partition may have its columns at other places than the parent whose list or filter it is
  SELECT r.relation, r.kind, a.attname::text AS name
    FROM restriction AS r
   CROSS JOIN LATERAL pg_catalog.unnest(r.columns) AS part (attnum)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.said_of AND a.attnum = part.attnum
), identified AS (
  SELECT j.oid, a.attname::text AS name
    FROM judged AS j
    JOIN pg_catalog.pg_index AS x ON x.indexrelid = j.index
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = j.oid AND a.attnum = ANY (x.indkey)
), hindrance AS (
  SELECT j.oid, 'column list' AS kind, ARRAY(SELECT i.name
                                               FROM identified AS i
                                              WHERE i.oid = j.oid
                                                AND i.name NOT IN (SELECT r.name
                                                                     FROM restricted AS r
                                                                    WHERE r.relation = j.oid AND r.kind = 'list')
                                              ORDER BY 1) AS columns
    FROM judged AS j
   WHERE j.oid IN (SELECT r.relation FROM restriction AS r WHERE r.kind = 'list')
   UNION ALL
  SELECT j.oid, 'row filter', ARRAY(SELECT DISTINCT r.name
                                      FROM restricted AS r
                                     WHERE r.relation = j.oid
                                       AND r.kind = 'filter'
                                       AND j.relreplident <> 'f'
                                       AND r.name NOT IN (SELECT i.name FROM identified AS i WHERE i.oid = j.oid)
                                     ORDER BY 1)
    FROM judged AS j
   WHERE j.oid IN (SELECT r.relation FROM restriction AS r WHERE r.kind = 'filter')
), hindered AS (
  SELECT DISTINCT ON (h.oid) h.oid, h.kind, h.columns
    FROM hindrance AS h
    JOIN judged AS j ON j.oid = h.oid
   WHERE pg_catalog.cardinality(h.columns) > 0
      OR h.kind = 'column list' AND j.relreplident = 'f'
   ORDER BY h.oid, h.kind
)
SELECT j.nspname::text AS schema,
       j.relname::text AS "table",
       CASE j.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'i' THEN 'index' ELSE 'full' END
                       AS identity,
       j.publications,
       CASE WHEN j.updates AND j.deletes THEN 'UPDATE and DELETE'
            WHEN j.updates THEN 'UPDATE'
            ELSE 'DELETE' END AS actions,
       u.relname::text AS unique_index,
       COALESCE(u.indisprimary, FALSE) AS primary_key,
       CASE WHEN j.index IS NOT NULL OR j.relreplident = 'f' THEN h.kind END AS hindered_by,
       COALESCE(h.columns, '{}') AS columns
  FROM judged AS j
  LEFT JOIN hindered AS h ON h.oid = j.oid
  LEFT JOIN LATERAL (SELECT i.relname, x.indisprimary
                       FROM pg_catalog.pg_index AS x
                       JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
                      WHERE x.indrelid = j.oid
                        AND x.indisunique AND x.indisvalid AND x.indimmediate
                        AND x.indpred IS NULL AND x.indexprs IS NULL
                        AND NOT EXISTS (SELECT
                                          FROM pg_catalog.pg_attribute AS a
                                         WHERE a.attrelid = j.oid
                                           AND a.attnum = ANY (x.indkey)
                                           AND NOT a.attnotnull)
                      ORDER BY x.indisprimary DESC, x.indnkeyatts, i.relname
                      LIMIT 1) AS u ON TRUE
 WHERE j.relreplident <> 'f' AND j.index IS NULL
    OR h.oid IS NOT NULL
 ORDER BY j.nspname, j.relname
"""


def _message(row: Row, _: object) -> str:
    names = ", ".join(quote_identifier(name) for name in row.publications)
    why = {
        "default": "it has no primary key that could identify its rows",
        "nothing": "its replica identity is NOTHING",
        "index": "the index that was its replica identity is gone or not valid",
        "full": "its replica identity is FULL, and the publication lists its columns",
    }[row.identity]
    if row.hindered_by and row.columns:
        columns = ", ".join(quote_identifier(column) for column in row.columns)
        why = (
            f"the publication's column list leaves out {columns}, which its replica identity needs"
            if row.hindered_by == "column list"
            else f"the publication's row filter asks for {columns}, and its replica identity has no such column"
        )
    return f"{row.actions} on {_target(row)} fail while it is published ({names}): {why}."


def _fix(row: Row, _: object) -> str | None:
    if row.hindered_by:
        return None
    way = "FULL"
    if row.unique_index is not None:
        way = "DEFAULT" if row.primary_key else f"USING INDEX {quote_identifier(row.unique_index)}"
    return f"ALTER TABLE {_target(row)} REPLICA IDENTITY {way};"


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="schema.replica_identity",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.CRITICAL,
        target=_target,
        message=_message,
        fix=_fix,
        details=("identity", "publications", "actions", "hindered_by", "columns"),
    ),
    queries=[
        Query(since=14, sql=_SQL.replace("<published>", PUBLISHED)),
        Query(since=15, sql=_SQL.replace("<published>", PUBLISHED_IN_SCHEMAS)),
    ],
)
