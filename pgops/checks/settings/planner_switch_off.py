"""Kind of plan switched off for everybody (enable_...).

The switches are for finding out why a plan was chosen. Left off for the server, a database or a role, they keep the
planner from the right plan for every other query, and the next version's planner too; off does not even forbid a plan,
it makes it look dear. Mend what misled the planner instead: ANALYZE, extended statistics, random_page_cost, an index.

Only what is off and would be on is found; enable_partitionwise_join and _aggregate are off unless somebody wants
them. A false alarm: a switch that was measured and documented. Set it on the one query, or on the role that runs it.

Manual: section 19.7.1, "Planner Method Configuration".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import Rule, Setting, finding, hidden, target_of
from pgops.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import NoLimits, Seen
    from pgops.findings import Finding, Unseen

SQL = """
SELECT s.name,
       COALESCE(s.reset_val, s.setting, '') AS value,
       s.unit,
       s.boot_val AS built_in,
       s.source,
       s.context
  FROM pg_catalog.pg_settings AS s
 WHERE pg_catalog.starts_with(s.name, 'enable_')
   AND s.boot_val = 'on'
   AND COALESCE(s.reset_val, s.setting) = 'off'
 ORDER BY s.name
"""

_RULE = Rule(
    wrong=lambda _: True,
    severity=Severity.WARNING,
    why="the planner avoids such plans for all queries, whether they would be right or not",
    better="on",
)


def judge(rows: Sequence[Setting], seen: Seen[NoLimits]) -> Iterator[Finding | Unseen]:
    for setting in rows:
        yield hidden(setting) if setting.source == "client" else finding(setting, _RULE, seen.server)


CHECK = Check(
    id="settings.planner_switch_off",
    doc=__doc__,
    row=Setting,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    target=target_of,
    known_as=("check_pgactivity: configuration",),
)
