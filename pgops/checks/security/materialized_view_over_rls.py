"""Materialized view that keeps rows which row security hides.

It holds what its owner saw when it was refreshed, and has no policies of its own: whoever may read it sees all of it.
There is no security_invoker for it. Restrict who may read it, or put a view with a condition in front.

A WARNING where others than the owner may read it, otherwise INFO. A false alarm: sums that give nobody away.

Manual: section 5.9 "Row Security Policies"; CREATE MATERIALIZED VIEW.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.checks.security._row_security import READERS, USERS_TABLE
from pgops.findings import Severity, Target, as_tuple


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    view: str
    owner: str
    tables: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The tables with row security that it has read."""
    read_by_others: bool


SQL = """
<readers>
SELECT n.nspname::text AS schema,
       c.relname::text AS view,
       b.owner,
       b.tables,
       EXISTS (SELECT
                 FROM pg_catalog.aclexplode(c.relacl) AS granted
                WHERE granted.grantee <> c.relowner)
         OR EXISTS (SELECT
                      FROM pg_catalog.pg_attribute AS a
                     WHERE a.attrelid = c.oid
                       AND a.attacl IS NOT NULL) AS read_by_others
  FROM (SELECT x.reader, x.owner, pg_catalog.array_agg(DISTINCT x.guarded_name) AS tables
          FROM bypass AS x
         WHERE x.relkind = 'm'
         GROUP BY x.reader, x.owner) AS b
  JOIN pg_catalog.pg_class AS c ON c.oid = b.reader
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <users table>
 ORDER BY read_by_others DESC, n.nspname, c.relname
""".replace("<readers>", READERS).replace("<users table>", USERS_TABLE)

CHECK = Check(
    id="security.materialized_view_over_rls",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.WARNING if row.read_by_others else Severity.INFO,
        target=lambda row: Target("materialized view", row.schema, row.view),
        message=lambda row, _: (
            f"It keeps rows of {', '.join(row.tables)} as {row.owner} saw them, and no policy filters what its readers "
            "see."
        ),
        details=("owner", "tables", "read_by_others"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
