"""Pages that failed their checksum.

A page whose checksum is wrong when it is read was damaged outside PostgreSQL: by a disk, a controller, memory, a file
system, or somebody who wrote to the file. Its rows may be lost, what else was damaged nobody knows yet, and base
backups of a damaged cluster are damaged too. Keep the last good backup from expiring, look at the server's log for the
file and block, test the hardware, and restore; a standby may still have the page whole.

The server counts failures per database, and those of the catalogues that all databases share. It is a false alarm after
the damage has been mended, since the count stays until it is reset (pg_stat_reset() in that database). Only pages that
somebody reads are checked: what sits unread is found by pg_checksums, or by a base backup. Where checksums are off
nothing is checked, and the check is skipped.

Manual: section 28.2, "Data Checksums"; view pg_stat_database.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, NoLimits, Query, Scope, Seen
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    database: str | None
    """None: the catalogues that all databases share."""
    failures: int | None
    """None where checksums are off."""
    last_failure: datetime | None


SQL = """
SELECT s.datname::text         AS database,
       s.checksum_failures     AS failures,
       s.checksum_last_failure AS last_failure
  FROM pg_catalog.pg_stat_database AS s
 ORDER BY s.checksum_failures DESC NULLS LAST, s.datname
"""


def judge(rows: Sequence[Row], seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    if rows and all(row.failures is None for row in rows):
        cure = "Stop the server and run pg_checksums --enable."
        yield Unseen(Target("setting", None, "data_checksums"), "data checksums are off", cure)
    for row in rows:
        if not row.failures:
            continue
        where = f"the database {row.database}" if row.database else "the catalogues that all databases share"
        when = f", last {timestamp(row.last_failure)}" if row.last_failure else ""
        yield Finding(
            Severity.CRITICAL,
            _target(row),
            f"{row.failures:,} pages of {where} failed their checksum when they were read{when}: their content is "
            "damaged. The server's log names file and block; keep the last good backup.",
            details={"failures": row.failures, "last_failure": row.last_failure},
        )


def _target(row: Row) -> Target:
    if row.database is None:
        return Target("shared catalogues", None, "global")
    return Target("database", None, row.database)


CHECK = Check(
    id="storage.checksum_failures",
    doc=__doc__,
    row=Row,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    known_as=("check_pgactivity: checksum_errors",),
)
