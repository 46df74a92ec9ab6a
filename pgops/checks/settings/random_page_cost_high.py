"""random_page_cost is that of a spinning disk.

The value that PostgreSQL comes with, 4, says that reading a page anywhere costs four times as much as reading the next
one. On SSDs, and on what the cloud calls a disk, it is little more than the same, and 4 makes the planner read whole
tables where an index would be faster. Usual is 1.1.

SQL can't see what the disk is, hence INFO with a confidence. Where track_io_timing is on, the time that reads took
tells more: at `max_read_ms` or less on the average of `min_reads` reads or more it is no spinning disk, and above it
nothing is found. A false alarm: spinning disks. Single tablespaces can have costs of their own.

Manual: section 19.7.2, "random_page_cost".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Scope, limit
from pgops.findings import Finding, Severity, Target
from pgops.render.quantities import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    random_page_cost: float
    seq_page_cost: float
    reads: int
    """Blocks that were read from the operating system, over all databases."""
    read_ms: float | None
    """How long one took on the average; None where nobody measured."""


@attrs.frozen(kw_only=True)
class Limits:
    max_ratio: float = limit(2.0, unit="x", doc="So many times seq_page_cost is fit for an SSD.")
    max_read_ms: float = limit(2.0, unit="ms", doc="A slower average read speaks for a spinning disk.")
    min_reads: int = limit(10_000, unit="blocks", doc="Fewer reads say nothing.")


SQL = """
SELECT pg_catalog.current_setting('random_page_cost')::float8      AS random_page_cost,
       pg_catalog.current_setting('seq_page_cost')::float8         AS seq_page_cost,
       COALESCE(pg_catalog.sum(d.blks_read), 0)::bigint            AS reads,
       CASE WHEN pg_catalog.sum(d.blk_read_time) > 0
            THEN pg_catalog.sum(d.blk_read_time) / NULLIF(pg_catalog.sum(d.blks_read), 0) END::float8 AS read_ms
  FROM pg_catalog.pg_stat_database AS d
"""

_TARGET = Target("setting", None, "random_page_cost")


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    limits = seen.limits
    for row in rows:
        measured = row.read_ms is not None and row.reads >= limits.min_reads
        slow = measured and row.read_ms is not None and row.read_ms > limits.max_read_ms
        if slow or row.random_page_cost <= limits.max_ratio * row.seq_page_cost:
            continue
        told = f"; a read took {duration((row.read_ms or 0) / 1000)} on the average" if measured else ""
        message = (
            f"random_page_cost is {row.random_page_cost:g}, {row.random_page_cost / max(row.seq_page_cost, 0.01):g} "
            f"times seq_page_cost, as for spinning disks{told}. On SSDs about 1.1 is right."
        )
        yield Finding(Severity.INFO, _TARGET, message, None, 0.8 if measured else 0.5, attrs.asdict(row))


CHECK = Check(
    id="settings.random_page_cost_high",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    queries=[Query(since=14, sql=SQL)],
    scope=Scope.CLUSTER,
    target=lambda _: _TARGET,
)
