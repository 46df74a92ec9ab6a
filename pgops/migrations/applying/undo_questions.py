"""What a way back has to ask, of the script so far and of the catalogue, before it can be offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from pgops.migrations.asking import plain_cursor
from pgops.migrations.effects.known import same

if TYPE_CHECKING:
    import psycopg

    from pgops.migrations.effects.known import Known
    from pgops.sql.statements import Name


def may_be_missing(relation: Name, known: Known) -> bool:
    """Whether IF EXISTS may have found nothing: then the way back would take another relation for it."""
    is_made = known.is_new(relation) or known.made_index(relation) is not None
    made_there = any(same(each.view, relation) for each in known.made_views)
    return known.is_absent(relation) and not is_made and not made_there


def relation_is_there(conn: psycopg.Connection[Any], name: Name) -> bool:
    return text(conn, "SELECT (pg_catalog.to_regclass(%s) IS NOT NULL)::text", name.sql) == "true"


def text(conn: psycopg.Connection[Any], query: LiteralString, *parameters: str) -> str:
    row = row_of(conn, query, *parameters)
    return str(row[0]) if row is not None and row[0] is not None else ""


def row_of(conn: psycopg.Connection[Any], query: LiteralString, *parameters: str) -> tuple[Any, ...] | None:
    with plain_cursor(conn) as cursor:
        return cursor.execute(query, parameters).fetchone()
