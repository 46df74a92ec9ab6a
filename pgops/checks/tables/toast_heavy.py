"""Table that lies mostly in TOAST.

Values too long for a page lie compressed, or in the table's TOAST table. Where that holds nearly all of the table,
whoever asks for the long columns (`SELECT *`, most mappers of objects) reads several further pages for each row, every
UPDATE of such a value writes it anew as a whole, and backups carry it. Often documents and files are better kept in a
table of their own or in object storage, or compressed better: `ALTER TABLE ... ALTER ... SET COMPRESSION lz4`.

INFO, for this is a matter of design, and right for an archive of documents that is read one by one. The sizes are those
of the last VACUUM, or what the statistics say of the chunks.

Manual: section 66.2, "TOAST".
"""

from __future__ import annotations

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    table_bytes: int
    toast_bytes: int
    toast_pct: float


@attrs.frozen(kw_only=True)
class Limits:
    min_toast_bytes: int = limit(104_857_600, unit="bytes", doc="Leave out tables with less in TOAST.")
    min_toast_pct: float = limit(80.0, unit="%", doc="The share of TOAST in table and TOAST together.")


SQL = """
WITH toasted AS MATERIALIZED (
  SELECT k.oid, (SELECT pg_catalog.current_setting('block_size')::bigint) * k.pages AS bytes
    FROM (SELECT c.oid,
                 -- ANALYZE does not count TOAST: before the first VACUUM the chunks tell, of which four fill a page
                 CASE WHEN c.relpages <> 0 THEN c.relpages::bigint & 4294967295
                      ELSE pg_catalog.pg_stat_get_live_tuples(c.oid) / 4 END AS pages
            FROM pg_catalog.pg_class AS c
           WHERE c.relkind = 't'
             AND c.relpersistence <> 't') AS k
   WHERE k.pages * (SELECT pg_catalog.current_setting('block_size')::bigint) >= %(min_toast_bytes)s::bigint
)
SELECT n.nspname::text       AS schema,
       c.relname::text       AS "table",
       s.table_bytes,
       t.bytes               AS toast_bytes,
       100 * t.bytes::float8 / NULLIF(t.bytes + s.table_bytes, 0) AS toast_pct
  FROM toasted AS t
  JOIN pg_catalog.pg_class AS c ON c.reltoastrelid = t.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (SELECT c.relpages::bigint * (SELECT pg_catalog.current_setting('block_size')::bigint)
                              AS table_bytes) AS s
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND 100 * t.bytes::float8 / NULLIF(t.bytes + s.table_bytes, 0) >= %(min_toast_pct)s::float8
 ORDER BY t.bytes DESC, n.nspname, c.relname
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    heavy = row.toast_bytes >= limits.min_toast_bytes and row.toast_pct >= limits.min_toast_pct
    return Severity.INFO if heavy else None


CHECK = Check(
    id="tables.toast_heavy",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("table", row.schema, row.table),
        message="{toast_bytes} of it lie in TOAST, {toast_pct} of all: reading its long columns costs further pages "
        "for each row, and each change of one writes it anew.",
        details=("table_bytes", "toast_bytes", "toast_pct"),
    ),
    queries=[Query(since=14, sql=SQL)],
)
