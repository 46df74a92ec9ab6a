"""Index that duplicates another.

Two indexes of one table that agree in everything answer the same queries: one of them only costs writes, memory and
vacuum. They agree when access method, columns and their order, INCLUDE columns, operator classes with their
parameters, collations, sort options, expressions, predicate, uniqueness, NULLS NOT DISTINCT, the moment of a
uniqueness check, and what a BRIN summarises (pages_per_range) are all equal. Indexes that are not valid are the
business of invalid_index.

The one to keep comes first in this order: primary key, constraint, replica identity, referenced by a foreign key,
attached to a partitioned index, clustered on, unique, plain; then the older one. What stands behind any but the last
two can't be dropped as an index: such a duplicate (a UNIQUE constraint beside an equal primary key, say) is told as
INFO without a remedy, since dropping the constraint is a decision about the schema. Partitioned indexes are reported
once, on the partitioned table.

It is a false alarm where the two differ in storage only and that is meant: tablespace, fillfactor.

Source: manual, section "pg_index"; CREATE INDEX.
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
    kept_index: str
    method: str
    held_by: str | None
    """What stands in the way of dropping it, in words, or None."""
    partitioned: bool
    index_bytes: int


@attrs.frozen(kw_only=True)
class Limits:
    min_bytes: int = limit(0, unit="bytes", doc="Leave out smaller duplicates. Sizes are those of the last VACUUM.")


_DUPLICATES: LiteralString = """
SELECT r.schema,
       r.table_name        AS "table",
       r.index_name        AS "index",
       r.kept_index,
       r.method_name::text AS method,
       r.held_by,
       r.partitioned,
       r.index_bytes
  FROM shaped AS r
 WHERE r.place > 1
   AND NOT r.attached   -- it goes with its parent
   AND NOT r.exclusion  -- the operators that it excludes by are its own
   -- a partitioned index has no pages of its own
   AND (r.partitioned OR r.index_bytes >= %(min_bytes)s)
 ORDER BY r.index_bytes DESC, r.schema, r.index_name
"""


def _severity(row: Row, limits: Limits) -> Severity | None:
    if not row.partitioned and row.index_bytes < limits.min_bytes:
        return None
    return Severity.INFO if row.held_by else Severity.WARNING


def _message(row: Row, _: Limits) -> str:
    kept = Target("index", row.schema, row.kept_index)
    table = Target("table", row.schema, row.table)
    size = "" if row.partitioned else f" of {pretty('index_bytes', row.index_bytes)}"
    message = f"The {row.method} index{size} on {table} is the same as {kept}"
    if row.held_by:
        return f"{message}; it belongs to {row.held_by}, so it can't be dropped by itself."
    return f"{message}: writes maintain both, queries need one."


def _fix(row: Row, _: Limits) -> str | None:
    if row.held_by:
        return None
    # CONCURRENTLY is an error for a partitioned index
    return f"DROP INDEX {'' if row.partitioned else 'CONCURRENTLY '}{Target('index', row.schema, row.index)};"


CHECK = Check(
    id="indexes.duplicate_index",
    aliases=("duplicate_indexes",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=each_row(
        severity=_severity,
        target=lambda row: Target("index", row.schema, row.index, also=(row.kept_index,)),
        message=_message,
        fix=_fix,
        details=("table", "kept_index", "held_by", "index_bytes"),
    ),
    queries=[
        Query(since=14, sql=with_shapes(nulls_not_distinct="FALSE") + _DUPLICATES),
        Query(since=15, sql=with_shapes(nulls_not_distinct="x.indnullsnotdistinct") + _DUPLICATES),
    ],
    known_as=(
        "splinter: duplicate_index",
        "pg-index-health: duplicated indexes",
        "pghero: duplicate indexes",
        "ruby-pg-extras: duplicate_indexes",
    ),
)
