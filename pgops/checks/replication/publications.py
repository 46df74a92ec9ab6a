"""The publications of this database.

What each publishes: which actions, how many tables, whether all of them, and whether partitions go under their root's
name. Row filters and lists of columns (PostgreSQL 15) are counted.

Manual: section 29.1, "Publication"; catalogues pg_publication, pg_publication_rel.
"""

from __future__ import annotations

from typing import LiteralString

import attrs

from pgops.checks.api import Check, NoLimits, Query
from pgops.findings import Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    publication: str
    owner: str
    all_tables: bool
    via_root: bool
    actions: tuple[str, ...] = attrs.field(converter=as_tuple)
    tables: int
    """Those that are named; with all_tables none is."""
    schemas: int
    filtered_tables: int
    """With a row filter or a list of columns."""


_TEMPLATE: LiteralString = """
SELECT p.pubname::text  AS publication,
       pg_catalog.pg_get_userbyid(p.pubowner)::text AS owner,
       p.puballtables   AS all_tables,
       p.pubviaroot     AS via_root,
       pg_catalog.array_remove(ARRAY[CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                                     CASE WHEN p.pubdelete THEN 'delete' END,
                                     CASE WHEN p.pubtruncate THEN 'truncate' END], NULL) AS actions,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid) AS tables,
       <schemas>        AS schemas,
       <filtered>       AS filtered_tables
  FROM pg_catalog.pg_publication AS p
 ORDER BY p.pubname
"""

CHECK: Check[Row, NoLimits] = Check(
    id="replication.publications",
    aliases=("publications",),
    doc=__doc__,
    row=Row,
    queries=[
        Query(since=14, sql=_TEMPLATE.replace("<schemas>", "0").replace("<filtered>", "0")),
        Query(
            since=15,
            sql=_TEMPLATE.replace(
                "<schemas>",
                "(SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_publication_namespace AS s"
                " WHERE s.pnpubid = p.oid)",
            ).replace(
                "<filtered>",
                "(SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_publication_rel AS r"
                " WHERE r.prpubid = p.oid AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL))",
            ),
        ),
    ],
    target=lambda row: Target("publication", None, row.publication),
)
