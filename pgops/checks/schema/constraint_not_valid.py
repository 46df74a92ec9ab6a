"""Constraint that is NOT VALID.

It holds for rows that are written from now on, and nobody has checked those that were there before. The planner does
not rely on it, a restore of a dump may fail on the old rows, and sooner or later somebody takes it for the truth.
Most were made so to spare a long lock, and the second step, VALIDATE CONSTRAINT, was forgotten: that scans the table
under a weak lock (SHARE UPDATE EXCLUSIVE), and fails where a row breaks the constraint.

Foreign keys, CHECK constraints, of domains too, and from PostgreSQL 18 NOT NULL constraints are looked at. It is a
false alarm while the migration that made it is under way. A constraint that is NOT ENFORCED is never valid, and has a
check of its own.

Manual: ALTER TABLE, "Notes"; ALTER DOMAIN.
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
    relation: str
    """The table, or the domain."""
    constraint: str
    kind: str
    """`foreign key`, `check` or `not null`."""
    domain: bool


SQL: LiteralString = """
SELECT n.nspname::text                        AS schema,
       COALESCE(c.relname, t.typname)::text   AS relation,
       k.conname::text                        AS "constraint",
       CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'n' THEN 'not null' ELSE 'check' END AS kind,
       c.oid IS NULL                          AS domain
  FROM pg_catalog.pg_constraint AS k
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  LEFT JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid AND k.conrelid = 0
  JOIN pg_catalog.pg_namespace AS n ON n.oid = COALESCE(c.relnamespace, t.typnamespace)
 WHERE NOT k.convalidated
   AND <enforced>
   AND k.conparentid = 0
   AND k.coninhcount = 0  -- what a parent hands down is validated there
   AND n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
 ORDER BY n.nspname, relation, k.conname
"""


def _fix(row: Row, _: object) -> str:
    kind = "DOMAIN" if row.domain else "TABLE"
    relation = Target("table", row.schema, row.relation)
    return f"ALTER {kind} {relation} VALIDATE CONSTRAINT {quote_identifier(row.constraint)};"


CHECK = Check(
    id="schema.constraint_not_valid",
    aliases=("not_valid_constraints",),
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("constraint", row.schema, row.relation, row.constraint),
        message="The {kind} constraint {target} is NOT VALID: nobody has checked the rows that were there before it.",
        fix=_fix,
        details=("kind",),
    ),
    queries=[
        Query(since=14, sql=SQL.replace("<enforced>", "TRUE")),
        Query(since=18, sql=SQL.replace("<enforced>", "k.conenforced")),
    ],
    known_as=(
        "pghero: invalid constraints",
        "pg-index-health: not valid constraints",
    ),
)
