"""Deadlocks have happened.

Two transactions that each hold what the other waits for: after deadlock_timeout the server ends one of them with an
error. The application has to try again, and mostly doesn't. They come from locking the same rows in different orders;
`log_lock_waits` and the server's log tell which statements.

A WARNING from `warn_per_day` a day on, INFO from the first, in the time that the server has counted.

Manual: section 13.3.4, "Deadlocks"; view pg_stat_database.
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
    deadlocks: int
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_per_day: float = limit(1.0, unit="a day", doc="A WARNING from so many on, INFO for fewer.")


SQL: LiteralString = """
SELECT s.datname::text  AS database,
       s.deadlocks,
       k.counting,
       k.counted_since,
       k.window_s
  FROM pg_catalog.pg_stat_database AS s
 CROSS JOIN (<window>) AS k
 WHERE s.datname = pg_catalog.current_database()
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        if not row.deadlocks:
            continue
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        # A window of minutes is taken for a day: one deadlock in it is no rate.
        per_day = row.deadlocks / max((row.window_s or DAY_S) / DAY_S, 1.0)
        yield Finding(
            Severity.WARNING if per_day >= seen.limits.warn_per_day else Severity.INFO,
            _target(row),
            f"{row.deadlocks:,} deadlocks in the {window.length} that were counted: each ended a transaction with an "
            "error.",
            details={"deadlocks": row.deadlocks, "per_day": per_day},
        )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="locks.deadlocks",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL.replace("<window>", WINDOW_SQL))],
)
