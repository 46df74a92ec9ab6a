"""TOAST table that runs out of ids for its values.

Each value that is kept in TOAST has an id, an oid of 32 bits that is unique within its TOAST table: a table can have no
more than 4,294,967,296 such values at a time. Long before that inserts become slow, since the server tries one id after
the other until it finds a free one; at the end they wait for ever. Partitioning gives each partition ids of its own.

How many values there are nobody counts. A value is cut into chunks of about 2,000 bytes, and the number of chunks is
known to the statistics, so that is the most it can be: with values of 10 kB it is a fifth. Hence the confidence.
`select count(DISTINCT chunk_id)` on the TOAST table tells exactly, and reads its whole index.

Manual: section 66.2.1, "Out-of-Line, On-Disk TOAST Storage".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Metric, Query, limit
from pgops.checks.judging import by, each_row
from pgops.findings import Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    toast: str
    """The qualified name of the TOAST table."""
    chunks: int
    most: int
    used_pct: float


@attrs.frozen(kw_only=True)
class Limits:
    warn_pct: float = limit(50.0, unit="%", doc="A WARNING where chunks are this share of all ids.")
    crit_pct: float = limit(90.0, unit="%", doc="Critical where chunks are this share of all ids.")
    min_pct: float = limit(1.0, unit="%", doc="Leave out TOAST tables with fewer chunks.")


SQL = """
WITH large AS MATERIALIZED (
  SELECT k.*
    FROM (SELECT c.oid,
                 c.relname,
                 GREATEST(c.reltuples, pg_catalog.pg_stat_get_live_tuples(c.oid), 0)::bigint AS chunks
            FROM pg_catalog.pg_class AS c
           WHERE c.relkind = 't'
             AND c.relpersistence <> 't'
          OFFSET 0) AS k
   WHERE 100 * k.chunks / 4294967296::float8 >= %(min_pct)s::float8
)
SELECT n.nspname::text                           AS schema,
       t.relname::text                           AS "table",
       'pg_toast.' || k.relname                  AS toast,
       k.chunks,
       4294967296                                AS most,
       100 * k.chunks / 4294967296::float8       AS used_pct
  FROM large AS k
  JOIN pg_catalog.pg_class AS t ON t.reltoastrelid = k.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 ORDER BY k.chunks DESC, n.nspname, t.relname
"""


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table)


CHECK = Check(
    id="tables.toast_ids",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=by("used_pct", warning="warn_pct", critical="crit_pct"),
        target=_target,
        message="Its TOAST table {toast} holds {chunks} chunks of values, and there are ids for {most} values at most "
        "({used_pct}). Partition the table before they are used up.",
        confidence=lambda _: 0.5,
        details=("toast", "chunks", "used_pct"),
    ),
    target=_target,
    queries=[Query(since=14, sql=SQL)],
    metrics=(Metric(value="chunks", limit="most"),),
)
