"""Minor release that is behind: known bugs and security holes are in it.

A minor release brings fixes only. The files are exchanged and the server restarted, data and plans stay, so there is no
reason to wait long; read its notes all the same, since some ask for a REINDEX.

pgops asks nobody on the net: it knows the releases until the day that the message names. A server that is behind those
is INFO for `grace_days` after that day, and a WARNING then. One that is not, on a day more than `stale_days` later, may
be behind without that this can be known here, and the check is SKIPPED.

A false alarm: a distributor or hosting service that mends old releases itself under the same number.

Source: https://www.postgresql.org/support/versioning/.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.checks.settings._releases import AS_OF, NEWEST_MINOR, RELEASE_SQL, Release, target_of
from pgops.findings import Finding, Severity, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Limits:
    grace_days: float = limit(30.0, unit="days", doc="INFO for so long after the release, then a WARNING.")
    stale_days: float = limit(120.0, unit="days", doc="How long what pgops knows of releases can be relied on.")


def judge(rows: Sequence[Release], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    today = seen.now.date()
    for row in rows:
        newest = NEWEST_MINOR.get(row.major)
        if newest is not None and row.minor < newest:
            known = today - AS_OF
            yield Finding(
                Severity.INFO if known <= timedelta(days=seen.limits.grace_days) else Severity.WARNING,
                target_of(row),
                f"The server is {row.major}.{row.minor}, and {row.major}.{newest} mends bugs and security holes of it "
                f"(known to be there since {AS_OF}). Install it and restart; no dump is needed.",
                details={"release": row.release, "newest_known": f"{row.major}.{newest}", "known_at": AS_OF},
            )
        elif today - AS_OF > timedelta(days=seen.limits.stale_days):
            yield Unseen(
                target_of(row),
                f"this pgops knows minor releases until {AS_OF} only, and newer ones come every three months",
                "Install a newer pgops, or compare with https://www.postgresql.org/support/versioning/.",
            )


CHECK = Check(
    id="settings.minor_outdated",
    doc=__doc__,
    row=Release,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=RELEASE_SQL)],
    scope=Scope.CLUSTER,
    target=target_of,
    known_as=("check_postgres: new_version_pg", "check_pgactivity: minor_version"),
)
