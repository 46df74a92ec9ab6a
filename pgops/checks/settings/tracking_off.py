"""Statistics or the activity of sessions are not tracked.

track_counts feeds autovacuum: without it nothing is vacuumed or analysed by itself but against wraparound, and every
check that rests on counters is blind. Without track_activities nobody sees what a session does, what it waits for,
or since when it is idle in a transaction; CREATE INDEX and VACUUM report no progress.

A value that stands on this role or database counts as well; a role that hides its activity on purpose is the false
alarm.

Manual: section 19.9.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.checks.api import Check, Query
from pgops.checks.settings._reading import Rule, Setting, be, judge_by, settings_sql, target_of
from pgops.findings import Severity

if TYPE_CHECKING:
    from pgops.checks.settings._reading import Rules

_RULES: Rules = {
    "track_counts": Rule(
        wrong=be("off"),
        severity=Severity.WARNING,
        why="autovacuum does not know which tables to vacuum and analyse, and nothing is counted",
        better="on",
    ),
    "track_activities": Rule(
        wrong=be("off"),
        severity=Severity.WARNING,
        why="what sessions do and wait for can't be seen",
        better="on",
    ),
}

CHECK = Check(
    id="settings.tracking_off",
    doc=__doc__,
    row=Setting,
    judge=judge_by(_RULES),
    queries=[Query(since=14, sql=settings_sql(*_RULES))],
    target=target_of,
    known_as=("check_pgactivity: configuration",),
)
