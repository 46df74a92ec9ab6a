"""Index that is written far more often than it is read.

Every INSERT and every UPDATE that is not HOT puts an entry into each index of its table. An index with a thousand such
writes for each time that a query reads it may still be worth it, where that one query is important and nothing else
serves it; often it is not, and was made for a query that is gone but for somebody's ad-hoc search.

INFO where an index was read at all, but the table was written `min_writes_per_scan` times or more for each scan,
within a window of at least `min_window_days` (a shorter one is unseen). What was never read is `indexes.unused_index`.
Left out are unique indexes, those behind a constraint, the replica identity, the one that CLUSTER follows, and those
that serve a foreign key. A partitioned index is judged once, by the sums over its partitions. Replicas count their
reads themselves: on a server with standbys it is a false alarm for an index that they read, and on a standby nothing
is written.

An index that was made in the middle of the window has had fewer chances to be read, hence a confidence of 0.6.

There is no remedy to run: which query reads it is what a person has to find out first (`queries.statements_top`).

Manual: section "The Cumulative Statistics System".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.counting import WINDOW_SQL, Window
from pgops.checks.indexes._droppable import WITH_DROPPABLE
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    index_bytes: int
    scans: int
    writes: int
    """Inserted and updated rows of the table, without HOT updates."""
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(10_485_760, unit="bytes", doc="Leave out smaller indexes.")
    min_writes_per_scan: float = limit(1_000.0, unit="writes", doc="From so many writes for each scan on.")
    min_window_days: float = limit(7.0, unit="days", doc="How long the server must have counted.")


SQL = """<droppable>, counted AS MATERIALIZED (
    SELECT s.root,
           s.bytes,
           pg_catalog.sum(pg_catalog.pg_stat_get_numscans(m.index))::bigint AS scans,
           pg_catalog.sum(pg_catalog.pg_stat_get_tuples_inserted(x.indrelid)
                          + pg_catalog.pg_stat_get_tuples_updated(x.indrelid)
                          - pg_catalog.pg_stat_get_tuples_hot_updated(x.indrelid))::bigint AS writes
      FROM sized AS s
      JOIN members AS m ON m.root = s.root
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = m.index
     GROUP BY s.root, s.bytes
), counting AS MATERIALIZED (<window>)
SELECT n.nspname::text AS schema,
       t.relname::text AS "table",
       i.relname::text AS "index",
       c.bytes         AS index_bytes,
       c.scans,
       c.writes,
       counting.counting,
       counting.counted_since,
       counting.window_s
  FROM counted AS c
 CROSS JOIN counting
  JOIN pg_catalog.pg_index AS x ON x.indexrelid = c.root
  JOIN pg_catalog.pg_class AS i ON i.oid = c.root
  JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 WHERE c.scans > 0
   AND c.writes >= c.scans * %(min_writes_per_scan)s::float8
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                    WHERE k.conrelid = x.indrelid AND k.contype = 'f'
                      AND pg_catalog.cardinality(k.conkey) <= x.indnkeyatts
                      AND k.conkey <@ (x.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1])
 ORDER BY c.bytes DESC, n.nspname, i.relname
""".replace("<droppable>", WITH_DROPPABLE).replace("<window>", WINDOW_SQL)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.index_bytes < limits.min_bytes or row.writes < row.scans * limits.min_writes_per_scan:
            continue
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        unknown = window.too_short(limits.min_window_days)
        if unknown:
            yield Unseen(target, *unknown)
            continue
        times = "once" if row.scans == 1 else f"{row.scans:,} times"
        yield Finding(
            Severity.INFO,
            target,
            f"The index of {pretty('index_bytes', row.index_bytes)} on {Target('table', row.schema, row.table)} was "
            f"read {times} in the {window.length} that were counted, and written {row.writes:,} times.",
            confidence=0.6,
            details={"table": row.table, "index_bytes": row.index_bytes, "scans": row.scans, "writes": row.writes},
        )


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


CHECK = Check(
    id="indexes.low_usage",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    standby=False,
)
