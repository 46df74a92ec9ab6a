"""Extension installed in the schema public.

Its functions and types lie among the application's own, dumps and access rules of `public` take hold of them, and where
others may create objects there they may shadow them. A schema of its own (`extensions`), on the search path of those
that need it, keeps them apart.

INFO. Moving it (`ALTER EXTENSION ... SET SCHEMA`) breaks whatever names its objects with `public.` or has not the new
schema on its search path, so there is no remedy that is safe to run. Extensions that can't be moved are left out. A
false alarm: a database of one application.

Manual: CREATE EXTENSION; section 5.9.6.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    extension: str
    version: str


SQL = """
SELECT e.extname::text AS extension,
       e.extversion    AS version
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
 WHERE n.nspname = 'public'
   AND e.extrelocatable
 ORDER BY e.extname
"""

CHECK = Check(
    id="security.extension_in_public",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("extension", None, row.extension),
        message="The extension is installed in public, among the application's own objects.",
        details=("version",),
    ),
    queries=[Query(since=14, sql=SQL)],
    known_as=("splinter: extension_in_public",),
)
