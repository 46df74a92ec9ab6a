"""Rows in a DEFAULT partition.

A default partition takes what no other partition takes: mostly rows of a period for which nobody made the partition
in time. They lie in one place that grows, no plan can leave it out, and the partition that should have been there
can't be made any more before they are moved: CREATE TABLE ... PARTITION OF fails, "updated partition constraint for
default partition would be violated by some row", and until it does it reads the whole default partition under ACCESS
EXCLUSIVE.

WARNING where at least `min_rows` are counted, or, where nothing is counted, estimated. It is a false alarm where the
default partition is meant to hold the rest (rare values of a LIST). To mend it, in one transaction: detach it, make
the missing partitions, insert the rows into the parent, and attach it empty.

The numbers are those of the last ANALYZE or VACUUM, or of the statistics counted since. Manual: section 5.12,
"Table Partitioning".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.checks.relations import OF_USERS
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    """The partitioned table."""
    partition_schema: str
    partition: str
    rows: int
    total_bytes: int
    """Of the default partition, without indexes and TOAST."""


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(1, unit="rows", doc="Leave out a default partition with fewer.")


# A default partition may be partitioned itself: then its leaves are added up.
SQL = """
WITH RECURSIVE member AS (
  SELECT p.partdefid AS root, p.partrelid AS parent, p.partdefid AS oid
    FROM pg_catalog.pg_partitioned_table AS p
   WHERE p.partdefid <> 0
   UNION ALL
  SELECT m.root, m.parent, h.inhrelid
    FROM member AS m
    JOIN pg_catalog.pg_inherits AS h ON h.inhparent = m.oid
), counted AS (
  SELECT m.root,
         m.parent,
         -- reltuples is -1 before the first VACUUM or ANALYZE; the counters know what was inserted since
         pg_catalog.sum(GREATEST(c.reltuples::bigint, pg_catalog.pg_stat_get_live_tuples(c.oid), 0))::bigint AS rows,
         pg_catalog.sum(c.relpages)::bigint * pg_catalog.current_setting('block_size')::bigint AS bytes
    FROM member AS m
    JOIN pg_catalog.pg_class AS c ON c.oid = m.oid
   WHERE c.relkind = 'r'
   GROUP BY m.root, m.parent
)
SELECT n.nspname::text  AS schema,
       c.relname::text  AS "table",
       dn.nspname::text AS partition_schema,
       d.relname::text  AS partition,
       k.rows,
       k.bytes          AS total_bytes
  FROM counted AS k
  JOIN pg_catalog.pg_class AS d ON d.oid = k.root
  JOIN pg_catalog.pg_namespace AS dn ON dn.oid = d.relnamespace
  JOIN pg_catalog.pg_class AS c ON c.oid = k.parent
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE k.rows >= %(min_rows)s
   AND c.relpersistence <> 't'
   AND <of users>
 ORDER BY k.rows DESC, dn.nspname, d.relname
""".replace("<of users>", OF_USERS)


def _severity(row: Row, limits: Limits) -> Severity | None:
    return Severity.WARNING if row.rows >= limits.min_rows else None


def _message(row: Row, _: Limits) -> str:
    rows = "1 row" if row.rows == 1 else f"{row.rows:,} rows"
    lie, them = ("lies", "it") if row.rows == 1 else ("lie", "them")
    parent = Target("table", row.schema, row.table)
    return f"About {rows} of {parent} {lie} in its default partition: a partition made for {them} now is refused."


CHECK = Check(
    id="schema.default_partition_rows",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.partition_schema, row.partition),
        message=_message,
        confidence=lambda row: 0.9,
        details=("rows", "total_bytes"),
    ),
    queries=[Query(since=14, sql=SQL)],
    standby=False,  # where nothing is counted
)
