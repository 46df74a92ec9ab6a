"""Membership in a superuser, or in a predefined role that is close to one.

pg_execute_server_program runs programs on the server as its account, pg_write_server_files writes any file that this
account may, pg_read_server_files reads them: with each of them a role can make itself superuser, or read what it should
not. A member of a superuser becomes that with SET ROLE. WARNINGs. pg_read_all_data and pg_write_all_data reach every
table, and pg_create_subscription (16 and later) makes the server connect elsewhere: INFO.

Superusers are left out. `reaches` are all roles that get the rights by further memberships. A false alarm: a role for
backups or COPY that was made for it.

Manual: section 22.5 "Predefined Roles".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target, as_tuple, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    granted: str
    """The role that it is a member of."""
    superuser: bool
    """Whether that is a superuser."""
    member: str
    can_login: bool
    admin: bool
    """Whether it may grant the membership on."""
    grantor: str | None
    """Who has granted it; None before PostgreSQL 16, where it does not matter."""
    reaches: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Members of the member, and their members."""


SQL = """
WITH RECURSIVE below AS (
  SELECT m.member AS top, m.member AS role
    FROM pg_catalog.pg_auth_members AS m
    JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid AND (g.rolsuper OR g.rolname::text = ANY (<roles>))
   UNION
  SELECT b.top, m.member
    FROM below AS b
    JOIN pg_catalog.pg_auth_members AS m ON m.roleid = b.role
)
SELECT g.rolname::text AS granted,
       g.rolsuper      AS superuser,
       r.rolname::text AS member,
       r.rolcanlogin   AS can_login,
       m.admin_option  AS admin,
       <grantor>       AS grantor,
       ARRAY(SELECT x.rolname::text
               FROM below AS b
               JOIN pg_catalog.pg_roles AS x ON x.oid = b.role
              WHERE b.top = m.member
                AND b.role <> m.member
                AND NOT x.rolsuper
              ORDER BY x.rolname) AS reaches
  FROM pg_catalog.pg_auth_members AS m
  JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid AND (g.rolsuper OR g.rolname::text = ANY (<roles>))
  JOIN pg_catalog.pg_roles AS r ON r.oid = m.member
 WHERE NOT r.rolsuper
   AND r.oid >= 16384  -- FirstNormalObjectId: those below are PostgreSQL's own
 ORDER BY g.rolname, r.rolname
""".replace(
    "<roles>",
    "ARRAY['pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files', 'pg_read_all_data',"
    " 'pg_write_all_data', 'pg_create_subscription']",
)

_AS_SUPERUSER = {
    "pg_execute_server_program": "run programs as the server's account",
    "pg_write_server_files": "write any file that the server's account may",
    "pg_read_server_files": "read any file that the server's account may",
}
_FAR = {
    "pg_read_all_data": "read every table",
    "pg_write_all_data": "change every table",
    "pg_create_subscription": "make the server connect to others",
}


def _message(row: Row, _: object) -> str:
    what = _AS_SUPERUSER.get(row.granted) or _FAR.get(row.granted, "become a superuser by SET ROLE")
    more = f" So may {', '.join(row.reaches)}, by membership in it." if row.reaches else ""
    admin = " It may pass that on to others." if row.admin else ""
    return f"As a member of {row.granted} the role {row.member} may {what}.{more}{admin}"


def _fix(row: Row, _: object) -> str:
    by = f" GRANTED BY {quote_identifier(row.grantor)}" if row.grantor else ""
    return f"REVOKE {quote_identifier(row.granted)} FROM {quote_identifier(row.member)}{by};"


CHECK = Check(
    id="security.dangerous_membership",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if row.granted in _FAR and not row.superuser else Severity.WARNING,
        target=lambda row: Target("role", None, row.member, also=(row.granted,)),
        message=_message,
        fix=_fix,
        details=("granted", "admin", "grantor", "reaches"),
    ),
    queries=[
        Query(since=14, sql=SQL.replace("<grantor>", "NULL::text")),
        Query(since=16, sql=SQL.replace("<grantor>", "pg_catalog.pg_get_userbyid(m.grantor)::text")),
    ],
    scope=Scope.CLUSTER,
)
