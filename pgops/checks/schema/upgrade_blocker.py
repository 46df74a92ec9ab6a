"""What stops pg_upgrade to the next major version.

pg_upgrade looks at every database first and refuses to begin where something could not be carried over. Found on the
evening of the upgrade it costs the evening; here it is found before:

- columns of tables, materialized views and indexes whose type holds an oid that changes: regproc, regprocedure,
  regoper, regoperator, regconfig, regdictionary, regnamespace, regcollation, also inside a domain, array, range or
  composite type (regclass, regtype and regrole are kept and harmless);
- columns of type aclitem, on the way from 15 or earlier to 16 or later, since its format changed;
- columns whose type is the row type of a system table;
- a column that is NOT NULL in a parent and nullable in an inheriting table, on the way to 18;
- prepared transactions;
- databases that are marked invalid or do not take connections, and template0 if it does.

WARNING for what has to be mended first; INFO where nothing need be done before the evening (prepared transactions).
What only the new server's files can show (missing libraries, its locale and checksums) has to be seen there:
`pg_upgrade --check`. A false alarm: a database that is moved by dump and restore.

Source: pg_upgrade's checks in versions 15 to 18; manual, "pg_upgrade".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target, quote_identifier


@attrs.frozen(kw_only=True)
class Row:
    kind: str
    """`column`, `nullable`, `prepared transaction` or `database`."""
    schema: str | None
    name: str
    column: str | None
    what: str
    """The type of a column, the parent of a nullable one, what is wrong with a database."""


# Composite types are few, so their columns are gathered once; then pg_attribute is read once, by the types found.
_SQL = """
WITH RECURSIVE wrapped AS MATERIALIZED (
  SELECT t.oid, t.typbasetype AS inner_oid FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd'
   UNION ALL
  SELECT t.typarray, t.oid FROM pg_catalog.pg_type AS t WHERE t.typarray <> 0
   UNION ALL
  SELECT r.rngtypid, r.rngsubtype FROM pg_catalog.pg_range AS r
   UNION ALL
  SELECT c.reltype, a.atttypid
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
   WHERE c.relkind = 'c' AND a.attnum > 0 AND NOT a.attisdropped
), sought AS (
  SELECT t.oid
    FROM pg_catalog.pg_type AS t
   WHERE t.oid = ANY ('{pg_catalog.regproc, pg_catalog.regprocedure, pg_catalog.regoper, pg_catalog.regoperator,
                        pg_catalog.regconfig, pg_catalog.regdictionary, pg_catalog.regnamespace,
                        pg_catalog.regcollation<and aclitem>}'::regtype[]::oid[])
   UNION ALL
  SELECT c.reltype
    FROM pg_catalog.pg_class AS c
   WHERE c.oid < 16384 AND c.relkind IN ('r', 'v', 'm', 'c') AND c.reltype <> 0
   UNION
  SELECT w.oid FROM sought AS s JOIN wrapped AS w ON w.inner_oid = s.oid
), held AS (
  SELECT n.nspname, c.relname, a.attname, a.attnum, a.atttypid
    FROM (SELECT k.*
            FROM pg_catalog.pg_attribute AS k
           WHERE k.atttypid IN (SELECT s.oid FROM sought AS s)
          OFFSET 0) AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE a.attrelid >= 16384
     AND a.attnum > 0
     AND NOT a.attisdropped
     AND c.relkind IN ('r', 'm', 'i')
     AND c.relpersistence <> 't'
     AND n.nspname !~ '^pg_'
     AND n.nspname <> 'information_schema'
)
SELECT k.kind, k.schema, k.name, k."column", k.what
  FROM (SELECT 'column' AS kind, h.nspname::text AS schema, h.relname::text AS name, h.attname::text AS "column",
               pg_catalog.format_type(h.atttypid, NULL) AS what
          FROM held AS h
         UNION ALL
        <nullable>
        SELECT 'prepared transaction', NULL, x.gid, NULL, x.database::text
          FROM pg_catalog.pg_prepared_xacts AS x
         UNION ALL
        SELECT 'database', NULL, d.datname::text, NULL,
               CASE WHEN d.datconnlimit = -2 THEN 'invalid' WHEN d.datallowconn THEN 'open' ELSE 'closed' END
          FROM pg_catalog.pg_database AS d
         WHERE d.datconnlimit = -2
            OR d.datallowconn = (d.datname = 'template0')) AS k
 ORDER BY k.kind, k.schema NULLS FIRST, k.name, k."column"
"""

_NULLABLE = """
        SELECT 'nullable', n.nspname::text, c.relname::text, a.attname::text,
               pg_catalog.format('%%I.%%I', pn.nspname, p.relname)
          FROM pg_catalog.pg_inherits AS h
          JOIN pg_catalog.pg_class AS c ON c.oid = h.inhrelid AND c.relkind IN ('r', 'p', 'f')
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
          JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent
          JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
          JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attinhcount > 0 AND NOT a.attnotnull
          JOIN pg_catalog.pg_attribute AS b ON b.attrelid = p.oid AND b.attname = a.attname AND b.attnotnull
         WHERE a.attnum > 0
           AND NOT a.attisdropped
           AND <of users>
         UNION ALL""".replace("<of users>", OF_USERS)


def _target(row: Row) -> Target:
    kind = "column" if row.kind == "nullable" else row.kind
    return Target(kind, row.schema, row.name, row.column)


def _message(row: Row, _: object) -> str:
    if row.kind == "column":
        return (
            f"pg_upgrade refuses a column of type {row.what}: what it holds does not mean the same on another server."
        )
    if row.kind == "nullable":
        return f"The column may be NULL here and not in {row.what}, its parent: pg_upgrade to 18 refuses that."
    if row.kind == "prepared transaction":
        return f"It is prepared in {row.what}, and pg_upgrade refuses to begin while there is one."
    if row.what == "invalid":
        return "The database is invalid, since a DROP DATABASE did not come to its end: pg_upgrade refuses to begin."
    if row.what == "open":
        return "template0 takes connections, and pg_upgrade refuses to begin while it does."
    return "The database takes no connections, and pg_upgrade refuses to begin while there is one that it can't enter."


def _fix(row: Row, _: object) -> str | None:
    name = quote_identifier(row.name)
    if row.kind == "nullable":
        table = Target("table", row.schema, row.name)
        return f"ALTER TABLE {table} ALTER COLUMN {quote_identifier(row.column or '')} SET NOT NULL;"
    if row.kind == "database":
        actions = {"invalid": f"DROP DATABASE {name};", "open": f"ALTER DATABASE {name} ALLOW_CONNECTIONS false;"}
        return actions.get(row.what)
    return None


CHECK = Check(
    id="schema.upgrade_blocker",
    aliases=("upgrade_blockers",),
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if row.kind == "prepared transaction" else Severity.WARNING,
        target=_target,
        message=_message,
        fix=_fix,
        details=("kind", "what"),
    ),
    queries=[
        Query(since=14, sql=_SQL.replace("<nullable>", _NULLABLE).replace("<and aclitem>", ", pg_catalog.aclitem")),
        Query(since=16, sql=_SQL.replace("<nullable>", _NULLABLE).replace("<and aclitem>", "")),
        Query(since=18, sql=_SQL.replace("<nullable>", "").replace("<and aclitem>", "")),
    ],
    known_as=("splinter: unsupported_reg_types",),
)
