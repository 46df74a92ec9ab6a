"""Objects that will be made are PUBLIC's from the start (default privileges).

ALTER DEFAULT PRIVILEGES ... GRANT ... TO PUBLIC gives everybody rights on each table, sequence or schema that the role
makes from then on. Nobody sees it in the statement that makes the object, and a later REVOKE on that object has to be
thought of each time.

A WARNING where others may write, INFO where they may read. Functions and types are PUBLIC's by PostgreSQL's own
default; an entry that only says so again is not found. A false alarm: a schema that is meant for all.

Manual: ALTER DEFAULT PRIVILEGES; "pg_default_acl".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target, as_tuple, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    role: str
    """Whose new objects they are."""
    schema: str | None
    """Where; None: in every schema."""
    objects: str
    """`TABLES`, `SEQUENCES`, `FUNCTIONS`, `TYPES`, `SCHEMAS` or `LARGE OBJECTS`."""
    privileges: tuple[str, ...] = attrs.field(converter=as_tuple)


SQL = """
SELECT COALESCE(r.rolname::text, d.defaclrole::text) AS role,
       n.nspname::text                              AS schema,
       CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                            WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS objects,
       given.privileges
  FROM pg_catalog.pg_default_acl AS d
 CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(g.privilege_type ORDER BY g.privilege_type) AS privileges
                       FROM pg_catalog.aclexplode(d.defaclacl) AS g
                      WHERE g.grantee = 0) AS given
  LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = d.defaclrole
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
 WHERE given.privileges IS NOT NULL
   -- PostgreSQL's own default, which stands in every entry for functions and types that changes something else
   AND d.defaclobjtype NOT IN ('f', 'T')
 ORDER BY 1, 2 NULLS FIRST, 3
"""

_HARMLESS = frozenset({"SELECT", "USAGE", "REFERENCES", "TRIGGER"})


def _fix(row: Row, _: object) -> str:
    where = f" IN SCHEMA {quote_identifier(row.schema)}" if row.schema is not None else ""
    return (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {quote_identifier(row.role)}{where} "
        f"REVOKE {', '.join(row.privileges)} ON {row.objects} FROM PUBLIC;"
    )


CHECK = Check(
    id="security.default_privileges_to_public",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if _HARMLESS.issuperset(row.privileges) else Severity.WARNING,
        target=lambda row: Target("default privileges", row.schema, row.role, row.objects),
        message=lambda row, _: (
            f"Everybody will have {', '.join(row.privileges)} on all {row.objects.lower()} that {row.role} makes"
            f"{f' in the schema {row.schema}' if row.schema is not None else ''}."
        ),
        fix=_fix,
        details=("objects", "privileges"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
