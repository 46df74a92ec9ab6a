"""Which relations are the users' own, and what a domain is made of: SQL that the checks of many topics share."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
