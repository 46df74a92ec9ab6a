"""track_io_timing is off: how long reads and writes take is not known.

EXPLAIN (ANALYZE, BUFFERS), pg_stat_statements, pg_stat_database and pg_stat_io then count blocks without saying how
long they took, so a slow disk can't be told from a slow plan. On today's machines the clock costs next to nothing;
`pg_test_timing` shows it, and where a reading takes more than about 100 ns leave it off: that is the false alarm.

Manual: section 19.9.1, "track_io_timing".
"""

from __future__ import annotations

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import Rule, Setting, be, judge_by, settings_sql, target_of

_RULE = Rule(wrong=be("off"), why="nobody can say whether the disk or the plan makes a query slow", better="on")

CHECK = Check(
    id="settings.track_io_timing_off",
    doc=__doc__,
    row=Setting,
    judge=judge_by({"track_io_timing": _RULE}),
    queries=[Query(since=14, sql=settings_sql("track_io_timing"))],
    target=target_of,
)
