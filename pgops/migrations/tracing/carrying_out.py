"""One statement sent as it is, COPY without its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.sql import statements as s

if TYPE_CHECKING:
    import psycopg

    from pgops.sql.script import Statement


def carry_out(conn: psycopg.Connection[Any], statement: Statement) -> None:
    """Send `statement`. Raises psycopg's errors."""
    text: Any = statement.text  # the caller's own SQL, carried out as it stands; psycopg asks for a literal
    meaning = statement.meaning
    with conn.cursor() as cursor:
        if isinstance(meaning, s.Copy) and (meaning.from_stdin or not meaning.is_from):
            with cursor.copy(text) as copy:
                if not meaning.is_from:
                    for _ in copy:
                        pass
        else:
            cursor.execute(text, prepare=False)
