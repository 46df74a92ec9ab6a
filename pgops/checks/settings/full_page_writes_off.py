"""full_page_writes is off: half-written pages stay damaged after a crash.

The operating system writes a page of 8 KiB in parts. When the machine stops in the midst, the page on disk is half old,
half new. Recovery mends that from the full image which WAL holds of every page that changed since the last checkpoint,
and without full_page_writes there is none: the damage stays, silently where checksums are off.

A false alarm: a file system that writes whole pages or none (ZFS with a record size of at least the page, for one).
Less WAL is to be had by other ways: wal_compression, and checkpoints further apart.

Manual: section 19.5.1, "full_page_writes"; section 28.1.
"""

from __future__ import annotations

from pgops.checks.api import Check, Query, Scope
from pgops.checks.settings._reading import Rule, Setting, be, judge_by, settings_sql, target_of
from pgops.findings import Severity

_RULE = Rule(
    wrong=be("off"),
    severity=Severity.CRITICAL,
    why="pages that are half written when the machine crashes stay damaged, unless the file system writes whole pages",
    better="on",
)

CHECK = Check(
    id="settings.full_page_writes_off",
    doc=__doc__,
    row=Setting,
    judge=judge_by({"full_page_writes": _RULE}),
    queries=[Query(since=14, sql=settings_sql("full_page_writes"))],
    scope=Scope.CLUSTER,
    target=target_of,
)
