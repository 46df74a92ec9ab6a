"""New passwords are stored as MD5.

password_encryption = md5 makes every password that is set from now on an MD5 hash: whoever has read it, from a backup
say, can log in with it as it is, and can find short passwords in no time. SCRAM has been there since PostgreSQL 10, and
18 warns of MD5, which a later version takes away.

A false alarm: a client that knows no SCRAM. Passwords that are stored already stay as they are until they are set anew:
security.role_password finds them.

Manual: section 20.5, "Password Authentication"; release notes of 18.
"""

from __future__ import annotations

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import Rule, Setting, be, judge_by, settings_sql, target_of
from pgops.findings import Severity

_RULE = Rule(
    wrong=be("md5"),
    severity=Severity.WARNING,
    why="passwords that are set from now on can be used as they are by whoever reads the hash",
    better="scram-sha-256",
)

CHECK = Check(
    id="settings.password_encryption",
    doc=__doc__,
    row=Setting,
    judge=judge_by({"password_encryption": _RULE}),
    queries=[Query(since=14, sql=settings_sql("password_encryption"))],
    target=target_of,
)
