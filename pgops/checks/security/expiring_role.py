"""Role whose password expires soon, or has expired.

After VALID UNTIL a role gets in by password no more: an application that nobody thought of stands still at midnight.
Other ways of logging in (certificates, peer) and open sessions go on.

A WARNING `warn_days` before, INFO once it has expired: then drop the role, or give it a new date. A false alarm: a role
whose end is planned.

Manual: CREATE ROLE, "VALID UNTIL".
"""

from __future__ import annotations

from datetime import datetime

import attrs

from pgops.checks.api import Check, Loosest, Query, Scope, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import duration, timestamp


@attrs.frozen(kw_only=True)
class Row:
    role: str
    valid_until: datetime
    left_s: float
    """Negative once it has expired."""


@attrs.frozen(kw_only=True)
class Limits:
    warn_days: float = limit(14.0, unit="days", doc="A WARNING so long before.", loosest=Loosest.HIGHEST)


SQL = """
SELECT r.rolname::text AS role,
       r.rolvaliduntil AS valid_until,
       EXTRACT(EPOCH FROM r.rolvaliduntil - pg_catalog.clock_timestamp())::float8 AS left_s
  FROM pg_catalog.pg_roles AS r
 WHERE r.rolcanlogin
   AND pg_catalog.isfinite(r.rolvaliduntil)
   -- beyond what a client can take for a time
   AND r.rolvaliduntil < '9999-01-01'::timestamptz
   AND r.rolvaliduntil > '0001-01-02'::timestamptz
   AND r.rolvaliduntil < pg_catalog.clock_timestamp() + %(warn_days)s::float8 * '1 day'::interval
 ORDER BY r.rolvaliduntil, r.rolname
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if row.left_s <= 0:
        return Severity.INFO
    return Severity.WARNING if row.left_s <= limits.warn_days * 86_400 else None


def _message(row: Row, _: object) -> str:
    until = timestamp(row.valid_until)
    if row.left_s <= 0:
        return f"The password of {row.role} expired on {until}: it can't log in by password any more."
    return f"The password of {row.role} expires in {duration(row.left_s)}, on {until}."


CHECK = Check(
    id="security.expiring_role",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("role", None, row.role),
        message=_message,
        details=("valid_until", "left_s"),
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
