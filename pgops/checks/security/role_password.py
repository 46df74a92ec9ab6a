"""Password that is stored as MD5, is easily guessed, or is not there at all.

An MD5 hash is as good as the password: who has read it (from a backup, by a hole) logs in with it. PostgreSQL 18 warns
of such passwords, and a later version will not take them. One that is the role's own name, or `password`, is found
here by trying.

CRITICAL for a password that was guessed, a WARNING for MD5, INFO for a role that can log in and has no password: it
gets in only where pg_hba.conf asks for none (trust, peer, cert, ldap), which is the false alarm. Passwords under SCRAM
can't be tried in SQL. The remedy is a new password, set by a client that hashes it (\\password in psql).

Only superusers may read pg_authid; who is granted that can read the hashes too. No hash is kept or shown here.

Manual: section 20.5; release notes of 18.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Requires, Scope
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen


@attrs.frozen(kw_only=True)
class Row:
    """A role that can log in."""

    role: str
    stored_as: str
    """`none`, `md5`, `scram-sha-256` or `unknown`."""
    guessed: bool
    superuser: bool


SQL = """
SELECT r.rolname::text AS role,
       CASE WHEN r.rolpassword IS NULL THEN 'none'
            WHEN r.rolpassword ~ '^md5[0-9a-f]{32}$' THEN 'md5'
            WHEN r.rolpassword LIKE 'SCRAM-SHA-256$%%' THEN 'scram-sha-256'
            ELSE 'unknown' END AS stored_as,
       -- The hash is of the password and the name together. A server in FIPS mode has no md5(), and no such hash.
       CASE WHEN r.rolpassword ~ '^md5[0-9a-f]{32}$'
            THEN r.rolpassword IN (SELECT 'md5' || pg_catalog.md5(guess.word || r.rolname::text)
                                     FROM (VALUES (r.rolname::text), (pg_catalog.lower(r.rolname::text)), (''),
                                                  ('postgres'), ('password'), ('secret'), ('changeme'), ('admin'),
                                                  ('test'), ('123456'), ('12345678'), ('qwerty')) AS guess (word))
            ELSE FALSE END AS guessed,
       r.rolsuper AS superuser
  FROM pg_catalog.pg_authid AS r
 WHERE r.rolcanlogin
 ORDER BY r.rolname
"""


def target_of(row: Row) -> Target:
    return Target("role", None, row.role)


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding]:
    for row in rows:
        if row.guessed:
            severity, what = Severity.CRITICAL, "has a password that anybody would try first"
        elif row.stored_as == "md5":
            severity, what = Severity.WARNING, "has a password stored as MD5, and who reads the hash can log in with it"
        elif row.stored_as == "none":
            severity, what = Severity.INFO, "can log in and has no password: pg_hba.conf alone keeps others from it"
        else:
            continue
        who = "The superuser" if row.superuser else "The role"
        advice = "" if row.stored_as == "none" else ". Set a new one under password_encryption = scram-sha-256"
        details = {"stored_as": row.stored_as, "superuser": row.superuser}
        yield Finding(severity, target_of(row), f"{who} {row.role} {what}{advice}.", details=details)


CHECK = Check(
    id="security.role_password",
    aliases=("weak_passwords",),
    doc=__doc__,
    row=Row,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    requires=Requires(grants=("SELECT ON pg_catalog.pg_authid",)),
    target=target_of,
)
