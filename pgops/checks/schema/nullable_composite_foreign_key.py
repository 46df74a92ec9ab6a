"""Foreign key of several columns, of which one may be NULL.

By MATCH SIMPLE, which is the default, a row with a NULL in any column of the key is not checked at all: (42, NULL)
and (4711, NULL) get in though neither 42 nor 4711 is there. Either the columns should be NOT NULL, or all NULL
together (MATCH FULL, or a CHECK constraint that says so).

It is a false alarm where a CHECK constraint on these columns says so already: a table with one that names all of them
is left out. Keys of one column can't be half there.

Manual: section 5.5.5, "Foreign Keys"; CREATE TABLE, MATCH.
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    constraint: str
    nullable: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The columns of the key that may be NULL."""


SQL: LiteralString = """
WITH composite AS MATERIALIZED (
  SELECT k.conname, k.conrelid, k.conkey
    FROM pg_catalog.pg_constraint AS k
   WHERE k.contype = 'f'
     AND k.confmatchtype = 's'
     AND k.conparentid = 0
     AND pg_catalog.cardinality(k.conkey) > 1
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       k.conname::text AS "constraint",
       part.nullable
  FROM composite AS k
  -- looked up one by one: the planner takes the few that are found for many, and would read all of pg_class
 CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = k.conrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS nullable
                       FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = k.conrelid
                        AND a.attnum = ANY (k.conkey)
                        AND NOT a.attnotnull) AS part
 WHERE part.nullable IS NOT NULL
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_constraint AS said
                    WHERE said.conrelid = k.conrelid
                      AND said.contype = 'c'
                      AND k.conkey <@ said.conkey)
   AND <users>
 ORDER BY n.nspname, c.relname, k.conname
"""

CHECK = Check(
    id="schema.nullable_composite_foreign_key",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("constraint", row.schema, row.table, row.constraint),
        message="A row with NULL in {nullable} is not checked by this foreign key at all (MATCH SIMPLE).",
        details=("nullable",),
    ),
    queries=[Query(since=14, sql=SQL.replace("<users>", OF_USERS))],
)
