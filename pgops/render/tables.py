"""What the three writers share about tables: values become content, columns get a side, a short row is filled up."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import TYPE_CHECKING

from pgops.render.document import Align, Badge, Cell, Code, Content, Line, Link, Strong, Table, Text
from pgops.render.quantities import Unit, written

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = 500
"""So many rows decide on sides and widths; the rest is streamed."""


def content_of(cell: Cell, unit: Unit = Unit.PLAIN) -> Content:
    """Content as it is, any other value written by its unit."""
    return cell if isinstance(cell, str | Text | Code | Strong | Badge | Link | Line) else written(cell, unit)


def rows_of(table: Table) -> Iterator[list[Content]]:
    """The rows as content, each as long as there are columns.

    Raises ValueError for a row that has more cells than there are columns: something would be lost.
    """
    units = [column.unit for column in table.columns]
    for row in table.rows:
        cells = list(row)
        if len(cells) > len(units):
            raise ValueError(f"a row has {len(cells)} cells, the table {len(units)} columns")
        cells.extend([""] * (len(units) - len(cells)))
        yield [content_of(cell, unit) for cell, unit in zip(cells, units, strict=True)]


def sides_of(table: Table) -> list[Align]:
    """Where each column stands: as it says, or right when its unit or its first rows are numbers."""
    sample = [list(row) for row in itertools.islice(table.rows, SAMPLE)]
    sides = []
    for index, column in enumerate(table.columns):
        values = [row[index] for row in sample if index < len(row) and row[index] is not None]
        numbers = bool(values) and all(_is_number(value) for value in values)
        sides.append(column.align or (Align.RIGHT if column.unit.measures or numbers else Align.LEFT))
    return sides


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
