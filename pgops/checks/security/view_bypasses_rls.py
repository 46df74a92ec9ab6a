"""View that shows what row security hides.

A view asks for its tables as its owner, not as its reader. Where the owner is not bound by the policies of a table (its
owner, a superuser, a role with BYPASSRLS) everybody who may read the view sees every row. From PostgreSQL 15 a view
with security_invoker = true asks as its reader; before, a function or a check in the view itself has to do it.

A WARNING where others than the owner may read the view, otherwise INFO. A view over a view counts when the inner one
has security_invoker. False alarms: a view that shows what all may see, or that has its own condition on the current
user.

Manual: CREATE VIEW, "security_invoker"; section 5.9 "Row Security Policies".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.security._row_security import READERS, USERS_TABLE
from pgops.findings import Finding, Severity, Target, as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    view: str
    owner: str
    tables: tuple[str, ...] = attrs.field(converter=as_tuple)
    """The tables with row security that it shows."""
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
         WHERE x.unbound
           AND x.relkind = 'v'
         GROUP BY x.reader, x.owner) AS b
  JOIN pg_catalog.pg_class AS c ON c.oid = b.reader
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE <users table>
 ORDER BY read_by_others DESC, n.nspname, c.relname
""".replace("<readers>", READERS).replace("<users table>", USERS_TABLE)


def target_of(row: Row) -> Target:
    return Target("view", row.schema, row.view)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    invoker = seen.server.major >= 15
    for row in rows:
        message = (
            f"The view reads {', '.join(row.tables)} as {row.owner}, whom row security does not bind, so its readers "
            "see every row."
        )
        if not invoker:
            message += " PostgreSQL 14 has no security_invoker: put the condition into the view, or take the view away."
        yield Finding(
            Severity.WARNING if row.read_by_others else Severity.INFO,
            target_of(row),
            message,
            f"ALTER VIEW {target_of(row)} SET (security_invoker = true);" if invoker else None,
            details={"owner": row.owner, "tables": row.tables, "read_by_others": row.read_by_others},
        )


CHECK = Check(
    id="security.view_bypasses_rls",
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    target=target_of,
    known_as=("splinter: security_definer_view",),
)
