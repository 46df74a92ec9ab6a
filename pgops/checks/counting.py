"""Since when a server has counted: the window behind "never scanned" and "mostly read sequentially".

A counter means nothing without its beginning. pg_stat_database.stats_reset alone won't do: it is NULL in every
database made on 15 or later until somebody resets its statistics, and a crash zeroes all counters. Then
pg_stat_bgwriter's stats_reset moves, on every version, so the later of the two is when counting began; the
postmaster's start is neither (a clean restart keeps the counters, and after a crash the postmaster lives on). Where
track_commit_timestamp is on, a database younger than that shows its own beginning.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import attrs

from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import LiteralString

DAY_S = 86_400

# One row: whether the server counts at all, since when, and for how long.
WINDOW_SQL: LiteralString = """
SELECT began.counting,
       began.counted_since,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - began.counted_since)::float8 AS window_s
  FROM (SELECT pg_catalog.current_setting('track_counts')::bool AS counting,
               -- GREATEST passes over NULLs
               GREATEST(stat.stats_reset,
                        writer.stats_reset,
                        CASE WHEN pg_catalog.current_setting('track_commit_timestamp')::bool
                             THEN pg_catalog.pg_xact_commit_timestamp(db.xmin) END) AS counted_since
          FROM pg_catalog.pg_database AS db
          JOIN pg_catalog.pg_stat_database AS stat ON stat.datid = db.oid
         CROSS JOIN pg_catalog.pg_stat_bgwriter AS writer
         WHERE db.datname = pg_catalog.current_database()) AS began
"""


Span: TypeAlias = tuple[datetime | None, datetime]
"""A time that was counted, from its beginning to the look at the counters. None: nobody knows since when."""


def covered_s(spans: Iterable[Span]) -> float:
    """The seconds that at least one of the spans covers; one of unknown beginning covers nothing."""
    seconds, reached = 0.0, datetime.min.replace(tzinfo=UTC)
    for began, ended in sorted((began, ended) for began, ended in spans if began is not None):
        seconds += max((ended - max(began, reached)).total_seconds(), 0.0)
        reached = max(ended, reached)
    return seconds


@attrs.frozen(kw_only=True)
class Window:
    """How long a server has counted; `seconds` and `since` are None where nobody can say."""

    counting: bool
    since: datetime | None
    seconds: float | None

    def too_short(self, days: float, *, where: str = "") -> tuple[str, str] | None:
        """The reason and the cure where the counters can't be trusted yet, or None. `where`: on which other node.

        >>> Window(counting=True, since=None, seconds=3600).too_short(7)[0]
        'the server has counted for 1 h only, and 7 days are needed'
        """
        if not self.counting:
            return "track_counts is off, so nothing is counted", "ALTER SYSTEM SET track_counts = on;"
        if self.seconds is None:
            return "nobody can say since when the server has counted", ""
        if self.seconds < days * DAY_S:
            reason = f"the server{where} has counted for {self.length} only, and {days:g} days are needed"
            return reason, "Ask again when the server has counted for long enough, or set the limit min_window_days."
        return None

    @property
    def length(self) -> str:
        """For people: `12 d 3 h`."""
        return pretty("window_s", self.seconds)
