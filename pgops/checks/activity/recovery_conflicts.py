"""Queries on a standby that were cancelled by recovery.

A standby replays what the primary did, even where a query on the standby still needs what goes away with it: rows that
VACUUM removed, a lock, a tablespace. After max_standby_streaming_delay the query is cancelled ("conflict with
recovery"). Reports that never get through call for a larger delay, for hot_standby_feedback (which makes the primary
keep the rows, and bloat), or for a standby of their own.

A WARNING from `warn_per_day` cancelled queries a day on, in the time that the server has counted, INFO for fewer.
Deadlocks among them are always worth a look.

Manual: section 26.4.2, "Handling Query Conflicts"; view pg_stat_database_conflicts.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.counting import DAY_S, WINDOW_SQL, Window
from pgops.findings import Finding, Severity, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    database: str
    tablespace: int
    lock: int
    snapshot: int
    buffer_pin: int
    deadlock: int
    counting: bool
    counted_since: datetime | None
    window_s: float | None

    @property
    def causes(self) -> dict[str, int]:
        """The causes that there were, by name."""
        names = ("snapshot", "lock", "buffer_pin", "deadlock", "tablespace")
        return {name.replace("_", " "): count for name in names if (count := getattr(self, name))}


@attrs.frozen(kw_only=True)
class Limits:
    warn_per_day: float = limit(10.0, unit="queries a day", doc="A WARNING from so many on, INFO for fewer.")


SQL: LiteralString = """
SELECT c.datname::text        AS database,
       c.confl_tablespace     AS tablespace,
       c.confl_lock           AS lock,
       c.confl_snapshot       AS snapshot,
       c.confl_bufferpin      AS buffer_pin,
       c.confl_deadlock       AS deadlock,
       k.counting,
       k.counted_since,
       k.window_s
  FROM pg_catalog.pg_stat_database_conflicts AS c
 CROSS JOIN (<window>) AS k
 WHERE pg_catalog.pg_is_in_recovery()
   AND c.datname = pg_catalog.current_database()
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        count = sum(row.causes.values())
        if not count:
            continue
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        per_day = count / max((row.window_s or DAY_S) / DAY_S, 1.0)
        causes = ", ".join(f"{number:,} by {cause}" for cause, number in row.causes.items())
        yield Finding(
            Severity.WARNING if per_day >= seen.limits.warn_per_day else Severity.INFO,
            _target(row),
            f"Recovery cancelled {count:,} queries on this standby in the {window.length} that were counted: {causes}.",
            details={"per_day": per_day, **row.causes},
        )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="activity.recovery_conflicts",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL.replace("<window>", WINDOW_SQL))],
    known_as=("check_pgactivity: hot_standby_conflicts",),
)
