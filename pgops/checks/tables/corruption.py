"""Table that is damaged.

A page of a table may be torn, overwritten or of another time: by a disk or memory that lies, a copy of the data
directory that was not consistent, and now and then by a bug. Without data checksums nobody notices before a query
meets it, and a backup takes it along. verify_heapam of the extension amcheck reads a table and proves each row's
header, its transaction ids and what it has in TOAST.

CRITICAL for each table that it refuses, with the first place that it names. Every table is asked by itself, so one
that is damaged does not hide the others; the largest come last, and what the time (`statement_timeout_s` of the run)
does not suffice for is unseen, as is one that somebody keeps locked.

It reads users' tables from end to end, so it runs only when it is asked for by name; it takes no lock stronger than
ACCESS SHARE. System catalogues, TOAST tables and materialized views are proved too. There is no false alarm, and no
remedy to run: take a copy of the data directory before anything else, then restore the table from a backup, or what
can be read of it.

Manual: appendix F, "amcheck"; section 28.2, "Data Checksums".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.amcheck import is_damaged, unproved
from pgops.checks.api import Check, Query, Requires, Seen, limit
from pgops.findings import Finding, Severity, Target, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@attrs.frozen(kw_only=True)
class Row:
    oid: int
    schema: str
    table: str
    toast: bool
    table_bytes: int
    """By the last VACUUM or ANALYZE."""
    objects: int
    """How many there are, those beyond `top` too."""
    answer: str | None
    """What amcheck says against it."""
    sqlstate: str | None


@attrs.frozen(kw_only=True)
class Limits:
    top: int = limit(10_000, unit="tables", doc="How many to prove, the smallest first.")


SQL = """
SELECT c.oid::bigint   AS oid,
       n.nspname::text AS schema,
       t.relname::text AS "table",
       c.relkind = 't' AS toast,
       c.relpages * pg_catalog.current_setting('block_size')::bigint AS table_bytes,
       pg_catalog.count(*) OVER ()::int AS objects,
       NULL::text      AS answer,
       NULL::text      AS sqlstate
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_class AS t ON t.oid = CASE WHEN c.relkind <> 't' THEN c.oid
                                                ELSE (SELECT o.oid FROM pg_catalog.pg_class AS o
                                                       WHERE o.reltoastrelid = c.oid) END
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
 WHERE c.relkind IN ('r', 'm', 't')
   AND c.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'heap')
   AND c.relpersistence <> 't'
   -- an unlogged one is empty on a standby, and not there
   AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
 ORDER BY c.relpages, c.oid
 LIMIT %(top)s::int
"""

# Checked against TOAST where it is a table of its own: without it a value that is missing there goes unnoticed.
PROVE = """
SELECT pg_catalog.format('block %%s%%s: %%s', v.blkno, COALESCE(', line ' || v.offnum, ''), v.msg)
  FROM pg_catalog.pg_class AS c
 CROSS JOIN LATERAL <<amcheck>>.verify_heapam(c.oid::pg_catalog.regclass, on_error_stop => TRUE,
                                              check_toast => NOT %(toast)s::bool) AS v
 WHERE c.oid = %(oid)s::oid  -- one that was dropped meanwhile gives no row
 LIMIT 1
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if is_damaged(row):
            yield Finding(
                Severity.CRITICAL,
                _target(row),
                f"The {'TOAST ' if row.toast else ''}table is damaged: {row.answer}.",
                details={"toast": row.toast, "sqlstate": row.sqlstate, "table_bytes": row.table_bytes},
            )
    yield from unproved(rows, seen, _target, "tables")


def _target(row: Row) -> Target:
    return Target("table", row.schema, row.table, also=("toast",) if row.toast else ())


CHECK = Check(
    id="tables.corruption",
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, extension=("amcheck", "1.3"), sql=SQL, for_each_row=PROVE)],
    requires=Requires(
        extension="amcheck",
        grants=("EXECUTE ON FUNCTION <<amcheck>>.verify_heapam(regclass, boolean, boolean, text, bigint, bigint)",),
    ),
    opt_in=True,
)
