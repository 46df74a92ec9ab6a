"""What the checks of many topics share about relations.

Which are the users' own, which are locked, what a domain is made of, and what to say where pg_stats hides a column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.findings import Target, Unseen, quote_identifier

if TYPE_CHECKING:
    from typing import LiteralString

# Of pg_class `c` and pg_namespace `n`. No schema of a user begins with pg_: the catalogue, TOAST and temporary tables
# do. What an extension made is not the user's to change.
OF_USERS: LiteralString = """n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND c.oid NOT IN (SELECT d.objid
                       FROM pg_catalog.pg_depend AS d
                      WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                        AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.deptype = 'e')"""

# Begins a query: `base` has every domain with the type that it is made of in the end, since one may be made of another.
WITH_BASE_TYPES: LiteralString = """WITH RECURSIVE domain AS (
    SELECT t.oid, t.typbasetype AS type
      FROM pg_catalog.pg_type AS t
     WHERE t.typtype = 'd'
     UNION ALL
    SELECT d.oid, t.typbasetype
      FROM domain AS d
      JOIN pg_catalog.pg_type AS t ON t.oid = d.type
     WHERE t.typtype = 'd'
), base AS MATERIALIZED (
    SELECT d.oid AS domain, d.type
      FROM domain AS d
     WHERE NOT EXISTS (SELECT FROM domain AS e WHERE e.oid = d.type)
)"""

# The relations of a CTE `busy`: ACCESS EXCLUSIVE is the only lock that ACCESS SHARE waits for.
LOCKED: LiteralString = """SELECT l.relation
      FROM pg_catalog.pg_locks AS l
     WHERE l.mode = 'AccessExclusiveLock'
       AND l.locktype = 'relation'
       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
       AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()  -- NULL for a prepared transaction"""


def hidden_statistics(target: Target, table: Target, user: str, *, row_security: bool) -> Unseen:
    """What is said where the role may not read the statistics of a table's column, and the exact cure.

    pg_stats shows a column to those who may read it, and none of a table whose row security binds them.
    """
    role = quote_identifier(user)
    if row_security:
        return Unseen(target, f"row security hides the statistics of {table}", f"ALTER ROLE {role} BYPASSRLS;")
    return Unseen(target, f"the statistics of {table} may not be read", f"GRANT SELECT ON {table} TO {role};")
