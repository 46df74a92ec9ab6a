"""Role with BYPASSRLS, REPLICATION or CREATEROLE, which pass by ordinary rights.

BYPASSRLS sees every row whatever the policies say. REPLICATION reads the whole cluster, all databases and password
hashes included, by a base backup. CREATEROLE could until PostgreSQL 15 change any role that is no superuser's and grant
itself pg_execute_server_program: as good as superuser, and a WARNING there; from 16 on it reaches only the roles that
it made, and is not found.

The others are INFO. Superusers and PostgreSQL's own roles are left out. A false alarm: the role that a standby or a
backup logs in as.

Manual: section 22.2 "Role Attributes"; release notes of 16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    role: str
    can_login: bool
    bypasses_rls: bool
    replicates: bool
    creates_roles: bool


SQL = """
SELECT r.rolname::text  AS role,
       r.rolcanlogin    AS can_login,
       r.rolbypassrls   AS bypasses_rls,
       r.rolreplication AS replicates,
       r.rolcreaterole  AS creates_roles
  FROM pg_catalog.pg_roles AS r
 WHERE NOT r.rolsuper
   AND (r.rolbypassrls OR r.rolreplication OR r.rolcreaterole)
   AND r.oid >= 16384  -- FirstNormalObjectId: those below are PostgreSQL's own
 ORDER BY r.rolname
"""


def target_of(row: Row) -> Target:
    return Target("role", None, row.role)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    as_superuser = seen.server.major < 16
    for row in rows:
        for has, attribute, severity, what in (
            (row.bypasses_rls, "BYPASSRLS", Severity.INFO, "sees every row whatever the policies say"),
            (row.replicates, "REPLICATION", Severity.INFO, "may copy the whole cluster, password hashes included"),
            (
                row.creates_roles and as_superuser,
                "CREATEROLE",
                Severity.WARNING,
                "may change every role but superusers and grant itself pg_execute_server_program",
            ),
        ):
            if has:
                target = attrs.evolve(target_of(row), also=(attribute,))
                fix = f"ALTER ROLE {target} NO{attribute};"
                message = f"The role {row.role} has {attribute} and {what}."
                yield Finding(severity, target, message, fix, details={"can_login": row.can_login})


CHECK = Check(
    id="security.powerful_role",
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    target=target_of,
)
