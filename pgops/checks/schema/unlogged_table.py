"""Unlogged table or sequence.

What is written to it does not go to the WAL: after a crash or an immediate shutdown the table is empty, and the
sequence starts anew and gives values twice. On a standby it can't be read at all, after a failover it is empty there,
and pg_basebackup and every backup by WAL leave its rows out.

INFO: it was made so by somebody, and for a cache or a table for loading it is right. Sequences can be unlogged since
PostgreSQL 15; one that belongs to an unlogged table is not told by itself.

`ALTER TABLE ... SET LOGGED` writes the whole table to the WAL under ACCESS EXCLUSIVE, so it is for a person to plan;
for a sequence it is done at once, and that is the remedy.

Manual: CREATE TABLE, "UNLOGGED"; CREATE SEQUENCE.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    name: str
    kind: str
    """`table` or `sequence`."""
    rows: int
    total_bytes: int
    """Of the table, without indexes and TOAST."""


SQL = """
WITH unlogged AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE c.relpersistence = 'u'
     AND c.relkind IN ('r', 'S')
     AND <of users>
)
SELECT u.nspname::text                                      AS schema,
       u.relname::text                                      AS name,
       CASE u.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
       CASE u.relkind WHEN 'S' THEN 0
            ELSE GREATEST(u.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(u.oid), 0) END AS rows,
       CASE u.relkind WHEN 'S' THEN 0
            ELSE u.relpages * pg_catalog.current_setting('block_size')::bigint END AS total_bytes
  FROM unlogged AS u
 WHERE NOT EXISTS (SELECT
                     FROM pg_catalog.pg_depend AS d
                     JOIN unlogged AS t ON t.oid = d.refobjid
                    WHERE u.relkind = 'S'
                      AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.objid = u.oid
                      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      AND d.deptype IN ('a', 'i'))
 ORDER BY rows DESC, u.nspname, u.relname
""".replace("<of users>", OF_USERS)


def _message(row: Row, _: object) -> str:
    if row.kind == "sequence":
        return "The sequence is unlogged: after a crash it gives its values again, and on a standby it can't be read."
    return (
        f"The table of about {row.rows:,} rows is unlogged: a crash empties it, a standby can't read it, and backups "
        "hold none of its rows."
    )


CHECK = Check(
    id="schema.unlogged_table",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target(row.kind, row.schema, row.name),
        message=_message,
        fix=lambda row, _: (
            f"ALTER SEQUENCE {Target('sequence', row.schema, row.name)} SET LOGGED;" if row.kind == "sequence" else None
        ),
        details=("kind", "rows", "total_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("check_pgactivity: table_unlogged",),
)
