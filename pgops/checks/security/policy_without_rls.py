"""Policies on a table whose row security is off.

They do nothing: everybody with rights on the table sees every row, while whoever reads the policies believes otherwise.
Row security is off until ALTER TABLE ... ENABLE ROW LEVEL SECURITY, and a dump restored in part, or somebody's
debugging, may have left it so. Partitions count by themselves: they are bound when they are asked directly.

A false alarm: policies that are being prepared. Before enabling try them as the roles that they are for.

Manual: section 5.9 "Row Security Policies".
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


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table",
       p.policies
  FROM (SELECT own.polrelid, pg_catalog.array_agg(own.polname::text ORDER BY own.polname) AS policies
          FROM pg_catalog.pg_policy AS own
         GROUP BY own.polrelid) AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE NOT c.relrowsecurity
   AND <users table>
 ORDER BY n.nspname, c.relname
""".replace("<users table>", USERS_TABLE)

CHECK = Check(
    id="security.policy_without_rls",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target("table", row.schema, row.table),
        message="Row security is off, so these policies do nothing: {policies}.",
        fix="ALTER TABLE {target} ENABLE ROW LEVEL SECURITY;",
        details=("policies",),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("splinter: policy_exists_rls_disabled",),
)
