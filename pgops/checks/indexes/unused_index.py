"""Index that nothing reads.

Every write maintains an index, vacuum visits it, it fills memory: one that no query uses only costs. Unique indexes,
those behind a constraint, the replica identity and the one that CLUSTER follows work without being read and are left
out, as are indexes that are not valid. A partitioned index is judged once, by the sum over its partitions.

Scans are counted by each server for itself and only since its statistics were last reset or lost in a crash. So
nothing is said before `min_window_days` have been counted (the check is SKIPPED, which is not CLEAN), and an index
that replicas read is a false alarm here: ask every one of them. On a standby the finding is INFO without a remedy,
since what is unused there may be busy on the primary. Further false alarms: an index made a short while ago (told
apart only where track_commit_timestamp is on), and one for a report that runs once a year.

With a history (`pgops.open_history`) more is known. The windows of earlier runs count too, so a reset or a crash does
not begin the waiting anew; and what other nodes of the cluster read is no finding: where the last run on one of them
did not see the index unread, somebody reads it there.

An index that serves a foreign key is INFO without a remedy: it is read when a row of the referenced table is deleted.
So is, from 16 on, one that was read once but not for `idle_days`. Sizes are those of the last VACUUM or ANALYZE.

Source: manual, section "The Cumulative Statistics System".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.counting import WINDOW_SQL, Span, Window, covered_s
from pgops.checks.indexes._droppable import WITH_DROPPABLE
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import LiteralString

    from pgops.checks.api import Observation


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    index_bytes: int
    scans: int
    last_scan: datetime | None
    """None where it was never scanned, and always before PostgreSQL 16."""
    idle_s: float | None
    partitioned: bool
    serves_foreign_key: bool
    receivers: int
    """How many servers or programs receive this server's WAL: replicas, which count for themselves, among them."""
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(1_048_576, unit="bytes", doc="Leave out smaller indexes.")
    min_window_days: float = limit(7.0, unit="days", doc="How long the server must have counted to call one unused.")
    idle_days: float = limit(90.0, unit="days", doc="From PostgreSQL 16: how long ago a last scan may be.")


_TEMPLATE: LiteralString = """
<members>, counted AS MATERIALIZED (
    -- only now, for those that are large enough, the counters
    SELECT s.root,
           s.bytes,
           pg_catalog.sum(pg_catalog.pg_stat_get_numscans(m.index))::bigint AS scans,
           pg_catalog.max(<last scan>) AS last_scan
      FROM sized AS s
      JOIN members AS m ON m.root = s.root
     GROUP BY s.root, s.bytes
), counting AS MATERIALIZED (<window>)
SELECT n.nspname::text AS schema,
       t.relname::text AS "table",
       i.relname::text AS "index",
       c.bytes         AS index_bytes,
       c.scans,
       c.last_scan,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - c.last_scan)::float8 AS idle_s,
       i.relkind = 'I' AS partitioned,
       EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
                WHERE k.conrelid = x.indrelid AND k.contype = 'f'
                  AND pg_catalog.cardinality(k.conkey) <= x.indnkeyatts
                  AND k.conkey <@ (x.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1]) AS serves_foreign_key,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_replication) AS receivers,
       counting.counting,
       own.counted_since,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - own.counted_since)::float8 AS window_s
  FROM counted AS c
 CROSS JOIN counting
  JOIN pg_catalog.pg_index AS x ON x.indexrelid = c.root
  JOIN pg_catalog.pg_class AS i ON i.oid = c.root
  JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 CROSS JOIN LATERAL (
       -- when the index was made, where the server remembers
       SELECT GREATEST(counting.counted_since,
                       CASE WHEN pg_catalog.current_setting('track_commit_timestamp')::bool
                            THEN pg_catalog.pg_xact_commit_timestamp(x.xmin) END) AS counted_since) AS own
 WHERE c.scans = 0
    OR c.last_scan < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %(idle_days)s::float8 * 86400)
 ORDER BY c.bytes DESC, n.nspname, i.relname
"""

_SQL: LiteralString = _TEMPLATE.replace("<members>", WITH_DROPPABLE).replace("<window>", WINDOW_SQL)


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    """Unread indexes are findings where the window is long enough, otherwise unseen."""
    standby = seen.server.in_recovery
    before = _windows(seen.past.own)
    elsewhere = {node: (_windows(past), _unread(past[-1])) for node, past in seen.past.elsewhere.items() if past}
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        idle = row.scans > 0
        if row.index_bytes < limits.min_bytes or (idle and (row.idle_s or 0.0) < limits.idle_days * 86_400):
            continue
        if any(target not in unread for _, unread in elsewhere.values()):
            continue  # somebody reads it there
        counted_s = row.window_s and covered_s([*before.get(target, ()), (row.counted_since, seen.now)])
        window = Window(counting=row.counting, since=row.counted_since, seconds=counted_s)
        unknown = None if idle else window.too_short(limits.min_window_days)
        for node, (windows, _) in elsewhere.items():
            there = Window(counting=True, since=None, seconds=covered_s(windows.get(target, ())))
            unknown = unknown or there.too_short(limits.min_window_days, where=f" on {node}")
        if unknown:
            yield Unseen(target, *unknown)
            continue
        harmless = idle or standby or row.serves_foreign_key
        yield Finding(
            Severity.INFO if harmless else Severity.WARNING,
            target,
            _message(row, window, standby=standby, nodes=elsewhere),
            None if harmless else _fix(row),
            details={"table": row.table, "index_bytes": row.index_bytes, "scans": row.scans, "window_s": counted_s},
        )


def _windows(past: Sequence[Observation]) -> dict[Target, list[Span]]:
    """What earlier runs on one node covered of the indexes that they saw unread."""
    windows: dict[Target, list[Span]] = {}
    for observation in past:
        for target, row in _unread(observation).items():
            windows.setdefault(target, []).append((row.counted_since, observation.at))
    return windows


def _unread(observation: Observation) -> dict[Target, Row]:
    return {_target(row): row for row in observation.rows if row.scans == 0}


def _message(row: Row, window: Window, *, standby: bool, nodes: Collection[str]) -> str:
    table = Target("table", row.schema, row.table)
    where = " on this standby" if standby else ""
    if row.scans:
        read = f"was last read {pretty('idle_s', row.idle_s)} ago{where}"
    else:
        read = f"was never read{where} in the {window.length} that were counted"
    message = f"The index of {pretty('index_bytes', row.index_bytes)} on {table} {read}"
    if row.serves_foreign_key:
        message += "; it serves a foreign key, so deletes in the referenced table need it"
    if nodes:
        message += f", nor on {', '.join(sorted(nodes))}"
    elif standby:
        message += "; the primary counts for itself"
    elif row.receivers:
        message += f"; {row.receivers} receive this server's WAL, and replicas among them count for themselves"
    return f"{message}."


def _fix(row: Row) -> str:
    # CONCURRENTLY is an error for a partitioned index
    return f"DROP INDEX {'' if row.partitioned else 'CONCURRENTLY '}{_target(row)};"


CHECK = Check(
    id="indexes.unused_index",
    aliases=("unused_indexes", "index_health"),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    looks_back=400,
    queries=[
        Query(since=14, sql=_SQL.replace("<last scan>", "NULL::timestamptz")),
        Query(since=16, sql=_SQL.replace("<last scan>", "pg_catalog.pg_stat_get_lastscan(m.index)")),
    ],
    known_as=(
        "splinter: unused_index",
        "pg-index-health: unused indexes",
        "pghero: unused indexes",
        "ruby-pg-extras: unused_indexes",
    ),
)
