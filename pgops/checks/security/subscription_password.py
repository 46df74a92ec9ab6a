"""Subscription with a password in its connection string.

It stands in pg_subscription in clear text, so every superuser, every base backup and every dump (pg_dump writes CREATE
SUBSCRIPTION with it) has it. Name a password file instead (`passfile=`), or a certificate.

INFO. Only superusers may read the string, and whoever they grant that to; here only whether it has a password is
looked at. A false alarm: `password_required`, which PostgreSQL 16 demands of subscriptions that no superuser owns.

Manual: CREATE SUBSCRIPTION; "pg_subscription".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    subscription: str
    has_password: bool


SQL = """
SELECT s.subname::text AS subscription,
       -- as a keyword or a parameter, or in the part of a URL before the host
       s.subconninfo ~* '(^|[[:space:]?&])(password|sslpassword)[[:space:]]*=[[:space:]]*[^[:space:]&]'
         OR s.subconninfo ~* '^[[:space:]]*postgres(ql)?://[^/@]*:[^/@]+@' AS has_password
  FROM pg_catalog.pg_subscription AS s
  JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
 WHERE d.datname = pg_catalog.current_database()
 ORDER BY s.subname
"""

CHECK = Check(
    id="security.subscription_password",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: Severity.INFO if row.has_password else None,
        target=lambda row: Target("subscription", None, row.subscription),
        message="Its connection string holds a password in clear text, and so does every dump.",
    ),
    queries=[Query(since=14, sql=SQL)],
    requires=Requires(grants=("SELECT (subconninfo) ON pg_catalog.pg_subscription",)),
)
