"""Tablespaces, where they lie, and what is in them.

Every tablespace with its owner, place, options, and the tables and indexes of this database that lie in it, with their
size by the last VACUUM or ANALYZE. A tablespace that no database uses shows no relations in any of them.

`size_bytes`, of all databases, is measured only with the limit `measure`, since PostgreSQL asks the file system for
each file, and only where the role may create in the tablespace or read all statistics (pg_read_all_stats).

Manual: section 22.6, "Tablespaces"; section 9.28.7.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    tablespace: str
    owner: str
    location: str | None
    """None: inside the data directory."""
    options: str | None
    relations_here: int
    here_bytes: int
    size_bytes: int | None


@attrs.frozen(kw_only=True)
class Limits:
    measure: bool = limit(False, unit="yes or no", doc="Whether to measure what all databases have there.")


SQL = """
SELECT t.spcname::text                           AS tablespace,
       COALESCE(o.rolname::text, t.spcowner::text) AS owner,
       NULLIF(pg_catalog.pg_tablespace_location(t.oid), '') AS location,
       pg_catalog.array_to_string(t.spcoptions, ', ') AS options,
       COALESCE(c.relations, 0)                  AS relations_here,
       COALESCE(c.bytes, 0)                      AS here_bytes,
       CASE WHEN %(measure)s::bool
             AND (pg_catalog.has_tablespace_privilege(t.oid, 'CREATE')
                  OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
            THEN pg_catalog.pg_tablespace_size(t.oid) END AS size_bytes
  FROM pg_catalog.pg_tablespace AS t
  LEFT JOIN pg_catalog.pg_roles AS o ON o.oid = t.spcowner
  LEFT JOIN (SELECT CASE WHEN r.relisshared THEN (SELECT g.oid FROM pg_catalog.pg_tablespace AS g
                                                   WHERE g.spcname = 'pg_global')
                         WHEN r.reltablespace = 0 THEN (SELECT d.dattablespace FROM pg_catalog.pg_database AS d
                                                         WHERE d.datname = pg_catalog.current_database())
                         ELSE r.reltablespace END AS tablespace,
                    pg_catalog.count(*) AS relations,
                    pg_catalog.sum(r.relpages::bigint & 4294967295)::bigint
                      * (SELECT pg_catalog.current_setting('block_size')::bigint) AS bytes
               FROM pg_catalog.pg_class AS r
              WHERE r.relkind IN ('r', 'm', 't', 'i', 'S')
              GROUP BY 1) AS c ON c.tablespace = t.oid
 ORDER BY here_bytes DESC, t.spcname
"""

CHECK = Check(
    id="storage.tablespaces",
    aliases=("tablespaces",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    queries=[Query(since=14, sql=SQL)],
    target=lambda row: Target("tablespace", None, row.tablespace),
)
