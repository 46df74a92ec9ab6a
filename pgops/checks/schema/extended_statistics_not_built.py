"""Extended statistics that were never gathered.

CREATE STATISTICS says what to gather (how columns depend on each other, how many combinations there are, the most
common ones), and ANALYZE gathers it. Until then the planner estimates as if there were none, and the object looks as
if it helped.

INFO for one on a table that has rows; the remedy analyses it. Where it stays so after ANALYZE, its columns hold
nothing that can be gathered, or their statistics target is 0. Objects whose own target is 0 are left out.

What was gathered may be read by a superuser only, since it holds values of the tables. Manual: CREATE STATISTICS;
section 14.2.2, "Extended Statistics"."""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, Requires
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    statistics: str
    table_schema: str
    table: str
    rows: int


# Before 15 the row is there from the beginning, with nothing in it; since then ANALYZE makes it.
SQL = """
SELECT sn.nspname::text AS schema,
       s.stxname::text  AS statistics,
       n.nspname::text  AS table_schema,
       c.relname::text  AS "table",
       GREATEST(c.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(c.oid), 0) AS rows
  FROM pg_catalog.pg_statistic_ext AS s
  JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.stxnamespace
  JOIN pg_catalog.pg_class AS c ON c.oid = s.stxrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE s.stxstattarget IS DISTINCT FROM 0
   AND c.relpersistence <> 't'
   AND <of users>
   AND (c.relkind = 'p' OR GREATEST(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid)) > 0)
   AND NOT EXISTS (SELECT
                     FROM pg_catalog.pg_statistic_ext_data AS d
                    WHERE d.stxoid = s.oid
                      AND (d.stxdndistinct IS NOT NULL
                           OR d.stxddependencies IS NOT NULL
                           OR d.stxdmcv IS NOT NULL
                           OR d.stxdexpr IS NOT NULL))
   -- a partitioned table has rows where one of its partitions has; ANALYZE then sets its own estimate
   AND (c.relkind <> 'p' OR EXISTS (SELECT
                                      FROM pg_catalog.pg_inherits AS h
                                      JOIN pg_catalog.pg_class AS k ON k.oid = h.inhrelid
                                     WHERE h.inhparent = c.oid
                                       AND GREATEST(k.reltuples, pg_catalog.pg_stat_get_live_tuples(k.oid)) > 0))
 ORDER BY rows DESC, sn.nspname, s.stxname
""".replace("<of users>", OF_USERS)

CHECK = Check(
    id="schema.extended_statistics_not_built",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.INFO,
        target=lambda row: Target("statistics", row.schema, row.statistics),
        message=lambda row, _: (
            f"Nothing has been gathered for it yet: {Target('table', row.table_schema, row.table)} was not analysed "
            "since it was made."
        ),
        fix=lambda row, _: f"ANALYZE {Target('table', row.table_schema, row.table)};",
        details=("rows",),
    ),
    queries=[Query(since=14, sql=SQL)],
    requires=Requires(grants=("SELECT ON pg_catalog.pg_statistic_ext_data",)),
)
