"""Table inheritance in the old way.

INHERITS hands columns, CHECK and NOT NULL constraints down, and nothing else: no primary key, no unique constraint,
no foreign key, no index. So a key is unique in each table by itself only, a foreign key to the parent does not see
the rows of its children, and what was added to the parent later is missing below. Declarative partitioning (PARTITION
BY) hands it all down.

INFO for each parent, WARNING for a child that lacks a key, unique or foreign key of its parent: the message says
which. It is a false alarm where inheritance is meant (different kinds of one thing, each with its own columns) and
where triggers keep what the keys do not. Indexes are told only as far as they are unique. Partitions are no such
children. The chunks of a TimescaleDB hypertable are: that extension makes their indexes and keys itself, so suppress
its schema.

Manual: section 5.11, "Inheritance", "Caveats".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen
from pgops.checks.relations import OF_USERS
from pgops.findings import Finding, Severity, Target, as_tuple, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    """The child."""
    parent_schema: str
    parent: str
    lacking: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Constraints and unique indexes of the parent that the child has not."""


# Columns are compared by their names: a child may have them at other places. Only relations that take part are looked
# at.
SQL = """
WITH pair AS MATERIALIZED (
  SELECT h.inhparent AS parent, h.inhrelid AS child, n.nspname AS child_schema, c.relname AS child_name,
         pn.nspname AS parent_schema, p.relname AS parent_name
    FROM pg_catalog.pg_inherits AS h
    JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid AND c.relkind IN ('r', 'f') AND NOT c.relispartition
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent AND p.relkind IN ('r', 'f')
    JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
   WHERE c.relpersistence <> 't'
     AND <of users>
), member AS (
  SELECT r.parent AS oid FROM pair AS r UNION SELECT r.child FROM pair AS r
), unique_index AS MATERIALIZED (
  SELECT m.oid, i.relname AS name,
         ARRAY(SELECT a.attname::text
                 FROM pg_catalog.generate_series(0, x.indnkeyatts - 1) AS place
                 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = m.oid AND a.attnum = x.indkey[place]
                ORDER BY a.attname) AS columns
    FROM member AS m
    JOIN pg_catalog.pg_index AS x ON x.indrelid = m.oid
    JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid
   WHERE (x.indisunique OR x.indisexclusion) AND x.indisvalid AND x.indexprs IS NULL AND x.indpred IS NULL
), foreign_key AS MATERIALIZED (
  SELECT m.oid, k.conname AS name, k.confrelid,
         ARRAY(SELECT a.attname::text
                 FROM pg_catalog.unnest(k.conkey) AS part (attnum)
                 JOIN pg_catalog.pg_attribute AS a ON a.attrelid = m.oid AND a.attnum = part.attnum
                ORDER BY a.attname) AS columns
    FROM member AS m
    JOIN pg_catalog.pg_constraint AS k ON k.conrelid = m.oid AND k.contype = 'f'
)
SELECT r.child_schema::text  AS schema,
       r.child_name::text    AS "table",
       r.parent_schema::text AS parent_schema,
       r.parent_name::text   AS parent,
       ARRAY(SELECT u.name::text
               FROM unique_index AS u
              WHERE u.oid = r.parent
                AND NOT EXISTS (SELECT FROM unique_index AS o WHERE o.oid = r.child AND o.columns = u.columns)
              UNION
             SELECT k.name::text
               FROM foreign_key AS k
              WHERE k.oid = r.parent
                AND NOT EXISTS (SELECT
                                  FROM foreign_key AS o
                                 WHERE o.oid = r.child AND o.confrelid = k.confrelid AND o.columns = k.columns)
              ORDER BY 1)    AS lacking
  FROM pair AS r
 ORDER BY r.parent_schema, r.parent_name, r.child_schema, r.child_name
""".replace("<of users>", OF_USERS)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    children: dict[Target, int] = {}
    for row in rows:
        parent = Target("table", row.parent_schema, row.parent)
        children[parent] = children.get(parent, 0) + 1
        if row.lacking:
            names = ", ".join(quote_identifier(name) for name in row.lacking)
            message = f"The table inherits from {parent} and has nothing like its {names}."
            yield Finding(Severity.WARNING, _target(row), message, details={"lacking": row.lacking})
    for parent, count in children.items():
        tables = "1 table inherits" if count == 1 else f"{count:,} tables inherit"
        yield Finding(Severity.INFO, parent, f"{tables} from it: keys of the parent do not reach their rows.")


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table, also=(row.parent_schema, row.parent))


CHECK = Check(
    id="schema.inheritance",
    doc=__doc__,
    row=Row,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
)
