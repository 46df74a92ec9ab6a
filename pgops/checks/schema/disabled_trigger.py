"""Trigger or rule that is disabled.

A trigger that was turned off for a mass load and never on again leaves audit trails with holes and sums that are
wrong; nothing says so. Where it is the trigger of a foreign key (DISABLE TRIGGER ALL) the constraint stands there and
is not checked: rows without their parent get in unseen, which is CRITICAL. The same goes for a deferrable unique
constraint. A trigger that fires only in
sessions of a replica (ENABLE REPLICA) is told about as INFO: for applications it is off.

It is a false alarm for what is turned off on purpose; dropping it says so to the next reader. Before a trigger of a
foreign key is turned on again, look for rows that break it: nothing checks them afterwards.

Manual: ALTER TABLE, DISABLE TRIGGER and DISABLE RULE; CREATE TRIGGER.
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    name: str
    kind: str
    """`trigger` or `rule`."""
    constraint: str | None
    """The foreign key, or deferrable unique constraint, that the trigger checks."""
    replica_only: bool


SQL: LiteralString = """
WITH quiet AS MATERIALIZED (
  SELECT t.oid, t.tgparentid, t.tgrelid, t.tgname, t.tgisinternal, t.tgconstraint, t.tgenabled, k.conparentid
    FROM pg_catalog.pg_trigger AS t
    LEFT JOIN pg_catalog.pg_constraint AS k ON k.oid = t.tgconstraint AND t.tgisinternal
   WHERE t.tgenabled IN ('D', 'R')
), disabled AS (
  SELECT COALESCE(k.conrelid, t.tgrelid) AS relation,  -- a foreign key has some on what it references
         t.tgname::text AS name,
         'trigger' AS kind,
         k.conname::text AS "constraint",
         t.tgenabled = 'R' AS replica_only
    FROM quiet AS t
    LEFT JOIN pg_catalog.pg_constraint AS k ON k.oid = t.tgconstraint AND t.tgisinternal
   -- before 15 a partition's copy of a trigger is internal too
   WHERE (k.oid IS NOT NULL OR NOT t.tgisinternal OR t.tgparentid <> 0)
     -- what a partition has from its parent is told of the parent, unless it fires there
     AND NOT EXISTS (SELECT
                       FROM quiet AS p
                      WHERE p.tgenabled = t.tgenabled
                        AND (p.oid = t.tgparentid OR t.conparentid <> 0 AND p.tgconstraint = t.conparentid))
   UNION ALL
  SELECT r.ev_class, r.rulename::text, 'rule', NULL, r.ev_enabled = 'R'
    FROM pg_catalog.pg_rewrite AS r
   WHERE r.ev_enabled IN ('D', 'R')
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       pg_catalog.min(d.name) AS name,
       d.kind,
       d."constraint",
       pg_catalog.bool_and(d.replica_only) AS replica_only
  FROM disabled AS d
  JOIN pg_catalog.pg_class AS c ON c.oid = d.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <users>
 -- a foreign key has several triggers, and is one matter
 GROUP BY n.nspname, c.relname, d.kind, d."constraint", CASE WHEN d."constraint" IS NULL THEN d.name END
 ORDER BY d."constraint" IS NULL, n.nspname, c.relname, name
"""


def _severity(row: Row, _: object) -> Severity:
    if row.replica_only:
        return Severity.INFO
    return Severity.CRITICAL if row.constraint else Severity.WARNING


def _target(row: Row) -> Target:
    if row.constraint:
        return Target("constraint", row.schema, row.table, row.constraint)
    return Target(row.kind, row.schema, row.table, row.name)


def _message(row: Row, _: object) -> str:
    table = Target("table", row.schema, row.table)
    when = "fires in sessions of a replica only" if row.replica_only else "is disabled"
    if row.constraint:
        return (
            f"The constraint {quote_identifier(row.constraint)} of {table} is not checked: its trigger {when}. Look "
            "for rows that break it before you turn it on."
        )
    return f"The {row.kind} {quote_identifier(row.name)} of {table} {when}."


def _fix(row: Row, _: object) -> str | None:
    if row.constraint:  # somebody has to look at the rows first
        return None
    table = Target("table", row.schema, row.table)
    return f"ALTER TABLE {table} ENABLE {row.kind.upper()} {quote_identifier(row.name)};"


CHECK = Check(
    id="schema.disabled_trigger",
    aliases=("disabled_rule",),
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity, target=_target, message=_message, fix=_fix, details=("kind", "constraint", "replica_only")
    ),
    queries=[Query(since=14, sql=SQL.replace("<users>", OF_USERS))],
    known_as=("check_postgres: disabled_triggers",),
)
