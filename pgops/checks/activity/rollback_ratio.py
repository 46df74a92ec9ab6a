"""Many transactions are rolled back.

A transaction that is rolled back has done its work for nothing, and left dead rows behind. A few are normal (a unique
key that is there already, a serialization failure that is tried again); many are an application in trouble, or a loop
that tries again without a pause. A tool that ends each session with ROLLBACK is a false alarm: that costs nothing.

A share of `warn_pct` of all transactions is INFO, from `min_transactions` on, in the time that the server has counted.

Manual: view pg_stat_database.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.counting import WINDOW_SQL, Window
from pgops.findings import Finding, Severity, Target
from pgops.render.quantities import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    database: str
    commits: int
    rollbacks: int
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(10.0, unit="%", doc="INFO from this share of transactions on.")
    min_transactions: int = limit(10_000, unit="transactions", doc="Say nothing of fewer.")


SQL: LiteralString = """
SELECT s.datname::text  AS database,
       s.xact_commit    AS commits,
       s.xact_rollback  AS rollbacks,
       k.counting,
       k.counted_since,
       k.window_s
  FROM pg_catalog.pg_stat_database AS s
 CROSS JOIN (<window>) AS k
 WHERE s.datname = pg_catalog.current_database()
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    for row in rows:
        every = row.commits + row.rollbacks
        share = 100 * row.rollbacks / max(every, 1)
        if every < seen.limits.min_transactions or share < seen.limits.warn_pct:
            continue
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        yield Finding(
            Severity.INFO,
            _target(row),
            f"{row.rollbacks:,} of {every:,} transactions ({percent(share)}) were rolled back in the {window.length} "
            "that were counted.",
            details={"commits": row.commits, "rollbacks": row.rollbacks, "window_s": row.window_s},
        )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="activity.rollback_ratio",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL.replace("<window>", WINDOW_SQL))],
    known_as=("check_pgactivity: commit_ratio", "check_postgres: commitratio"),
)
