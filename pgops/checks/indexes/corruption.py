"""Index that is damaged.

A btree index whose entries are out of order answers queries wrongly: rows that are there are not found, a unique index
takes duplicates. Causes are a collation that changed (`indexes.collation_drift`), a disk or memory that lies, a copy
of the data directory that was not consistent, and now and then a bug. The extension amcheck reads each index and
proves the order of its pages and entries.

CRITICAL for each index that it refuses, with its words. Missing entries are only found with `heapallindexed`, which
reads the tables too. Every index is asked by itself, so one that is damaged does not hide the others; the largest come
last, and what the time (`statement_timeout_s` of the run) does not suffice for is unseen, as is one that somebody
keeps locked.

It reads users' indexes from end to end, so it runs only when it is asked for by name; it takes no lock stronger than
ACCESS SHARE. System catalogues are proved too. There is no false alarm, but behind a damaged index a damaged table may
stand (`tables.corruption`): before a REINDEX, which makes a damage of the index good and fails on a unique one whose
table has duplicates by now, take a copy of the data directory and find the cause.

Manual: appendix F, "amcheck".
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
    index: str
    toast: bool
    """Whether it is of the table's TOAST table."""
    index_bytes: int
    """By the last VACUUM or ANALYZE."""
    objects: int
    """How many there are, those beyond `top` too."""
    answer: str | None
    """What amcheck says against it."""
    sqlstate: str | None


@attrs.frozen(kw_only=True)
class Limits:
    heapallindexed: bool = limit(False, unit="yes or no", doc="Whether every row of the table has to have its entry.")
    top: int = limit(10_000, unit="indexes", doc="How many to prove, the smallest first.")


SQL = """
SELECT i.oid::bigint   AS oid,
       n.nspname::text AS schema,
       t.relname::text AS "table",
       i.relname::text AS "index",
       c.relkind = 't' AS toast,
       i.relpages * pg_catalog.current_setting('block_size')::bigint AS index_bytes,
       pg_catalog.count(*) OVER ()::int AS objects,
       NULL::text      AS answer,
       NULL::text      AS sqlstate
  FROM pg_catalog.pg_class AS i
  JOIN pg_catalog.pg_index AS x ON x.indexrelid = i.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = x.indrelid
  JOIN pg_catalog.pg_class AS t ON t.oid = CASE WHEN c.relkind <> 't' THEN c.oid
                                                ELSE (SELECT o.oid FROM pg_catalog.pg_class AS o
                                                       WHERE o.reltoastrelid = c.oid) END
  JOIN pg_catalog.pg_namespace AS n ON n.oid = i.relnamespace
 WHERE i.relkind = 'i'
   AND i.relam = (SELECT m.oid FROM pg_catalog.pg_am AS m WHERE m.amname = 'btree')
   AND x.indisvalid AND x.indisready AND x.indislive
   AND c.relpersistence <> 't'
   -- an unlogged one is empty on a standby, and not there
   AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
 ORDER BY i.relpages, i.oid
 LIMIT %(top)s::int
"""

# One that was dropped meanwhile gives no row.
PROVE = """
SELECT <<amcheck>>.bt_index_check(i.oid::pg_catalog.regclass, %(heapallindexed)s::bool)::text
  FROM pg_catalog.pg_class AS i
 WHERE i.oid = %(oid)s::oid
"""


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding | Unseen]:
    for row in rows:
        if is_damaged(row):
            place = Target("table", row.schema, row.table)
            yield Finding(
                Severity.CRITICAL,
                _target(row),
                f"The index of {'the TOAST table of ' if row.toast else ''}{place} is damaged: {row.answer}.",
                f"REINDEX INDEX {_target(row)};",
                details={"table": row.table, "sqlstate": row.sqlstate, "index_bytes": row.index_bytes},
            )
    yield from unproved(rows, seen, _target, "indexes")


def _target(row: Row) -> Target:
    return Target("index", row.schema, row.index)


CHECK = Check(
    id="indexes.corruption",
    aliases=("corrupted_indexes",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=[Query(since=14, extension=("amcheck", "1.3"), sql=SQL, for_each_row=PROVE)],
    requires=Requires(
        extension="amcheck", grants=("EXECUTE ON FUNCTION <<amcheck>>.bt_index_check(regclass, boolean)",)
    ),
    opt_in=True,
)
