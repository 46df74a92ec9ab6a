"""Databases, and how large they are.

Every database of the server, the largest first, with its owner, tablespace, encoding, limit of connections and the age
of its oldest transaction id. `size_bytes` is None where the role may neither connect to a database nor read all
statistics (pg_read_all_stats).

PostgreSQL finds a size by asking the file system for each file of a database, which takes half a second for 75,000 of
them. So this listing runs only when it is asked for by name.

Manual: section 9.28.7, "Database Object Management Functions"; section 53.15, "pg_database".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, NoLimits, Query, Scope
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    database: str
    size_bytes: int | None
    owner: str
    tablespace: str
    encoding: str
    collation: str
    takes_connections: bool
    template: bool
    connection_limit: int | None
    """None where there is none."""
    connections: int | None
    xid_age: int


SQL = """
SELECT d.datname::text                               AS database,
       CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
              OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
            THEN pg_catalog.pg_database_size(d.oid) END AS size_bytes,
       COALESCE(o.rolname::text, d.datdba::text)     AS owner,
       t.spcname::text                               AS tablespace,
       pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text                            AS collation,
       d.datallowconn                                AS takes_connections,
       d.datistemplate                               AS template,
       CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit END AS connection_limit,
       s.numbackends                                 AS connections,
       pg_catalog.age(d.datfrozenxid)                AS xid_age
  FROM pg_catalog.pg_database AS d
  JOIN pg_catalog.pg_tablespace AS t ON t.oid = d.dattablespace
  LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = d.datdba
  LEFT JOIN pg_catalog.pg_stat_database AS s ON s.datid = d.oid
 ORDER BY size_bytes DESC NULLS LAST, d.datname
"""


def target_of(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK: Check[Row, NoLimits] = Check(
    id="storage.database_sizes",
    aliases=("database_sizes",),
    doc=__doc__,
    row=Row,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    target=target_of,
    opt_in=True,
    known_as=("check_postgres: database_size", "check_pgactivity: database_size"),
)
