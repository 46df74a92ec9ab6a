"""Which relations are the users' own: a condition that the checks of many topics share.

It calls pg_class `c` and pg_namespace `n`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import LiteralString

# No schema of a user begins with pg_: the catalogue, TOAST and temporary tables do. What an extension made is not the
# user's to change.
OF_USERS: LiteralString = """n.nspname !~ '^pg_'
   AND n.nspname <> 'information_schema'
   AND c.oid NOT IN (SELECT d.objid
                       FROM pg_catalog.pg_depend AS d
                      WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                        AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.deptype = 'e')"""
