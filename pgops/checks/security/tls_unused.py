"""Sessions that cross the network without encryption.

What they ask and get can be read and changed on the way, and with some ways of logging in the password as well.
`hostssl` lines in pg_hba.conf admit encrypted connections only; sslmode=verify-full makes the client insist, and know
whom it talks to.

Sessions over TCP from another address than the machine's own loopback count, walsenders too; those that GSSAPI encrypts
do not. A WARNING for each user and database. A false alarm: a network that encrypts by itself, a pooler or proxy on the
same host under another address.

Manual: section 18.9 "Secure TCP/IP Connections with SSL"; "pg_stat_ssl".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Requires, Scope
from pgops.findings import Finding, Severity, Target, as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    """Unencrypted sessions of one user in one database."""

    user: str
    database: str | None
    """None for walsenders."""
    loopback: bool
    """Whether they stay on the machine."""
    sessions: int
    addresses: tuple[str, ...] = attrs.field(converter=as_tuple)


SQL = """
SELECT COALESCE(a.usename::text, a.usesysid::text) AS "user",
       a.datname::text                             AS database,
       place.loopback,
       pg_catalog.count(*)                         AS sessions,
       pg_catalog.array_agg(DISTINCT pg_catalog.host(a.client_addr)) AS addresses
  FROM pg_catalog.pg_stat_activity AS a
  JOIN pg_catalog.pg_stat_ssl AS s ON s.pid = a.pid
  LEFT JOIN pg_catalog.pg_stat_gssapi AS g ON g.pid = a.pid
 CROSS JOIN LATERAL (SELECT a.client_addr <<= '127.0.0.0/8'::inet
                            OR a.client_addr <<= '::ffff:127.0.0.0/104'::inet
                            OR a.client_addr = '::1'::inet AS loopback) AS place
 WHERE a.client_addr IS NOT NULL
   AND a.usesysid IS NOT NULL
   AND NOT s.ssl
   AND NOT COALESCE(g.encrypted, FALSE)
 GROUP BY 1, a.datname, place.loopback
 ORDER BY sessions DESC, 1, a.datname
"""

_NAMED = 5


def target_of(row: Row) -> Target:
    return Target("sessions", None, row.user, row.database, also=("loopback",) if row.loopback else ())


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    for row in rows:
        if row.loopback:
            continue
        more = f" and {len(row.addresses) - _NAMED} more" if len(row.addresses) > _NAMED else ""
        number = "1 session" if row.sessions == 1 else f"{row.sessions} sessions"
        where = f" in {row.database}" if row.database else ""
        addresses = ", ".join(row.addresses[:_NAMED])
        message = f"{number} of {row.user}{where} come over the network without encryption, from {addresses}{more}."
        details = {"sessions": row.sessions, "addresses": row.addresses}
        yield Finding(Severity.WARNING, target_of(row), message, details=details)


CHECK = Check(
    id="security.tls_unused",
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(role="pg_read_all_stats"),
    target=target_of,
    known_as=("ruby-pg-extras: ssl_used",),
)
