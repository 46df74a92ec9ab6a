"""Table that everybody may read or change.

Rights that were granted to PUBLIC are those of every role that can connect, of those made later, too. A WARNING where
they let others change rows or the table (INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, MAINTAIN), INFO where they let
read; on single columns they count as well.

Tables with row security are INFO: policies decide there. Extensions' own tables are left out. A false alarm: what is
public on purpose, such as a table of countries. Grant to roles instead, and revoke it from PUBLIC.

Manual: section 5.8 "Privileges".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._row_security import USERS_TABLE
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    kind: str
    schema: str
    table: str
    row_security: bool
    privileges: tuple[str, ...] = attrs.field(converter=as_tuple)
    """On the table as a whole."""
    column_privileges: tuple[str, ...] = attrs.field(converter=as_tuple)
    """On single columns."""


SQL = """
WITH granted AS MATERIALIZED (
  SELECT c.oid AS relation, g.privilege_type AS word, FALSE AS on_column
    FROM pg_catalog.pg_class AS c
   CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS g
   WHERE c.relacl IS NOT NULL
     AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND g.grantee = 0
   UNION ALL
  SELECT a.attrelid, g.privilege_type, TRUE
    FROM pg_catalog.pg_attribute AS a
   CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS g
   WHERE a.attacl IS NOT NULL
     AND NOT a.attisdropped
     AND g.grantee = 0
)
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                      ELSE 'table' END AS kind,
       n.nspname::text  AS schema,
       c.relname::text  AS "table",
       c.relrowsecurity AS row_security,
       x.privileges,
       x.column_privileges
  FROM (SELECT g.relation,
               COALESCE(pg_catalog.array_agg(DISTINCT g.word) FILTER (WHERE NOT g.on_column), '{}') AS privileges,
               COALESCE(pg_catalog.array_agg(DISTINCT g.word) FILTER (WHERE g.on_column), '{}') AS column_privileges
          FROM granted AS g
         GROUP BY g.relation) AS x
  JOIN pg_catalog.pg_class AS c ON c.oid = x.relation
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <users table>
 ORDER BY n.nspname, c.relname
""".replace("<users table>", USERS_TABLE)

_READING = frozenset({"SELECT", "REFERENCES"})


def _severity(row: Row, _: object) -> Severity:
    reads = _READING.issuperset((*row.privileges, *row.column_privileges))
    return Severity.INFO if reads or row.row_security else Severity.WARNING


def _message(row: Row, _: object) -> str:
    whole = f"{', '.join(row.privileges)} on it" if row.privileges else ""
    columns = f"{', '.join(row.column_privileges)} on columns of it" if row.column_privileges else ""
    guarded = "; row security decides on which rows" if row.row_security else ""
    return f"Everybody who can connect has {' and '.join(filter(None, (whole, columns)))}{guarded}."


CHECK = Check(
    id="security.public_table_privilege",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target(row.kind, row.schema, row.table),
        message=_message,
        # what is revoked on a table is revoked on its columns
        fix="REVOKE ALL ON TABLE {target} FROM PUBLIC;",
        details=("privileges", "column_privileges", "row_security"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
