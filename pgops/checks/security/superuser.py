"""Superuser besides the one that the cluster was made with.

Nothing is checked for a superuser: it reads and changes every database, passes by row security, reads and writes files
and runs programs on the server. Each of them is a way to lose everything at once, by theft as by a slip. Administrators
get along with single rights: pg_monitor, pg_signal_backend, pg_maintain (17 and later), CREATEROLE, ownership.

A WARNING for one that can log in, INFO for one that cannot. A false alarm: the named account of an administrator, or
that of a hosting service. The role of the cluster's own superuser (by its oid, 10) is never found.

Manual: section 22.2 "Role Attributes", 22.5 "Predefined Roles".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    role: str
    can_login: bool
    sessions: int
    """How many sessions it has now."""


SQL = """
SELECT r.rolname::text AS role,
       r.rolcanlogin   AS can_login,
       (SELECT pg_catalog.count(*)::int
          FROM pg_catalog.pg_stat_activity AS a
         WHERE a.usesysid = r.oid) AS sessions
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolsuper
   AND r.oid <> 10  -- BOOTSTRAP_SUPERUSERID
 ORDER BY r.rolcanlogin DESC, r.rolname
"""


def _message(row: Row, _: object) -> str:
    sessions = "1 session" if row.sessions == 1 else f"{row.sessions} sessions"
    login = f"can log in and has {sessions} now" if row.can_login else "can't log in by itself"
    return f"The role {row.role} is a superuser, for whom no right is checked; it {login}."


CHECK = Check(
    id="security.superuser",
    aliases=("superusers",),
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.WARNING if row.can_login else Severity.INFO,
        target=lambda row: Target("role", None, row.role),
        message=_message,
        fix="ALTER ROLE {target} NOSUPERUSER;",
        details=("can_login", "sessions"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
