"""fsync is off: a crash of the machine can lose the whole cluster.

Without fsync the server does not wait until its WAL and data files are on disk. After a power failure or a crash of the
operating system what is there may be from different moments, and nothing can put it together again: the way back is a
backup. A crash of the server alone does no harm.

A false alarm: a throwaway server (tests, a bulk load that can be begun anew). After it was off, sync the disks before
trusting the data: `initdb --sync-only`. For speed take synchronous_commit = off, which loses the last transactions and
damages nothing.

Manual: section 19.5.1, "fsync".
"""

from __future__ import annotations

from pgops.checks.api import Check, Query, Scope
from pgops.checks.settings._reading import Rule, Setting, be, judge_by, settings_sql, target_of
from pgops.findings import Severity

_RULE = Rule(
    wrong=be("off"),
    severity=Severity.CRITICAL,
    why="a power failure or a crash of the operating system can damage the whole cluster beyond repair",
    better="on",
)

CHECK = Check(
    id="settings.fsync_off",
    doc=__doc__,
    row=Setting,
    judge=judge_by({"fsync": _RULE}),
    queries=[Query(since=14, sql=settings_sql("fsync"))],
    scope=Scope.CLUSTER,
    target=target_of,
    known_as=("check_pgactivity: configuration",),
)
