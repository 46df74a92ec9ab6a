"""Policy that lets everybody write any row.

A permissive policy for all roles whose condition is always true switches row security off for what it covers: the other
permissive policies of the table do not matter any more, since one that agrees is enough. That reading is open to all
may be meant (USING (true) FOR SELECT) and is not found, nor is a policy for certain roles, as the manual's own example
has one for administrators.

Found are permissive policies for PUBLIC that let UPDATE, DELETE or ALL see every row, or INSERT and UPDATE write any
row, on tables where row security is on. Where a restrictive policy covers the same command it decides, and nothing is
found. `true` and comparisons of equal constants (1 = 1) are recognised, no other tautology.

Manual: CREATE POLICY; section 5.9.
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._row_security import USERS_TABLE
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    policy: str
    command: str
    """`ALL`, `INSERT`, `UPDATE` or `DELETE`."""
    sees_all: bool
    """USING is always true."""
    writes_all: bool
    """WITH CHECK is always true."""


# Whether the tree of an expression is the constant true, or = (of integers, texts, booleans) on two equal constants. A
# look at its beginning spares the trees of all other policies the regular expressions.
_ALWAYS: LiteralString = """CASE
           WHEN <tree> LIKE '{CONST :consttype 16 %%'
           THEN <tree> ~ ':constisnull false .*:constvalue 1 [[] 1 '
           WHEN <tree> ~ '^{OPEXPR :opno (91|96|98|410) [^{]*{CONST '
           THEN COALESCE((SELECT found.argument[1] = found.argument[2]
                            FROM pg_catalog.regexp_matches(
                                   pg_catalog.regexp_replace(<tree>, ' :location -?[0-9]+', '', 'g'),
                                   ':args [(]({CONST [^}]*}) ({CONST [^}]*})[)]') AS found (argument)), FALSE)
           ELSE FALSE END"""

SQL: LiteralString = """
WITH policy AS MATERIALIZED (
  SELECT n.nspname::text AS schema,
         c.relname::text AS "table",
         p.oid,
         p.polrelid,
         p.polname::text AS policy,
         p.polcmd,
         <always p.polqual> AS sees_all,
         CASE WHEN p.polwithcheck IS NOT NULL THEN <always p.polwithcheck>
              -- without WITH CHECK, USING counts for what is written, too
              WHEN p.polcmd IN ('*', 'w') THEN <always p.polqual>
              ELSE FALSE END AS writes_all
    FROM pg_catalog.pg_policy AS p
    JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE p.polcmd <> 'r'
     AND p.polpermissive
     AND p.polroles = '{0}'
     AND c.relrowsecurity
     AND <users table>
)
SELECT p.schema,
       p."table",
       p.policy,
       CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END AS command,
       p.sees_all,
       p.writes_all
  FROM policy AS p
 WHERE (p.sees_all OR p.writes_all)
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_policy AS other
                    WHERE other.polrelid = p.polrelid
                      AND NOT other.polpermissive
                      AND (other.polcmd = '*' OR other.polcmd = p.polcmd))
 ORDER BY p.schema, p."table", p.policy
"""
SQL = (
    SQL.replace("<users table>", USERS_TABLE)
    .replace("<always p.polqual>", _ALWAYS.replace("<tree>", "p.polqual::text"))
    .replace("<always p.polwithcheck>", _ALWAYS.replace("<tree>", "p.polwithcheck::text"))
)


def _message(row: Row, _: object) -> str:
    reach = " and ".join(
        words
        for words, holds in (("every row is within reach", row.sees_all), ("any row may be written", row.writes_all))
        if holds
    )
    return f"The policy {row.policy} for {row.command} is for everybody and always true: {reach}."


CHECK = Check(
    id="security.policy_always_true",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("policy", row.schema, row.table, row.policy),
        message=_message,
        details=("command", "sees_all", "writes_all"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("splinter: rls_policy_always_true",),
)
