"""What each statement locks, rewrites and scans, as data: every row is carried out on PostgreSQL 14 to 18.

A row names what is seen of each relation that was there before: the lock as tables abbreviate it (AX access exclusive,
X exclusive, SRX share row exclusive, S share, SUX share update exclusive, RX row exclusive, RS row share), and `scan`
or `rw` where the table is read or written whole. Left out are ACCESS SHARE, and indexes, TOAST tables and sequences
of a table that is locked as hard. A row that is a text is the SQLSTATE that the server refuses with.
"""

from __future__ import annotations

from tests.migrations.lock_rows import (
    column_types,
    columns,
    constraints,
    domains,
    indexes,
    partitions,
    rows,
    settings,
    tables,
)

ROWS = [
    row
    for topic in (indexes, constraints, columns, column_types, tables, settings, rows, partitions, domains)
    for row in topic.ROWS
]
