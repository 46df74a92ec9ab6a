"""SECURITY DEFINER function whose search_path is its caller's.

It runs with its owner's rights and finds tables, functions and operators by the search path of whoever calls it. The
caller puts a schema of theirs in front, with a function or a table of a name that the body uses, and their code runs as
the owner. SET search_path on the function pins it; put pg_temp last, which otherwise goes before all others.

A WARNING, unless nobody but the owner may call it (INFO). A body in SQL-standard form (BEGIN ATOMIC) has looked up its
names when it was made, and is left out. The remedy pins pg_catalog and the function's own schema: add what else its
body names without a schema, and try it. A function with SET is not inlined any more. A false alarm: a body that
qualifies every name, operators too.

Manual: CREATE FUNCTION, "Writing SECURITY DEFINER Functions Safely".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._definers import DEFINERS, routine_target, signature
from pgops.findings import Severity, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    name: str
    arguments: str
    owner: str
    superuser: bool
    """Whether the owner is a superuser."""
    called_by_others: bool
    """Whether anybody but the owner may call it, or it is a trigger's."""


SQL = """
WITH <definers>
SELECT f.schema,
       f.name,
       f.arguments,
       f.owner,
       f.superuser,
       f.for_triggers
         OR f.proacl IS NULL
         OR EXISTS (SELECT
                      FROM pg_catalog.aclexplode(f.proacl) AS granted
                     WHERE granted.grantee <> f.proowner
                       AND granted.privilege_type = 'EXECUTE') AS called_by_others
  FROM definer AS f
 WHERE NOT f.bound
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.unnest(f.proconfig) AS c (line)
                    WHERE pg_catalog.starts_with(c.line, 'search_path='))
 ORDER BY f.superuser DESC, f.schema, f.name, f.arguments
""".replace("<definers>", DEFINERS)


def _message(row: Row, _: object) -> str:
    owner = f"the superuser {row.owner}" if row.superuser else row.owner
    return (
        f"The function runs with the rights of {owner} and looks names up by its caller's search_path, so a caller can "
        "make it run code of theirs."
    )


CHECK = Check(
    id="security.security_definer_search_path",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.WARNING if row.called_by_others else Severity.INFO,
        target=routine_target,
        message=_message,
        fix=lambda row, _: (
            f"ALTER ROUTINE {signature(row)} SET search_path = pg_catalog, {quote_identifier(row.schema)}, pg_temp;"
        ),
        details=("arguments", "owner", "superuser", "called_by_others"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("splinter: function_search_path_mutable",),
)
