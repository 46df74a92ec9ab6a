"""The cursor that catalogues and our own tables are asked with, whatever the caller's connection is set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.db.server import as_text

if TYPE_CHECKING:
    import psycopg

_TEXTS = ("text", "name", "varchar", "bpchar", '"char"')


def plain_cursor(conn: psycopg.Connection[Any]) -> psycopg.Cursor[tuple[Any, ...]]:
    """Rows as tuples, and text as text: of a database without an encoding (SQL_ASCII) psycopg gives bytes."""
    # psycopg is heavy: lint of a text does without.
    from psycopg.adapt import Loader  # noqa: PLC0415
    from psycopg.rows import tuple_row  # noqa: PLC0415

    class _AsText(Loader):
        def load(self, data: Any) -> str:
            return as_text(bytes(data))

    cursor = conn.cursor(row_factory=tuple_row)
    if conn.info.encoding == "ascii":
        for name in _TEXTS:
            cursor.adapters.register_loader(name, _AsText)
    return cursor
