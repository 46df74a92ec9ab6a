"""Index that is bloated, as measured.

What `indexes.estimated_bloat` estimates, measured with the extension pgstattuple: how full the leaf pages of a btree
index are against its fillfactor, and the pages that are empty or deleted. INFO from `info_pct` of waste on, WARNING
from `warn_pct`, and only where at least `min_wasted_bytes` are wasted. Keys that come in random order leave pages
about two thirds full, and that is health.

pgstatindex reads every page, so this check reads users' indexes from end to end and runs only when it is asked for by
name. It looks at the `top` largest. It would wait behind whoever keeps an index locked (ACCESS EXCLUSIVE): such an
index is unseen.

It is a false alarm where the space is about to be filled again. Manual: appendix F, "pgstattuple"; section 24.2,
"Routine Reindexing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Requires, Seen, limit
from pgops.checks.relations import LOCKED
from pgops.findings import Finding, Severity, Target, Unseen
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    exclusion: bool
    fillfactor: int
    index_bytes: int | None
    """None where somebody keeps it locked."""
    leaf_bytes: int | None
    unused_bytes: int | None
    """Of pages that are empty or deleted."""
    density_pct: float | None
    """How full the leaves are on average; None where there are none."""

    @property
    def wasted_bytes(self) -> int:
        """What the leaves would not need if they were filled up to fillfactor, and pages that hold nothing."""
        lack = max(1 - (self.density_pct or self.fillfactor) / self.fillfactor, 0.0)
        return int((self.leaf_bytes or 0) * lack) + (self.unused_bytes or 0)

    @property
    def wasted_pct(self) -> float:
        return 100.0 * self.wasted_bytes / self.index_bytes if self.index_bytes else 0.0


@attrs.frozen(kw_only=True)
class Limits:
    info_pct: float = limit(40.0, unit="%", doc="INFO where this share of the index is free.")
    warn_pct: float = limit(60.0, unit="%", doc="A WARNING where this share of the index is free.")
    min_wasted_bytes: int = limit(5_242_880, unit="bytes", doc="Say nothing where less is free.")
    top: int = limit(50, unit="indexes", doc="How many to read, the largest first.")


SQL = """
WITH busy AS MATERIALIZED (
    <locked>
), candidate AS MATERIALIZED (
    SELECT i.oid, i.relname, i.relnamespace, i.reloptions, i.relpages, x.indrelid, x.indisexclusion,
           EXISTS (SELECT FROM busy AS b WHERE b.relation IN (i.oid, x.indrelid)) AS busy
      FROM pg_catalog.pg_class AS i
      JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
     WHERE i.relkind = 'i'
       AND i.relpersistence <> 't'
       AND i.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'btree')
       AND x.indisvalid
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
), sized AS MATERIALIZED (
    SELECT k.*,
           -- relpages may be of long ago
           CASE WHEN k.busy THEN k.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint)
                ELSE pg_catalog.pg_relation_size(k.oid, 'main') END AS bytes
      FROM candidate AS k
), largest AS MATERIALIZED (
    SELECT s.*
      FROM sized AS s
     WHERE s.bytes >= %(min_wasted_bytes)s::bigint
     ORDER BY s.bytes DESC, s.oid
     LIMIT %(top)s::int
), measured AS MATERIALIZED (
    SELECT g.oid, m.*
      FROM (SELECT a.oid FROM largest AS a WHERE NOT a.busy OFFSET 0) AS g
     CROSS JOIN LATERAL <<pgstattuple>>.pgstatindex(g.oid::pg_catalog.regclass) AS m
)
SELECT n.nspname::text AS schema,
       t.relname::text AS "table",
       g.relname::text AS "index",
       g.indisexclusion AS exclusion,
       COALESCE((SELECT o.option_value::int
                   FROM pg_catalog.pg_options_to_table(g.reloptions) AS o
                  WHERE o.option_name = 'fillfactor'), 90) AS fillfactor,
       m.index_size    AS index_bytes,
       m.leaf_pages * page.bytes AS leaf_bytes,
       (m.empty_pages + m.deleted_pages) * page.bytes AS unused_bytes,
       NULLIF(m.avg_leaf_density, 'NaN') AS density_pct
  FROM largest AS g
 CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::bigint AS bytes) AS page
  JOIN pg_catalog.pg_class AS t ON t.oid = g.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = g.relnamespace
  LEFT JOIN measured AS m ON m.oid = g.oid
 ORDER BY g.bytes DESC, n.nspname, g.relname
""".replace("<locked>", LOCKED)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        limits, target = seen.limits_for(row), _target(row)
        if row.index_bytes is None:
            yield Unseen(target, "somebody keeps it locked", "Ask again when the lock is gone.")
            continue
        if row.wasted_bytes < limits.min_wasted_bytes or row.wasted_pct < min(limits.info_pct, limits.warn_pct):
            continue
        yield Finding(
            Severity.WARNING if row.wasted_pct >= limits.warn_pct else Severity.INFO,
            target,
            f"{pretty('wasted_bytes', row.wasted_bytes)} of the index's {pretty('index_bytes', row.index_bytes)} "
            f"({pretty('wasted_pct', row.wasted_pct)}) are free: a REINDEX would give them back.",
            # what an exclusion constraint stands on can't be rebuilt beside the work
            None if row.exclusion else f"REINDEX INDEX CONCURRENTLY {target};",
            details={"table": row.table, "index_bytes": row.index_bytes, "density_pct": row.density_pct},
        )


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


CHECK = Check(
    id="indexes.measured_bloat",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, extension=("pgstattuple", "1.5"), sql=SQL)],
    requires=Requires(role="pg_stat_scan_tables", extension="pgstattuple"),
    opt_in=True,
)
