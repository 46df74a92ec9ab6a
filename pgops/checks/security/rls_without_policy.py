"""Row security is on, and no policy lets anybody in.

Whoever is bound by row security (all but the owner, superusers and BYPASSRLS) then sees no rows and writes none,
without any error on reading. INFO: a closed door is safe, and either somebody forgot the policies or means it so.

A false alarm: a table that only its owner, or a role that bypasses row security, is to read.

Manual: section 5.9 "Row Security Policies".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._row_security import USERS_TABLE
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str


SQL = """
SELECT n.nspname::text AS schema,
       c.relname::text AS "table"
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relrowsecurity
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid)
   AND <users table>
 ORDER BY n.nspname, c.relname
""".replace("<users table>", USERS_TABLE)

CHECK = Check(
    id="security.rls_without_policy",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("table", row.schema, row.table),
        message="Row security is on and there is no policy: those whom it binds see no rows and can write none.",
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("splinter: rls_enabled_no_policy",),
)
