"""Which statements reach beyond the database that they are traced in, and so are not carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgops.sql import statements as s

if TYPE_CHECKING:
    from pgops.sql.statements import Meaning

_OF_THE_CLUSTER = {"role", "database", "tablespace"}
_OTHERS_OF_THE_CLUSTER = {
    "alter database",
    "alter database refresh coll",
    "alter database set",
    "alter role",
    "alter role set",
    "alter table space options",
    "drop owned",
    "drop role",
    "grant role",
    "reassign owned",
}


def why_not(meaning: Meaning, *, own_server: bool) -> str | None:
    """Why it can't be carried out for a trace; None where it can. `own_server`: the whole server is a throwaway."""
    match meaning:
        case s.CreateSubscription() | s.NoTransaction(what="DROP SUBSCRIPTION"):
            return "not run: a subscription reaches to another server"
        case s.Other(what="alter subscription"):
            return "not run: a subscription reaches to another server"
        case s.NoTransaction(what=what):
            return f"not run: {what} reaches beyond the database"
        case s.CreateOther(kind=kind) | s.Drop(kind=kind) | s.Rename(kind=kind) if (
            kind in _OF_THE_CLUSTER and not own_server
        ):
            return f"not run: a {kind} belongs to the whole server"
        case s.Other(what=what) if what in _OTHERS_OF_THE_CLUSTER and not own_server:
            return f"not run: {what.upper()} reaches beyond the database"
        case _:
            return None
