"""Several permissive policies for the same command and role.

One that agrees is enough, so each adds rows to what the others allow, which surprises whoever meant to narrow; and
every query evaluates all of them for each row. One policy with OR says the same and can be read at a glance; what is to
narrow is AS RESTRICTIVE.

INFO. Policies for two roles of which one is a member of the other overlap as well, and are not seen here. A false
alarm: policies that are kept apart for the sake of order on a small table.

Manual: CREATE POLICY, "Application of Multiple Policies".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._row_security import USERS_TABLE
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    policies: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Those that overlap with another one."""
    commands: tuple[str, ...] = attrs.field(converter=as_tuple)
    """For which they do."""


SQL = """
WITH each AS MATERIALIZED (
  SELECT p.oid, p.polrelid, p.polname::text AS name, p.polroles, command.word
    FROM pg_catalog.pg_policy AS p
    JOIN (VALUES ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE')) AS command (letter, word)
      ON p.polcmd::text IN ('*', command.letter)
   WHERE p.polpermissive
), overlap AS (
  SELECT one.polrelid,
         pg_catalog.array_agg(DISTINCT one.name) AS policies,
         pg_catalog.array_agg(DISTINCT one.word) AS commands
    FROM each AS one
    JOIN each AS other ON other.polrelid = one.polrelid AND other.word = one.word AND other.oid <> one.oid
   WHERE one.polroles && other.polroles
      OR 0 = ANY (one.polroles)
      OR 0 = ANY (other.polroles)
   GROUP BY one.polrelid
)
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       o.policies,
       o.commands
  FROM overlap AS o
  JOIN pg_catalog.pg_class AS c ON c.oid = o.polrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relrowsecurity
   AND <users table>
 ORDER BY n.nspname, c.relname
""".replace("<users table>", USERS_TABLE)

CHECK = Check(
    id="security.multiple_permissive_policies",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("table", row.schema, row.table),
        message="For {commands} several permissive policies hold at once, and any of them is enough: {policies}.",
        details=("policies", "commands"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("splinter: multiple_permissive_policies",),
)
