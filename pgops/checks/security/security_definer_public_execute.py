"""SECURITY DEFINER function that everybody may call.

It does what its owner may do, and EXECUTE is PUBLIC's unless somebody revokes it. What was meant as a narrow door for
one role stands open for all. A WARNING where the owner is a superuser, since a mistake in the body is then a way to the
whole server; INFO for others, and in a schema that PUBLIC may not use, where only those who may can call it.

Functions for triggers can't be called and are left out. A false alarm: a function that is made for everybody and checks
its caller and arguments.

Manual: CREATE FUNCTION, "Writing SECURITY DEFINER Functions Safely".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._definers import DEFINERS, routine_target, signature
from pgops.findings import Severity


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    name: str
    arguments: str
    owner: str
    superuser: bool
    """Whether the owner is a superuser."""
    reachable: bool
    """Whether PUBLIC may use the schema, too."""


SQL = """
WITH <definers>
SELECT f.schema,
       f.name,
       f.arguments,
       f.owner,
       f.superuser,
       EXISTS (SELECT
                 FROM pg_catalog.aclexplode(f.nspacl) AS granted
                WHERE granted.grantee = 0
                  AND granted.privilege_type = 'USAGE') AS reachable
  FROM definer AS f
 WHERE NOT f.for_triggers
   AND (f.proacl IS NULL
        OR EXISTS (SELECT
                     FROM pg_catalog.aclexplode(f.proacl) AS granted
                    WHERE granted.grantee = 0
                      AND granted.privilege_type = 'EXECUTE'))
 ORDER BY f.superuser DESC, f.schema, f.name, f.arguments
""".replace("<definers>", DEFINERS)


def _message(row: Row, _: object) -> str:
    owner = f"the superuser {row.owner}" if row.superuser else row.owner
    who = "Everybody who can connect" if row.reachable else "Everybody who may use its schema"
    return f"{who} may call the function, which runs with the rights of {owner}."


CHECK = Check(
    id="security.security_definer_public_execute",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.WARNING if row.superuser and row.reachable else Severity.INFO,
        target=routine_target,
        message=_message,
        fix=lambda row, _: f"REVOKE EXECUTE ON ROUTINE {signature(row)} FROM PUBLIC;",
        details=("arguments", "owner", "superuser", "reachable"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
