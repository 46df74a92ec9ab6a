"""Row security does not bind the role that owns the table and logs in.

A table's owner passes by its policies unless it is told otherwise: where the application connects as the owner, as with
most frameworks, row security protects nothing from it. ALTER TABLE ... FORCE ROW LEVEL SECURITY binds the owner too; or
let another role own the tables.

INFO, for owners that can log in (or whose members can) and are bound otherwise: FORCE does nothing for superusers and
roles with BYPASSRLS. A false alarm: an owner that only runs migrations. Forcing may make its foreign key checks and
dumps miss rows.

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
    owner: str


SQL = """
SELECT n.nspname::text     AS schema,
       c.relname::text     AS "table",
       owner.rolname::text AS owner
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles AS owner ON owner.oid = c.relowner
 WHERE c.relrowsecurity
   AND NOT c.relforcerowsecurity
   AND NOT (owner.rolsuper OR owner.rolbypassrls)
   AND (owner.rolcanlogin
        OR EXISTS (SELECT
                     FROM pg_catalog.pg_auth_members AS m
                     JOIN pg_catalog.pg_roles AS member ON member.oid = m.member
                    WHERE m.roleid = owner.oid
                      AND member.rolcanlogin
                      AND NOT (member.rolsuper OR member.rolbypassrls)))
   AND <users table>
 ORDER BY n.nspname, c.relname
""".replace("<users table>", USERS_TABLE)

CHECK = Check(
    id="security.rls_not_forced",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("table", row.schema, row.table),
        message="Row security does not bind the owner {owner}, which can log in: its sessions see every row.",
        fix="ALTER TABLE {target} FORCE ROW LEVEL SECURITY;",
        details=("owner",),
    ),
    queries=[Query(since=14, sql=SQL)],
)
