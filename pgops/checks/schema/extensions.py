"""Extensions that are installed in the database.

With their versions, the server's own, the schema of their objects, and how many there are. A listing: it judges
nothing; `schema.outdated_extension` and `security.extension_in_public` do.

Manual: section 38.17, "Packaging Related Objects into an Extension".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, NoLimits, Query
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    extension: str
    version: str
    available_version: str | None
    schema: str
    owner: str
    relocatable: bool
    objects: int
    comment: str | None


SQL = """
SELECT e.extname::text                                              AS extension,
       e.extversion                                                 AS version,
       f.default_version                                            AS available_version,
       n.nspname::text                                              AS schema,
       pg_catalog.pg_get_userbyid(e.extowner)::text                 AS owner,
       e.extrelocatable                                             AS relocatable,
       (SELECT pg_catalog.count(*)::int
          FROM pg_catalog.pg_depend AS d
         WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
           AND d.refobjid = e.oid
           AND d.deptype = 'e')                                     AS objects,
       pg_catalog.obj_description(e.oid, 'pg_extension')            AS comment
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
  LEFT JOIN pg_catalog.pg_available_extensions() AS f ON f.name = e.extname
 ORDER BY e.extname
"""

CHECK: Check[Row, NoLimits] = Check(
    id="schema.extensions",
    aliases=("extensions_overview",),
    doc=__doc__,
    row=Row,
    target=lambda row: Target("extension", None, row.extension),
    queries=[Query(since=14, sql=SQL)],
    known_as=("ruby-pg-extras: extensions",),
)
