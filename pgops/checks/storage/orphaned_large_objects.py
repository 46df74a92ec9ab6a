"""Large objects that no row refers to.

A large object lives apart from the row that holds its oid. Deleting that row, or storing another oid in it, leaves the
object behind unless a trigger (lo_manage of the extension lo) or the application removes it: it stays for ever, takes
space, is dumped each time, and pg_upgrade of very many takes hours.

This looks for the objects' oids in every column of type oid, or of a domain over it such as lo, in the database's own
tables and materialized views, as the program vacuumlo does. So it reads those tables, and runs only when it is asked
for by name. A WARNING where at least `min_objects` are referred to by none. Where the role may not read one of the
tables it can't tell; with no such column anywhere nothing need be read.

It is a false alarm where oids are kept in columns of another type (text, bigint) or outside the database: make sure
before you remove anything. `vacuumlo --dry-run` shows what it would remove, `lo_unlink(oid)` removes one.

Manual: chapter 33, "Large Objects"; appendix G, "vacuumlo".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.findings import Finding, Severity, Target, Unseen, as_tuple, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    database: str
    objects: int
    columns: int
    """Those that may hold the oid of a large object."""
    unreadable: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Tables with such columns that the role may not read, quoted."""
    orphans: int | None
    """None where not every column may be read."""


@attrs.frozen(kw_only=True)
class Limits:
    min_objects: int = limit(100, unit="large objects", doc="Say nothing where fewer are left behind.")


# query_to_xml runs a statement that is made on the spot: one for all columns, which gives back one number.
SQL = """
WITH RECURSIVE oid_type AS (
  SELECT 'pg_catalog.oid'::regtype::oid AS oid
   UNION
  SELECT t.oid
    FROM oid_type AS o
    JOIN pg_catalog.pg_type AS t ON t.typbasetype = o.oid AND t.typtype = 'd'
), referring AS MATERIALIZED (
  SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname) AS "table",
         a.attname,
         pg_catalog.has_schema_privilege(n.oid, 'USAGE')
           AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')
           AND NOT (c.relrowsecurity AND pg_catalog.row_security_active(c.oid)) AS readable
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
   WHERE a.atttypid IN (SELECT o.oid FROM oid_type AS o)
     AND a.attnum > 0
     AND NOT a.attisdropped
     AND c.relkind IN ('r', 'm')
     AND c.relpersistence <> 't'
     AND n.nspname !~ '^pg_'
     AND n.nspname <> 'information_schema'
), counted AS MATERIALIZED (
  SELECT pg_catalog.count(*) AS objects FROM pg_catalog.pg_largeobject_metadata
), statement AS MATERIALIZED (
  SELECT 'SELECT pg_catalog.count(*) AS n FROM pg_catalog.pg_largeobject_metadata AS m WHERE m.oid NOT IN ('
         || COALESCE(pg_catalog.string_agg(
              pg_catalog.format('SELECT x.%%1$I::oid FROM %%2$s AS x WHERE x.%%1$I IS NOT NULL', r.attname, r."table"),
              ' UNION ALL '), 'SELECT NULL::oid WHERE FALSE')
         || ')' AS text
    FROM referring AS r
  HAVING pg_catalog.bool_and(r.readable) IS NOT FALSE
)
SELECT pg_catalog.current_database()::text AS database,
       k.objects,
       (SELECT pg_catalog.count(*)::int FROM referring) AS columns,
       ARRAY(SELECT DISTINCT r."table" FROM referring AS r WHERE NOT r.readable ORDER BY 1) AS unreadable,
       CASE WHEN k.objects = 0 THEN 0
            ELSE (SELECT pg_catalog.substring(pg_catalog.query_to_xml(s.text, FALSE, FALSE, '')::text,
                                              '<n>([0-9]+)</n>')::bigint
                    FROM statement AS s) END AS orphans
  FROM counted AS k
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        target = _target(row)
        if row.orphans is None:
            user = quote_identifier(seen.server.user)
            cure = "\n".join(f"GRANT SELECT ON {table} TO {user};" for table in row.unreadable)
            tables = f"{len(row.unreadable)} tables that may refer to them may not be read, or have row security"
            yield Unseen(target, f"there are {row.objects:,} large objects, and {tables}", cure)
        elif row.orphans and row.orphans >= seen.limits_for(row).min_objects:
            where = (
                f"none of the {row.columns} columns of type oid refers to"
                if row.columns
                else "no row can refer to, since there is no column of type oid,"
            )
            yield Finding(
                Severity.WARNING,
                target,
                f"Of {row.objects:,} large objects there are {row.orphans:,} which {where}. Look with vacuumlo "
                "--dry-run, and make sure that no text or number holds their oids.",
                confidence=0.8,
                details={"objects": row.objects, "orphans": row.orphans, "columns": row.columns},
            )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="storage.orphaned_large_objects",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    opt_in=True,
)
