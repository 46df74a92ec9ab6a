"""Constraint that is NOT ENFORCED.

From PostgreSQL 18 a CHECK or foreign key constraint may be declared without being checked at all: rows that break it
are written, and nobody hears of it. The planner does not rely on it. It documents what an application promises to
keep.

It is a false alarm where that is meant, in a data warehouse, say, whose loads were checked before. A foreign key can
be turned on again with ALTER CONSTRAINT ... ENFORCED, which reads the table; a CHECK constraint has to be made anew.

Manual: CREATE TABLE, NOT ENFORCED.
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    constraint: str
    foreign_key: bool


SQL: LiteralString = """
SELECT n.nspname::text   AS schema,
       c.relname::text   AS "table",
       k.conname::text   AS "constraint",
       k.contype = 'f'   AS foreign_key
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <not enforced>
   AND k.conparentid = 0
   AND k.coninhcount = 0
   AND n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
 ORDER BY n.nspname, c.relname, k.conname
"""


def _fix(row: Row, _: object) -> str | None:
    if not row.foreign_key:
        return None
    table = Target("table", row.schema, row.table)
    return f"ALTER TABLE {table} ALTER CONSTRAINT {quote_identifier(row.constraint)} ENFORCED;"


CHECK = Check(
    id="schema.constraint_not_enforced",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("constraint", row.schema, row.table, row.constraint),
        message="The constraint {target} is NOT ENFORCED: rows that break it are written.",
        fix=_fix,
    ),
    queries=[
        Query(since=14, sql=SQL.replace("<not enforced>", "FALSE")),  # there every constraint is enforced
        Query(since=18, sql=SQL.replace("<not enforced>", "NOT k.conenforced")),
    ],
)
