"""Partition without the index that its parent has.

CREATE INDEX ON ONLY makes an index of the partitioned table that its partitions do not have yet; each gets its own,
CONCURRENTLY, and is attached. Until the last one is there the parent's index is invalid. A partition that is forgotten
is searched from end to end while its sisters are not, and nothing says so: to the eye the index exists.

WARNING for each partition that lacks one, with the commands that make it and attach it, written from the parent's
definition (without an expression or a predicate: those are for a person to write). Where the partition has an index on
the same columns that nobody attached, the message says its name. Foreign tables can't have indexes and are left out.

It is a false alarm while the work goes on. Manual: section 5.12.2, "Declarative Partitioning"; CREATE INDEX, ONLY.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.indexes._fragments import DEFINITION
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    """The partition."""
    index_schema: str
    index: str
    """The parent's."""
    parent: str
    partitioned: bool
    """Whether the partition has partitions itself."""
    is_unique: bool
    enforces: bool
    """Whether the parent's index stands behind a constraint, which the partition's would have to as well."""
    similar: str | None
    """An index of the partition on the same columns that is not attached to any."""
    definition: str | None
    rows: int
    """Of the partition, by the last VACUUM or ANALYZE; -1 where there never was one."""


SQL = """
WITH attached AS MATERIALIZED (
    SELECT h.inhparent AS parent, x.indrelid AS partition
      FROM pg_catalog.pg_inherits AS h
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = h.inhrelid
)
SELECT pn.nspname::text      AS schema,
       p.relname::text       AS "table",
       n.nspname::text       AS index_schema,
       i.relname::text       AS "index",
       c.relname::text       AS parent,
       p.relkind = 'p'       AS partitioned,
       x.indisunique         AS is_unique,
       EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x')) AS enforces,
       (SELECT pg_catalog.min(si.relname::text)
          FROM pg_catalog.pg_index AS s
          JOIN pg_catalog.pg_class AS si ON si.oid = s.indexrelid
         WHERE s.indrelid = p.oid
           AND NOT si.relispartition
           AND si.relam = i.relam
           AND s.indisvalid AND s.indisunique = x.indisunique
           AND s.indexprs IS NULL AND x.indexprs IS NULL
           -- a column from PostgreSQL 15 on
           AND (pg_catalog.to_jsonb(s) ->> 'indnullsnotdistinct')
               IS NOT DISTINCT FROM (pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct')
           AND s.indpred IS NULL AND x.indpred IS NULL
           AND s.indclass::oid[] = x.indclass::oid[] AND s.indoption::int2[] = x.indoption::int2[]
           AND s.indcollation::oid[] = x.indcollation::oid[] AND s.indnkeyatts = x.indnkeyatts
           -- by name: a partition may number its columns differently
           AND ARRAY(SELECT a.attname FROM pg_catalog.unnest(s.indkey::int2[]) WITH ORDINALITY AS k(attnum, nth)
                       JOIN pg_catalog.pg_attribute AS a ON a.attrelid = s.indrelid AND a.attnum = k.attnum
                      ORDER BY k.nth)
             = ARRAY(SELECT a.attname FROM pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS k(attnum, nth)
                       JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
                      ORDER BY k.nth)) AS similar,
       CASE WHEN x.indpred IS NULL THEN <definition> END AS definition,
       p.reltuples::bigint   AS rows
  FROM pg_catalog.pg_class AS i
  JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_inherits AS h ON h.inhparent = c.oid
  JOIN pg_catalog.pg_class AS p ON p.oid = h.inhrelid
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
 WHERE i.relkind = 'I'
   AND NOT x.indisvalid  -- a valid one has all of them
   AND p.relkind IN ('r', 'p')
   AND <of users>
   AND NOT EXISTS (SELECT FROM attached AS a WHERE a.parent = i.oid AND a.partition = p.oid)
 ORDER BY n.nspname, i.relname, pn.nspname, p.relname
""".replace("<definition>", DEFINITION).replace("<of users>", OF_USERS)


def _message(row: Row, _limits: object) -> str:
    index, parent = Target("index", row.index_schema, row.index), Target("table", row.index_schema, row.parent)
    message = f"The partition has no index for {index} of {parent}, which is not valid as long as one is missing"
    if row.similar is None:
        return f"{message}."
    return f"{message}; its own index {Target('index', None, row.similar)} is like it, and only has to be attached."


def _fix(row: Row, _limits: object) -> str | None:
    if row.enforces:
        return None  # it needs a constraint of the partition first
    attach = f"ALTER INDEX {Target('index', row.index_schema, row.index)} ATTACH PARTITION"
    if row.similar is not None:
        return f"{attach} {Target('index', row.schema, row.similar)};"
    if row.definition is None or row.partitioned:
        return None
    name = _name(row)
    unique = "UNIQUE " if row.is_unique else ""
    return (
        f"CREATE {unique}INDEX CONCURRENTLY {Target('index', None, name)} "
        f"ON {Target('table', row.schema, row.table)} {row.definition};\n"
        f"{attach} {Target('index', row.schema, name)};"
    )


def _name(row: Row) -> str:
    """The partition's and the index's name together, within the 63 bytes of a name, on a whole character."""
    suffix = f"_{row.index}".encode()[:31]
    # partitions differ at their end
    return (row.table.encode()[-(63 - len(suffix)) :] + suffix).decode(errors="ignore")


CHECK = Check(
    id="indexes.partition_lacks_index",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("table", row.schema, row.table, also=(row.index_schema, row.index)),
        message=_message,
        fix=_fix,
        details=("index_schema", "index", "parent", "similar", "rows"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
