"""Table that is empty and never read.

Mostly the remains of something that was given up, or never begun: it confuses whoever reads the schema, is migrated
and dumped for nothing, and nobody dares to drop it later.

INFO, and only where the server has counted for `min_window_days`: since then no scan has touched the table or one of
its indexes (but for those that built them), nothing was written, and it holds nothing. Each server counts for itself,
so one that only replicas read looks the same here. A table that was never vacuumed or analysed is empty by the
counters only, which a crash sets to zero: then the confidence is less. It is a false alarm for a table that waits for
its season, and for one that was made a short while ago. Partitions, parents of other tables and what an extension
made are left out. On a standby it says nothing.

There is no remedy: whether to drop it is for a person to say. Manual: "The Cumulative Statistics System".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, Seen, limit
from pgops.checks.counting import WINDOW_SQL, Window
from pgops.checks.relations import OF_USERS
from pgops.findings import Finding, Severity, Target, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    """A table; or all of them together, without a name, where the server has not counted for long enough."""

    schema: str | None
    table: str | None
    tables: int
    analyzed: bool
    """Whether VACUUM or ANALYZE has found it empty; otherwise the counters say so."""
    indexes: int
    counting: bool
    counted_since: datetime | None
    window_s: float | None


@attrs.frozen(kw_only=True)
class Limits:
    min_window_days: float = limit(7.0, unit="days", doc="How long the server must have counted.")


# What is empty comes first, by the catalogue; counters are asked only of the rest.
SQL = """
WITH counting AS MATERIALIZED (<window>
), empty AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.reltuples
    FROM pg_catalog.pg_class AS c
   -- The planner expects a single table, and would hold the name of every schema against the pattern for each.
   CROSS JOIN LATERAL (SELECT s.nspname FROM pg_catalog.pg_namespace AS s WHERE s.oid = c.relnamespace OFFSET 0) AS n
   WHERE c.relkind = 'r'
     AND c.relpages = 0
     AND c.reltuples <= 0
     AND NOT c.relispartition
     AND NOT c.relhassubclass
     AND c.relpersistence <> 't'
     AND <of users>
     AND pg_catalog.pg_stat_get_live_tuples(c.oid) = 0
     AND pg_catalog.pg_stat_get_tuples_inserted(c.oid) = 0
), unread AS MATERIALIZED (
  SELECT e.oid, e.nspname, e.relname, e.reltuples, pg_catalog.count(x.indexrelid)::int AS indexes
    FROM empty AS e
    LEFT JOIN pg_catalog.pg_index AS x ON x.indrelid = e.oid
   WHERE (SELECT k.counting AND k.window_s >= %(min_window_days)s::float8 * 86400 FROM counting AS k)
   GROUP BY e.oid, e.nspname, e.relname, e.reltuples
  HAVING COALESCE(pg_catalog.sum(pg_catalog.pg_stat_get_numscans(x.indexrelid)), 0) = 0
     -- to build an index, or to validate a foreign key, reads the table once
     AND (pg_catalog.pg_stat_get_numscans(e.oid) <= pg_catalog.count(x.indexrelid)
          OR pg_catalog.pg_stat_get_numscans(e.oid)
             <= pg_catalog.count(x.indexrelid) + (SELECT pg_catalog.count(*)
                                                    FROM pg_catalog.pg_constraint AS k
                                                   WHERE k.conrelid = e.oid AND k.contype = 'f'))
)
SELECT NULL AS schema, NULL AS "table", pg_catalog.count(*)::int AS tables, FALSE AS analyzed, 0 AS indexes,
       k.counting, k.counted_since, k.window_s
  FROM empty
 CROSS JOIN counting AS k
 WHERE (k.counting AND k.window_s >= %(min_window_days)s::float8 * 86400) IS NOT TRUE
 GROUP BY k.counting, k.counted_since, k.window_s
 UNION ALL
SELECT u.nspname::text         AS schema,
       u.relname::text         AS "table",
       1,
       u.reltuples = 0         AS analyzed,
       u.indexes,
       k.counting,
       own.counted_since,
       EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - own.counted_since)::float8 AS window_s
  FROM unread AS u
 CROSS JOIN counting AS k
 CROSS JOIN LATERAL (
       -- when the table was made, where the server remembers
       SELECT GREATEST(k.counted_since,
                       CASE WHEN pg_catalog.current_setting('track_commit_timestamp')::bool
                            THEN (SELECT pg_catalog.pg_xact_commit_timestamp(c.xmin)
                                    FROM pg_catalog.pg_class AS c
                                   WHERE c.oid = u.oid) END) AS counted_since) AS own
 ORDER BY 1, 2
""".replace("<of users>", OF_USERS).replace("<window>", WINDOW_SQL)


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    unknown: dict[tuple[str, str], int] = {}
    for row in rows:
        window = Window(counting=row.counting, since=row.counted_since, seconds=row.window_s)
        too_short = window.too_short(seen.limits_for(row).min_window_days)
        if too_short:
            unknown[too_short] = unknown.get(too_short, 0) + row.tables
            continue
        yield Finding(
            Severity.INFO,
            _target(row),
            f"The table is empty, and nobody read it in the {window.length} that were counted.",
            confidence=0.8 if row.analyzed else 0.6,
            details={"indexes": row.indexes, "window_s": row.window_s},
        )
    for (reason, cure), tables in unknown.items():  # a database may be full of them: told once
        about = Target("database", None, seen.server.database)
        yield Unseen(about, f"{tables:,} tables are empty, and whether somebody reads them is unknown: {reason}", cure)


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table or "")


CHECK = Check(
    id="schema.empty_never_read_table",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    standby=False,  # each node counts its own reads, and a standby has no counts of rows
)
