"""Foreign key that would set a NOT NULL column to NULL.

ON DELETE SET NULL on a column that is NOT NULL can never do what it says: each DELETE of a referenced row fails with
a violation of the NOT NULL constraint, of another table than the one that was asked for. It is found the first time
somebody deletes. The same goes for ON UPDATE SET NULL, and for SET DEFAULT where the column has no default.

WARNING. There is no remedy that is right in every case: either the column may be NULL, or the rule should be CASCADE
or RESTRICT. From PostgreSQL 15 a key can name the columns that it sets (SET NULL (a)); only those count. It is a
false alarm where deletes are meant to fail; RESTRICT says so with a message that can be understood.

Manual: section 5.5.5, "Foreign Keys"; CREATE TABLE, REFERENCES.
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
    event: str
    """`DELETE` or `UPDATE`."""
    rule: str
    """`SET NULL` or `SET DEFAULT`."""
    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Those that it would set to NULL and that are NOT NULL."""


_SQL: LiteralString = """
WITH setting AS MATERIALIZED (
  SELECT k.conname, k.conrelid, act.event, act.rule, act.columns
    FROM pg_catalog.pg_constraint AS k
   CROSS JOIN LATERAL (VALUES ('DELETE', k.confdeltype, <columns>),
                              ('UPDATE', k.confupdtype, k.conkey)) AS act (event, rule, columns)
   WHERE k.contype = 'f'
     AND k.conparentid = 0
     AND (k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('n', 'd'))
     AND act.rule IN ('n', 'd')
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       s.conname::text AS "constraint",
       s.event,
       CASE s.rule WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END AS rule,
       part.columns
  FROM setting AS s
  -- looked up one by one: the planner takes the few that are found for many, and would read all of pg_class
 CROSS JOIN LATERAL (SELECT r.* FROM pg_catalog.pg_class AS r WHERE r.oid = s.conrelid OFFSET 0) AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns
                       FROM pg_catalog.pg_attribute AS a
                      WHERE a.attrelid = s.conrelid
                        AND a.attnum = ANY (s.columns)
                        AND a.attnotnull
                        AND (s.rule = 'n' OR NOT a.atthasdef)) AS part
 WHERE part.columns IS NOT NULL
   AND <of users>
 ORDER BY n.nspname, c.relname, s.conname, s.event
""".replace("<of users>", OF_USERS)

CHECK = Check(
    id="schema.foreign_key_sets_not_null",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("constraint", row.schema, row.table, row.constraint, also=(row.event,)),
        message="ON {event} {rule} would set {columns} to NULL, which is NOT NULL: every such {event} of a referenced "
        "row fails.",
        details=("event", "rule", "columns"),
    ),
    queries=[
        Query(since=14, sql=_SQL.replace("<columns>", "k.conkey")),
        Query(since=15, sql=_SQL.replace("<columns>", "COALESCE(k.confdelsetcols, k.conkey)")),
    ],
)
