"""What a dump needs and the server lacks: an extension, a tablespace, a role. Found before anything is run."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import tuple_row

from pgops.dump.choices import Content
from pgops.dump.restoring.messages import Cause, RestoreMessage, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pgops.dump.restoring.plan import RestorePlan

# One name at a time, and no list of all: names of roles and tablespaces are shared by databases of all encodings, so
# some may not be readable in this one.
_EXTENSION = """
SELECT FROM pg_catalog.pg_available_extensions AS a WHERE a.name = %(name)s
UNION ALL
SELECT FROM pg_catalog.pg_extension AS e WHERE e.extname = %(name)s
"""
_ROLE = "SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = %(name)s"
_TABLESPACE = "SELECT FROM pg_catalog.pg_tablespace AS t WHERE t.spcname = %(name)s"


def lacking(session: psycopg.Connection[Any], plan: RestorePlan) -> Iterator[RestoreMessage]:
    """What the plan's entries need and the server does not have."""
    extensions = {each.name: each for each in plan.restored if each.kind == "EXTENSION"}
    for name in _lacks(session, _EXTENSION, extensions):
        yield message(
            f"extension {name} is not available on the server", about=extensions[name], cause=Cause.MISSING_EXTENSION
        )
    placed = {each.tablespace: each for each in plan.restored if each.tablespace and plan.tablespaces}
    for name in _lacks(session, _TABLESPACE, placed):
        yield message(f'its tablespace "{name}" does not exist', about=placed[name], cause=Cause.MISSING_TABLESPACE)
    gives_owners = plan.owner and plan.content is not Content.DATA
    owned = {each.owner: each for each in plan.restored if each.owner and gives_owners}
    for name in _lacks(session, _ROLE, owned):
        yield message(f'its owner, role "{name}", does not exist', about=owned[name], cause=Cause.MISSING_ROLE)
    in_public = next((each for each in plan.restored if each.schema == "public"), None)
    if in_public is not None and not plan.target.has_public and not plan.makes_public:
        yield message(
            "schema public, which every database has until somebody drops it, does not exist, and no dump of a whole "
            "database makes it",
            about=in_public,
            cause=Cause.MISSING_OBJECT,
        )


def _lacks(session: psycopg.Connection[Any], query: str, names: Iterable[str]) -> Iterator[str]:
    with session.cursor(row_factory=tuple_row) as cursor:
        for name in sorted(names):
            # In an encoding that this database or we can't read: whether it is there, the restore will show.
            with suppress(UnicodeEncodeError, psycopg.DataError):
                if cursor.execute(query.encode(), {"name": name}).fetchone() is None:
                    yield name
