"""Many pages are not found in shared_buffers.

Each page that a query needs and that is not in shared_buffers is asked of the operating system, which may have it in
its own cache or has to read it from the disk. A share of hits that is low over days says that what is in use does not
fit, or that queries read far more than they need.

INFO below `min_pct`, once `min_blocks` were asked for, in the time that the server has counted. It is a false alarm for
a data warehouse, which reads large tables through once, and after a restart. What the operating system had is not
known here: where track_io_timing is on the time that reads took says more.

Manual: view pg_stat_database; section 19.4.1.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Loosest, Query, Seen, limit
from pgops.checks.counting import WINDOW_SQL, Window
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    database: str
    hits: int
    reads: int
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_pct: float = limit(95.0, unit="%", doc="INFO below this share of hits.", loosest=Loosest.HIGHEST)
    min_blocks: int = limit(1_000_000, unit="blocks", doc="Say nothing while fewer were asked for.")
    min_window_days: float = limit(1.0, unit="days", doc="How long the server must have counted.")


SQL: LiteralString = """
SELECT s.datname::text  AS database,
       s.blks_hit       AS hits,
       s.blks_read      AS reads,
       k.counting,
       k.counted_since,
       k.window_s
  FROM pg_catalog.pg_stat_database AS s
 CROSS JOIN (<window>) AS k
 WHERE s.datname = pg_catalog.current_database()
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        share = 100 * row.hits / max(row.hits + row.reads, 1)
        if row.hits + row.reads < seen.limits.min_blocks or share >= seen.limits.min_pct:
            continue
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        unknown = window.too_short(seen.limits.min_window_days)
        if unknown:
            yield Unseen(_target(row), *unknown)
            continue
        yield Finding(
            Severity.INFO,
            _target(row),
            f"{percent(share)} of {row.hits + row.reads:,} pages were found in shared_buffers in the {window.length} "
            "that were counted.",
            details={"hits": row.hits, "reads": row.reads},
        )


def _target(row: Row) -> Target:
    return Target("database", None, row.database)


CHECK = Check(
    id="queries.cache_hit_ratio",
    aliases=("cache_hit_ratio",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL.replace("<window>", WINDOW_SQL))],
    known_as=(
        "check_pgactivity: hit_ratio",
        "check_postgres: hitratio",
        "pghero: cache hit rate",
        "ruby-pg-extras: cache_hit",
    ),
)
