"""Every role with what it may do and what it belongs to.

Attributes as CREATE ROLE has them; `member_of` are its direct memberships, with a star behind those that it may grant
on. PostgreSQL's own roles (pg_monitor and its like) are left out.

A listing, no verdict. Manual: chapter 22 "Database Roles".
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, NoLimits, Query, Scope
from pgops.findings import Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    role: str
    can_login: bool
    superuser: bool
    createdb: bool
    createrole: bool
    inherit: bool
    replication: bool
    bypassrls: bool
    conn_limit: int | None
    """None: no limit."""
    valid_until: datetime | None
    """None: for ever."""
    member_of: tuple[str, ...] = attrs.field(converter=as_tuple)


SQL = """
WITH membership AS MATERIALIZED (
  SELECT m.member,
         g.rolname::text || CASE WHEN pg_catalog.bool_or(m.admin_option) THEN '*' ELSE '' END AS name
    FROM pg_catalog.pg_auth_members AS m
    JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
   -- from PostgreSQL 16 on several grantors may have granted the same
   GROUP BY m.member, g.rolname
)
SELECT r.rolname::text                 AS role,
       r.rolcanlogin                   AS can_login,
       r.rolsuper                      AS superuser,
       r.rolcreatedb                   AS createdb,
       r.rolcreaterole                 AS createrole,
       r.rolinherit                    AS inherit,
       r.rolreplication                AS replication,
       r.rolbypassrls                  AS bypassrls,
       NULLIF(r.rolconnlimit, -1)      AS conn_limit,
       -- not infinite, and within what a client can take for a time
       CASE WHEN r.rolvaliduntil BETWEEN '0001-01-02'::timestamptz AND '9999-01-01'::timestamptz
            THEN r.rolvaliduntil END   AS valid_until,
       COALESCE(x.names, '{}')         AS member_of
  FROM pg_catalog.pg_roles AS r
  LEFT JOIN (SELECT m.member, pg_catalog.array_agg(m.name ORDER BY m.name) AS names
               FROM membership AS m
              GROUP BY m.member) AS x ON x.member = r.oid
 WHERE r.rolname !~ '^pg_'
 ORDER BY r.rolsuper DESC, r.rolcanlogin DESC, r.rolname
"""

CHECK: Check[Row, NoLimits] = Check(
    id="security.roles",
    aliases=("roles_overview",),
    doc=__doc__,
    row=Row,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    target=lambda row: Target("role", None, row.role),
)
