"""Partition whose DETACH was interrupted.

ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY works in two transactions. Where the second did not come to its end
(it was cancelled, or the server stopped) the partition is neither in nor out: queries no longer see its rows, and no
other partition of the table can be detached concurrently, nor this one dropped or attached elsewhere.

WARNING; the remedy finishes the work. While such a command is running it looks the same: it waits for the
transactions that still use the partition, and then this is a false alarm that is gone at the next look.

Manual: ALTER TABLE, "DETACH PARTITION".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    partition_schema: str
    partition: str


SQL = """
SELECT n.nspname::text  AS schema,
       c.relname::text  AS "table",
       pn.nspname::text AS partition_schema,
       p.relname::text  AS partition
  FROM pg_catalog.pg_inherits AS h
  JOIN pg_catalog.pg_class AS c ON c.oid = h.inhparent
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class AS p ON p.oid = h.inhrelid
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
 WHERE h.inhdetachpending
   AND p.relkind IN ('r', 'p', 'f')
 ORDER BY n.nspname, c.relname, pn.nspname, p.relname
"""


def _target(row: Row) -> Target:
    return Target("table", row.partition_schema, row.partition)


def _parent(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="schema.detach_pending_partition",
    doc=__doc__,
    row=Row,
    judge=each_row(
        severity=Severity.WARNING,
        target=_target,
        message=lambda row, _: (
            f"Detaching it from {_parent(row)} was begun and not finished: queries of the table no longer see its rows."
        ),
        fix=lambda row, _: f"ALTER TABLE {_parent(row)} DETACH PARTITION {_target(row)} FINALIZE;",
    ),
    queries=[Query(since=14, sql=SQL)],
)
