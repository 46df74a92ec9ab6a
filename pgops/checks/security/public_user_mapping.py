"""Foreign server that everybody may use with one stored password.

A user mapping for PUBLIC with a password lets every role that has USAGE on the server go there as that user, and passes
on whatever the password opens. Make a mapping for each role that is to go there.

A WARNING. Only superusers and the foreign server's owner are told whether a mapping has a password: to others such
mappings are unknown, and the check is SKIPPED. Neither the password nor any other option is read. A false alarm: a
server whose data are for all.

Manual: CREATE USER MAPPING; "pg_user_mappings".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query
from pgops.findings import Finding, Severity, Target, Unseen, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    """A mapping for PUBLIC."""

    foreign_server: str
    owner: str
    has_password: bool | None
    """None where this role is not told."""


SQL = """
SELECT s.srvname::text AS foreign_server,
       pg_catalog.pg_get_userbyid(s.srvowner)::text AS owner,
       CASE WHEN me.rolsuper OR pg_catalog.pg_has_role(s.srvowner, 'USAGE')
            THEN EXISTS (SELECT
                           FROM pg_catalog.unnest(m.umoptions) AS o (text)
                          WHERE o.text ~* '^ *(password|passwd|secret|token)[^=]*=') END AS has_password
  FROM pg_catalog.pg_user_mappings AS m
  JOIN pg_catalog.pg_foreign_server AS s ON s.oid = m.srvid
 CROSS JOIN (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER) AS me
 WHERE m.umuser = 0
 ORDER BY s.srvname
"""


def target_of(row: Row) -> Target:
    return Target("foreign server", None, row.foreign_server)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if row.has_password is None:
            cure = f"GRANT {quote_identifier(row.owner)} TO {quote_identifier(seen.server.user)};"
            yield Unseen(target_of(row), "whether its mapping for PUBLIC has a password is told its owner only", cure)
        elif row.has_password:
            message = (
                f"The mapping for PUBLIC has a password: everybody with USAGE on {target_of(row)} goes there with it."
            )
            fix = f"DROP USER MAPPING FOR PUBLIC SERVER {target_of(row)};"
            yield Finding(Severity.WARNING, target_of(row), message, fix)


CHECK = Check(
    id="security.public_user_mapping",
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    target=target_of,
)
