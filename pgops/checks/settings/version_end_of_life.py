"""Major version that gets no more fixes, or soon will not.

The project supports a major version for five years. After its last minor release nobody mends the holes that are found
in it, and each year that passes makes the upgrade longer.

A WARNING once the support has ended, INFO `notice_days` before. A false alarm: a vendor who goes on mending it for
money. A version newer than this pgops knows is supported for as long as the newest that it knows at least.

Source: https://www.postgresql.org/support/versioning/; manual, section 18.6 "Upgrading a PostgreSQL Cluster".
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.settings._releases import AS_OF, RELEASE_SQL, SUPPORTED_UNTIL, Release, target_of
from pgops.findings import Finding, Severity, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Limits:
    notice_days: float = limit(180.0, unit="days", doc="INFO so long before the support ends.")


def judge(rows: Sequence[Release], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    today = seen.now.date()
    for row in rows:
        end = SUPPORTED_UNTIL.get(row.major)
        if end is None and row.major > max(SUPPORTED_UNTIL):
            if today > max(SUPPORTED_UNTIL.values()):
                reason = f"this pgops knows PostgreSQL's releases until {AS_OF} only"
                yield Unseen(target_of(row), reason, "Install a newer pgops.")
        elif end is None or today > end:
            ended = f"ended on {end}" if end else "ended long ago"
            yield Finding(
                Severity.WARNING,
                target_of(row),
                f"PostgreSQL {row.major} gets no more fixes, not even of security holes: its support {ended}. "
                "Upgrade to a newer major version.",
                details={"supported_until": end},
            )
        elif end - today <= timedelta(days=seen.limits.notice_days):
            yield Finding(
                Severity.INFO,
                target_of(row),
                f"The support of PostgreSQL {row.major} ends on {end}, in {(end - today).days} days: plan the upgrade.",
                details={"supported_until": end},
            )


CHECK = Check(
    id="settings.version_end_of_life",
    aliases=("postgres_version_eol",),
    doc=__doc__,
    row=Release,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=RELEASE_SQL)],
    scope=Scope.CLUSTER,
    target=target_of,
    known_as=("check_postgres: version",),
)
