"""Which tables are published so that their rows have to be found again: the SQL that two checks begin with.

`published` has every table that holds rows and is in a publication of UPDATE or DELETE, by its own name, that of its
schema, of a table that it is a partition of, or with all tables. `restriction` has the column lists and row filters
that hold for it: of its own, or of the topmost partitioned table that a publication with publish_via_partition_root
names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import LiteralString

_TEMPLATE: LiteralString = """publication AS MATERIALIZED (
  SELECT p.oid, p.pubname::text AS name, p.puballtables, p.pubupdate, p.pubdelete, p.pubviaroot
    FROM pg_catalog.pg_publication AS p
   WHERE p.pubupdate OR p.pubdelete
), named AS MATERIALIZED (
  <named>
), member AS (
  -- a partitioned table stands for its partitions
  SELECT m.publication, m.relation, m.relation AS said_of
    FROM named AS m
   UNION
  SELECT m.publication, h.inhrelid, m.said_of
    FROM member AS m
    JOIN pg_catalog.pg_class AS c ON c.oid = m.relation AND c.relkind = 'p'
    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = m.relation
), chosen AS MATERIALIZED (
  SELECT m.publication, m.relation FROM member AS m
   UNION
  SELECT p.oid, c.oid
    FROM publication AS p
    JOIN pg_catalog.pg_class AS c ON c.relkind = 'r'
   WHERE p.puballtables
), published AS MATERIALIZED (
  SELECT c.oid,
         pg_catalog.array_agg(p.name ORDER BY p.name) AS publications,
         pg_catalog.bool_or(p.pubupdate) AS updates,
         pg_catalog.bool_or(p.pubdelete) AS deletes
    FROM publication AS p
    JOIN chosen AS k ON k.publication = p.oid
    JOIN pg_catalog.pg_class AS c ON c.oid = k.relation
   WHERE c.relkind = 'r'
     AND c.relpersistence = 'p'
     AND c.oid >= 16384  -- the catalogue is never published
   GROUP BY c.oid
), restriction AS MATERIALIZED (
  <restriction>
)"""

PUBLISHED: LiteralString = _TEMPLATE.replace(
    "<named>",
    """SELECT r.prpubid AS publication, r.prrelid AS relation
    FROM pg_catalog.pg_publication_rel AS r
    JOIN publication AS p ON p.oid = r.prpubid""",
).replace(
    "<restriction>",
    "SELECT NULL::oid AS relation, NULL::oid AS said_of, NULL AS kind, NULL::int2[] AS columns\n   WHERE FALSE",
)
"""`WITH RECURSIVE` and this: before PostgreSQL 15."""

PUBLISHED_IN_SCHEMAS: LiteralString = _TEMPLATE.replace(
    "<named>",
    """SELECT r.prpubid AS publication, r.prrelid AS relation
    FROM pg_catalog.pg_publication_rel AS r
    JOIN publication AS p ON p.oid = r.prpubid
   UNION
  SELECT s.pnpubid, c.oid
    FROM pg_catalog.pg_publication_namespace AS s
    JOIN publication AS p ON p.oid = s.pnpubid
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = s.pnnspid AND c.relkind IN ('r', 'p')""",
).replace(
    "<restriction>",
    """SELECT m.relation, m.said_of, 'list' AS kind, r.prattrs::int2[] AS columns
    FROM member AS m
    JOIN publication AS p ON p.oid = m.publication
    JOIN pg_catalog.pg_publication_rel AS r ON r.prpubid = m.publication AND r.prrelid = m.said_of
   WHERE r.prattrs IS NOT NULL
     AND (p.pubviaroot OR m.said_of = m.relation)
   UNION ALL
  -- a filter is a tree; its columns are the variables in it
  SELECT m.relation, m.said_of, 'filter',
         ARRAY(SELECT DISTINCT v.parts[1]::int2
                 FROM pg_catalog.regexp_matches(r.prqual::text, ':varattno ([0-9]+)', 'g') AS v (parts))
    FROM member AS m
    JOIN publication AS p ON p.oid = m.publication
    JOIN pg_catalog.pg_publication_rel AS r ON r.prpubid = m.publication AND r.prrelid = m.said_of
   WHERE r.prqual IS NOT NULL
     AND (p.pubviaroot OR m.said_of = m.relation)""",
)
"""The same from 15 on, which has publications of schemas, column lists and row filters."""
