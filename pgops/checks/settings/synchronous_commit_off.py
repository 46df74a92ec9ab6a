"""synchronous_commit is off: a crash loses the transactions of the last moments.

COMMIT then answers before its WAL is on disk, and a crash of the server loses up to three times wal_writer_delay of
transactions that clients were told are done. Nothing is damaged, unlike with fsync = off. It is a fair bargain where
losing some rows does no harm, and then better made by those transactions themselves (SET LOCAL synchronous_commit) or
on their role, since all others need the promise kept. Hence INFO.

`local` gives up only the wait for standbys, and is left out. A false alarm: a server whose data can be had again.

Manual: section 28.4, "Asynchronous Commit".
"""

from __future__ import annotations

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import Rule, Setting, be, judge_by, settings_sql, target_of

_RULE = Rule(
    wrong=be("off"),
    why="a crash loses transactions of the last moments that were reported as committed",
    better="on",
)

CHECK = Check(
    id="settings.synchronous_commit_off",
    doc=__doc__,
    row=Setting,
    judge=judge_by({"synchronous_commit": _RULE}),
    queries=[Query(since=14, sql=settings_sql("synchronous_commit"))],
    target=target_of,
)
