"""Index that a wider one makes redundant.

A btree index on (a) answers nothing that one on (a, b) can't answer too, and so does an index on (id) beside the
primary key on id. Each costs writes, memory and vacuum. It is redundant when it is not unique and another btree index
of the table begins with all of its key columns, in the same order, with the same operator classes, collations and
sort options and the same predicate, and holds its INCLUDE columns too. Columns are compared by number and expressions
by their parsed form, never by name.

A unique index is never redundant to a wider one, because it also enforces something; so `unique (a) INCLUDE (b)` is
nothing like `unique (a, b)`. Indexes behind a constraint, a foreign key, the replica identity, CLUSTER or a
partitioned parent are never named.

WARNING where the other index has the same key columns, INFO where it is wider: a narrow index is smaller and quicker
to read, so measure first where it serves a busy query. Where only the narrow one was read so far the wide one may be
what can go (`indexes.unused_index` says so in time), and there is no remedy: never drop both. An index with an equal
older one is told by `indexes.duplicate_index`, and not here. It is a false alarm where the wide index is much larger
than the narrow one, whose share in memory is then well spent.

Source: manual, section "Multicolumn Indexes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, Query, limit
from pgops.checks.indexes._shape import with_shapes
from pgops.checks.judging import each_row
from pgops.findings import Severity, Target
from pgops.render.quantities import pretty

if TYPE_CHECKING:
    from typing import LiteralString


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    index: str
    wider_index: str
    same_key: bool
    """Whether the other index has exactly these key columns, rather than more."""
    partitioned: bool
    wider_unread: bool
    """Whether the other one can be dropped as well, and only this one was read so far."""
    index_bytes: int
    wider_bytes: int


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(0, unit="bytes", doc="Leave out smaller indexes. Sizes are those of the last VACUUM.")


_REDUNDANT: LiteralString = """
, pairs AS MATERIALIZED (
    SELECT narrow.index                                AS narrow,
           wide.index                                  AS wide,
           wide.key_columns = narrow.key_columns       AS same_key
      FROM shaped AS narrow
      -- joined by the first column first: a table may have hundreds of indexes
      JOIN shaped AS wide ON wide.relation = narrow.relation
                         AND wide.columns[0] = narrow.columns[0]
                         AND wide.classes[0] = narrow.classes[0]
                         AND wide.index <> narrow.index
     WHERE narrow.method_name = 'btree'
       AND wide.method = narrow.method
       AND NOT narrow.is_unique
       AND narrow.held_by IS NULL
       AND wide.key_columns >= narrow.key_columns
       -- int2vector and oidvector count from 0
       AND wide.columns[0:narrow.key_columns - 1] = narrow.columns[0:narrow.key_columns - 1]
       AND wide.classes[0:narrow.key_columns - 1] = narrow.classes[0:narrow.key_columns - 1]
       AND wide.collations[0:narrow.key_columns - 1] = narrow.collations[0:narrow.key_columns - 1]
       AND wide.sorting[0:narrow.key_columns - 1] = narrow.sorting[0:narrow.key_columns - 1]
       AND wide.predicate IS NOT DISTINCT FROM narrow.predicate
       AND narrow.columns[narrow.key_columns:] <@ wide.columns  -- INCLUDE
       -- both are lists "({...} {...})": the narrow one's expressions are the first of the wide one's
       AND (narrow.expressions IS NULL
            OR (pg_catalog.starts_with(wide.expressions,
                                       pg_catalog.left(narrow.expressions, -1))
                AND pg_catalog.substr(wide.expressions, pg_catalog.length(narrow.expressions), 1) IN (' ', ')')))
       -- an equal index is a duplicate, which has a check of its own
       AND narrow.place = 1
       AND NOT (NOT wide.is_unique AND wide.key_columns = narrow.key_columns AND wide.columns = narrow.columns
                AND NOT wide.exclusion)
       -- where each could stand for the other, INCLUDE (b, c) and INCLUDE (c, b), one of them goes
       AND NOT (NOT wide.is_unique AND wide.held_by IS NULL AND wide.key_columns = narrow.key_columns
                AND wide.columns <@ narrow.columns AND wide.index > narrow.index)
)
SELECT DISTINCT ON (narrow.index_bytes, narrow.schema, narrow.index_name)
       narrow.schema,
       narrow.table_name  AS "table",
       narrow.index_name  AS "index",
       wide.index_name    AS wider_index,
       p.same_key,
       wide.held_by IS NULL AND NOT wide.is_unique
         AND pg_catalog.pg_stat_get_numscans(wide.index) = 0 AND pg_catalog.pg_stat_get_numscans(narrow.index) > 0
                          AS wider_unread,
       narrow.partitioned,
       narrow.index_bytes,
       wide.index_bytes   AS wider_bytes
  FROM pairs AS p
  JOIN shaped AS narrow ON narrow.index = p.narrow
  JOIN shaped AS wide ON wide.index = p.wide
 WHERE narrow.partitioned OR narrow.index_bytes >= %(min_bytes)s
 -- of several the one that stays, and of these the narrowest
 ORDER BY narrow.index_bytes DESC, narrow.schema, narrow.index_name,
          p.wide IN (SELECT goes.narrow FROM pairs AS goes), wide.key_columns, wide.standing, wide.index
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if not row.partitioned and row.index_bytes < limits.min_bytes:
        return None
    return Severity.WARNING if row.same_key else Severity.INFO


def _message(row: Row, _: Limits) -> str:
    wider = Target("index", row.schema, row.wider_index)
    table = Target("table", row.schema, row.table)
    size = "" if row.partitioned else f" of {pretty('index_bytes', row.index_bytes)}"
    also = "has the same key columns" if row.same_key else "begins with its columns"
    beside = "" if row.partitioned else f" ({pretty('wider_bytes', row.wider_bytes)})"
    read = ", though only this one was read so far" if row.wider_unread else ""
    return f"The index{size} on {table} is redundant: {wider}{beside} {also}{read}."


def _fix(row: Row, _: Limits) -> str | None:
    if row.wider_unread:
        return None
    # CONCURRENTLY is an error for a partitioned index
    return f"DROP INDEX {'' if row.partitioned else 'CONCURRENTLY '}{Target('index', row.schema, row.index)};"


CHECK = Check(
    id="indexes.redundant_index",
    aliases=("redundant_indexes",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("index", row.schema, row.index, also=(row.wider_index,)),
        message=_message,
        fix=_fix,
        details=("table", "wider_index", "same_key", "index_bytes", "wider_bytes"),
    ),
    queries=[
        Query(since=14, sql=with_shapes(nulls_not_distinct="FALSE") + _REDUNDANT),
        Query(since=15, sql=with_shapes(nulls_not_distinct="x.indnullsnotdistinct") + _REDUNDANT),
    ],
    known_as=("pg-index-health: intersected indexes",),
)
