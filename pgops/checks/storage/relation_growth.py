"""Table or index that has grown fast.

Compared with the run before: a relation of now at least `min_bytes` that gained `min_growth_bytes` and `warn_pct` or
more. What grows like that is a table that nobody trims, an index that bloats, an audit or a queue table whose consumer
has stopped, and some day it is the reason why the disk is full.

It takes a history (`pgops.open_history`): the first run has nothing to compare with, finds nothing, and is what the
next is compared with. Both sizes are those of the last VACUUM or ANALYZE before each run, so growth shows once
autovacuum has been there. It is a false alarm for a table that was just loaded, a REINDEX in progress, and where runs
lie so far apart that growth is no news: an earlier run counts for `max_days`.

Manual: relpages in section 53.11, "pg_class".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Loosest, Query, Seen, limit
from pgops.findings import Finding, Severity, Target
from pgops.render.quantities import duration, pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    relation: str
    kind: str
    """`table`, `materialized view`, `TOAST table` (then `relation` is the table it belongs to) or `index`."""
    total_bytes: int


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(20.0, unit="%", doc="INFO where it has grown by this share.")
    warn_pct: float = limit(100.0, unit="%", doc="A WARNING where it has grown by this share.")
    min_growth_bytes: int = limit(1_073_741_824, unit="bytes", doc="Say nothing where it has grown by less.")
    max_days: float = limit(31.0, unit="days", doc="Compare with an earlier run no older than this.")
    min_bytes: int = limit(67_108_864, unit="bytes", doc="Leave out smaller relations.")
    top: int = limit(500, unit="relations", doc="How many of the largest to remember.", loosest=Loosest.HIGHEST)


SQL = """
SELECT n.nspname::text AS schema,
       COALESCE(t.relname, k.relname)::text AS relation,
       CASE k.relkind WHEN 'r' THEN 'table' WHEN 'm' THEN 'materialized view' WHEN 't' THEN 'TOAST table'
                      ELSE 'index' END AS kind,
       k.total_bytes
  FROM (SELECT c.oid,
               c.relname,
               c.relnamespace,
               c.relkind,
               -- a number without sign that is kept in an integer
               (c.relpages::bigint & 4294967295)
                 * (SELECT pg_catalog.current_setting('block_size')::bigint) AS total_bytes
          FROM pg_catalog.pg_class AS c
         WHERE c.relkind IN ('r', 'm', 't', 'i')
           AND c.relpersistence <> 't') AS k
  LEFT JOIN pg_catalog.pg_class AS t ON k.relkind = 't' AND t.reltoastrelid = k.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = COALESCE(t.relnamespace, k.relnamespace)
 WHERE k.total_bytes >= %(min_bytes)s::bigint
 ORDER BY k.total_bytes DESC, n.nspname, relation, k.relkind
 LIMIT %(top)s::int
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    earlier = seen.earlier
    if earlier is None or (seen.now - earlier.at).total_seconds() > seen.limits.max_days * 86_400:
        return
    before = {target_of(row): row.total_bytes for row in earlier.rows}
    # One that was not remembered was at most as large as the smallest that was, or as the limit.
    least = min(before.values(), default=0) if len(before) >= seen.limits.top else seen.limits.min_bytes
    ago = duration((seen.now - earlier.at).total_seconds())
    for row in rows:
        limits, target = seen.limits_for(row), target_of(row)
        was = before.get(target, least)
        grown = row.total_bytes - was
        grown_pct = 100.0 * grown / max(was, 1)
        if grown < limits.min_growth_bytes or grown_pct < min(limits.info_pct, limits.warn_pct):
            continue
        since = f"from {pretty('was_bytes', was)} to" if target in before else "and has now"
        yield Finding(
            Severity.WARNING if grown_pct >= limits.warn_pct else Severity.INFO,
            target,
            f"The {row.kind} has grown by {pretty('grown_bytes', grown)} in {ago}, {since} "
            f"{pretty('total_bytes', row.total_bytes)}.",
            details={
                "total_bytes": row.total_bytes,
                "earlier_bytes": was,
                "seconds": (seen.now - earlier.at).total_seconds(),
            },
        )


def target_of(row: Row) -> Target:
    if row.kind == "index":
        return Target("index", row.schema, row.relation)
    return Target("table", row.schema, row.relation, also=("toast",) if row.kind == "TOAST table" else ())


CHECK = Check(
    id="storage.relation_growth",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=target_of,
    queries=[Query(since=14, sql=SQL)],
)
