"""Foreign key without a supporting index.

Deleting a row of the referenced table, or changing its key, looks for the rows that refer to it. Without an index on
the foreign key's columns that is a sequential scan of the referencing table for every such row, with locks held
meanwhile; joins along the key suffer as well.

An index serves when its leading columns are those of the key, in any order, and it can answer the very operator that
the key compares with: btree in any direction and with any such operator class, hash, GiST, SP-GiST, GIN (there any
position). A primary key that begins with the columns serves. These do not: INCLUDE columns, expressions, a predicate
other than `column IS NOT NULL` on the key's own columns, another collation than the column's, BRIN (it helps only
where rows lie in order), an index that is not valid or not ready. An index on a part of the columns helps partly and
is told as INFO; so does, from 18 on, one whose leading column has few values, which a skip scan passes over (known
from the statistics, as far as the role may read them).

A partitioned table is judged once, by its partitions: each of them needs an index, whether attached to one of the
parent or not. A key with PERIOD (18) is served by btree on its other columns, or by GiST on them with or without the
period. A key that is NOT ENFORCED (18) never looks anything up and is left out.

It is a false alarm for a small table, and where nobody deletes from the referenced table or joins along the key.

Source: manual, section "Foreign Keys" ("it is often a good idea to index the referencing columns too"); 18,
"Multicolumn Indexes" for the skip scan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pgops.checks.api import Check, limit
from pgops.checks.indexes._fragments import BLOCKS_ALL_PARTITIONS
from pgops.checks.indexes._missing_fk_index_sql import QUERIES
from pgops.findings import Finding, Severity, Target, as_tuple, quote_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pgops.checks.api import Seen


@attrs.frozen(kw_only=True)
class Row:
    schema: str
    table: str
    constraint: str
    columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    needed_columns: tuple[str, ...] = attrs.field(converter=as_tuple)
    """Those that an index has to begin with: all of them but a PERIOD."""
    referenced_schema: str
    referenced_table: str
    on_delete: str
    """NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT."""
    grade: str
    """`none`, or `partial` where an index helps partly."""
    partial_index: str | None
    skip_scan: bool
    """Whether the partial help is a skip scan."""
    converted: bool
    """Whether the types differ so that every comparison converts the column, and no index on it can serve."""
    partitions: int | None
    """How many partitions are to be searched; None for a table that is not partitioned."""
    partitions_served: int
    table_rows: int | None
    """As of the last ANALYZE or VACUUM; None where there was none."""
    table_bytes: int


@attrs.frozen(kw_only=True)
class Limits:
    min_rows: int = limit(0, unit="rows", doc="Leave out tables known to have fewer rows.")
    skip_scan_values: int = limit(
        100, unit="values", doc="From PostgreSQL 18: how many values a leading column may have to be passed over."
    )


def judge(rows: Sequence[Row], seen: Seen[Limits]) -> Iterator[Finding]:
    """A finding for each key; the remedy once, where one index will serve several keys of a table."""
    remedied: set[tuple[str, str, frozenset[str]]] = set()
    for row in rows:
        if row.table_rows is not None and row.table_rows < seen.limits_for(row).min_rows:
            continue
        index = (row.schema, row.table, frozenset(row.needed_columns))
        fix = None if row.converted or index in remedied else _fix(row)
        if fix:
            remedied.add(index)
        yield Finding(
            Severity.INFO if row.grade == "partial" else Severity.WARNING,
            _target(row),
            _message(row),
            fix,
            details={
                "columns": row.columns,
                "grade": row.grade,
                "partial_index": row.partial_index,
                "table_rows": row.table_rows,
                "table_bytes": row.table_bytes,
            },
        )


def _target(row: Row) -> Target:
    return Target("constraint", row.schema, row.table, row.constraint)


def _message(row: Row) -> str:
    columns = ", ".join(map(quote_identifier, row.columns))
    referenced = _qualified(row.referenced_schema, row.referenced_table)
    cost = f"a delete in {referenced} reads all of {_qualified(row.schema, row.table)}"
    if row.table_rows is not None:
        cost += f" ({row.table_rows:,} rows)"
    if row.converted:
        return f"No index on ({columns}) can serve the foreign key, since its type differs from the key's: {cost}."
    if row.grade == "partial":
        how = "by a skip scan" if row.skip_scan else "on a part of the columns"
        index = quote_identifier(row.partial_index or "")
        return f"The foreign key ({columns}) to {referenced} has partial help only, {how}: {index}."
    where = ""
    if row.partitions is not None and row.partitions_served:
        where = f" on {row.partitions - row.partitions_served} of {row.partitions} partitions"
    return f"The foreign key ({columns}) to {referenced} has no index{where}: {cost}."


def _fix(row: Row) -> str:
    table = _qualified(row.schema, row.table)
    columns = ", ".join(map(quote_identifier, row.needed_columns))
    if row.partitions is None:
        return f"CREATE INDEX CONCURRENTLY ON {table} ({columns});"
    return f"{BLOCKS_ALL_PARTITIONS}CREATE INDEX ON {table} ({columns});"


def _qualified(schema: str, table: str) -> str:
    return f"{quote_identifier(schema)}.{quote_identifier(table)}"


CHECK = Check(
    id="indexes.missing_fk_index",
    aliases=("missing_fk_indexes",),
    doc=__doc__,
    row=Row,
    limits=Limits,
    judge=judge,
    target=_target,
    queries=QUERIES,
    known_as=(
        "splinter: unindexed_foreign_keys",
        "pg-index-health: foreign keys without index",
        "ruby-pg-extras: missing_fk_indexes",
    ),
)
