"""Data checksums are off.

With checksums the server notices when a page comes back from the disk other than it was written, and says so, instead
of giving wrong rows or crashing, and before the damage has gone into every backup. They cost a few percent at most.
PostgreSQL 18 turns them on in a new cluster; older ones only with `initdb --data-checksums`.

They are turned on with the server stopped (`pg_checksums --enable`), which rewrites every file and takes as long as
reading and writing the whole cluster. With a standby do it there first and switch over, so that the outage is short.
There is no statement to run. It is a false alarm where the file system has checksums of its own (ZFS, btrfs), though
those do not see what the operating system itself spoils.

Manual: section 28.2, "Data Checksums"; pg_checksums.
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Scope
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    checksums: bool


SQL = """
SELECT pg_catalog.current_setting('data_checksums')::bool AS checksums
"""

CHECK = Check(
    id="storage.checksums_off",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=lambda row, _: None if row.checksums else Severity.INFO,
        target=lambda _: Target("setting", None, "data_checksums"),
        message="Data checksums are off: a page that the disk spoils is given out as if it were right. pg_checksums "
        "turns them on while the server is stopped.",
    ),
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
)
