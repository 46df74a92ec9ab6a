"""Everybody may create objects in a schema, or schemas in the database.

CREATE for PUBLIC lets any role that can connect put tables, functions and operators where others look for theirs: a
function of a better fitting type in `public`, and the next superuser who calls `lower(...)` runs a stranger's code
(CVE-2018-1058). Databases made before PostgreSQL 15 have it on `public` and keep it over an upgrade.

A false alarm: a database of a single user. Grant CREATE to the roles that make objects, and revoke it from PUBLIC.

Manual: section 5.9.6 "Usage Patterns"; release notes of 15.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    kind: str
    """`schema` or `database`."""
    name: str
    owner: str | None


SQL = """
SELECT o.kind,
       o.name,
       r.rolname::text AS owner
  FROM (SELECT 'schema' AS kind, n.nspname::text AS name, n.nspowner AS owner, n.nspacl AS acl
          FROM pg_catalog.pg_namespace AS n
         WHERE n.nspname !~ '^pg_'
           AND n.nspname <> 'information_schema'
         UNION ALL
        SELECT 'database', d.datname::text, d.datdba, d.datacl
          FROM pg_catalog.pg_database AS d
         WHERE d.datname = pg_catalog.current_database()) AS o
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = o.owner
 -- without an ACL none but the owner may create
 WHERE EXISTS (SELECT
                 FROM pg_catalog.aclexplode(o.acl) AS granted
                WHERE granted.grantee = 0
                  AND granted.privilege_type = 'CREATE')
 ORDER BY o.kind DESC, o.name
"""

CHECK = Check(
    id="security.public_schema_create",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=lambda row: Target(row.kind, None, row.name),
        message=lambda row, _: (
            f"Everybody who can connect may create objects in the {row.kind} {row.name}, and so put code where others "
            "run it."
        ),
        fix=lambda row, _: f"REVOKE CREATE ON {row.kind.upper()} {Target(row.kind, None, row.name)} FROM PUBLIC;",
        details=("owner",),
    ),
    queries=[Query(since=14, sql=SQL)],
)
