"""How to take a statement back, where that can be known beforehand: SQL for the plan, never carried out by itself.

What dropped rows or columns held can't be brought back by SQL; then there is no statement, and the plan says so. It
says so too where the statement may have changed nothing, or more than the catalogue shows: a wrong way back is worse
than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgops.migrations.applying.undo_questions import may_be_missing, relation_is_there
from pgops.migrations.applying.undoing_drops import undo_drop
from pgops.migrations.applying.undoing_table_changes import undo_alter
from pgops.migrations.effects.known import same
from pgops.sql import statements as s
from pgops.sql.statements import Name

if TYPE_CHECKING:
    import psycopg

    from pgops.migrations.effects.known import Known


def undo_of(meaning: s.Meaning, known: Known, conn: psycopg.Connection[Any] | None = None) -> str | None:
    """The statement that takes it back; None where there is none. With `conn` definitions are read from the catalogue.

    It takes back the schema, not the rows: a column that was added and filled is dropped with what is in it.
    """
    if _is_temporary(meaning, known):
        return None
    match meaning:
        case s.AlterTable():
            return undo_alter(meaning, known, conn)
        case s.Rename() | s.Move():
            return _undo_rename(meaning, known)
        case s.Drop(cascade=False, names=(name,)) if conn is not None:
            return undo_drop(meaning, name, conn)
        case _:
            return _undo_create(meaning, known, conn)


def _is_temporary(meaning: s.Meaning, known: Known) -> bool:
    """Whether it is about what only the session sees that made it: another one can't take it back."""
    if getattr(meaning, "is_temporary", False):
        return True
    names = [getattr(meaning, each, None) for each in ("table", "view", "sequence", "name")]
    for name in (each for each in names if isinstance(each, Name)):
        if (name.schema or "").startswith("pg_temp"):
            return True
        if any(made.is_temporary and same(made.table, name) for made in known.created):
            return True
    return False


# --- what was made ----------------------------------------------------------------------------------------------------


def _undo_create(meaning: s.Meaning, known: Known, conn: psycopg.Connection[Any] | None) -> str | None:
    match meaning:
        case s.CreateTable(if_not_exists=False):
            return f"DROP {'FOREIGN ' if meaning.is_foreign else ''}TABLE {meaning.table}"
        case s.CreateIndex(if_not_exists=False, name=str() as name):
            index = Name(name, meaning.table.schema)
            if index.schema is None and conn is not None and relation_is_there(conn, index):
                return None  # the name is another index's, in a schema that is before the table's on the search path
            how = " CONCURRENTLY" if meaning.concurrently else ""
            # ADD CONSTRAINT ... USING INDEX makes it the constraint's, and DROP CONSTRAINT takes it along.
            return f"DROP INDEX{how} {'IF EXISTS ' if meaning.unique else ''}{index}"
        case s.CreateView(replace=False, if_not_exists=False):
            return f"DROP {'MATERIALIZED ' if meaning.materialized else ''}VIEW {meaning.view}"
        case s.CreateView(replace=True) if conn is not None:
            made = any(same(each.view, meaning.view) for each in known.made_views)
            # A view that was there can't lose the columns that it has got: a person has to decide.
            return None if made or relation_is_there(conn, meaning.view) else f"DROP VIEW {meaning.view}"
        case s.CreateSequence(alters=False, if_not_exists=False):
            return f"DROP SEQUENCE {meaning.sequence}"
        case s.CreateType():
            return f"DROP {'DOMAIN' if meaning.kind == 'domain' else 'TYPE'} {meaning.name}"
        case s.CreateTrigger(replace=False):
            return f"DROP TRIGGER {Name(meaning.name)} ON {meaning.table}"
        case s.CreatePolicy(alters=False):
            return f"DROP POLICY {Name(meaning.name)} ON {meaning.table}"
        case s.CreateRule(replace=False) if meaning.name != "_RETURN":  # that one makes a table a view
            return f"DROP RULE {Name(meaning.name)} ON {meaning.table}"
        case s.CreateStatistics(name=Name() as name, if_not_exists=False):
            return f"DROP STATISTICS {name}"
        case s.CreateOther(if_not_exists=False, replace=False, makes_more=False) if (
            meaning.kind in {"schema", "extension", "publication"} and meaning.name.name
        ):
            return f"DROP {meaning.kind.upper()} {meaning.name}"
        case _:
            return None


# --- what got another name --------------------------------------------------------------------------------------------

_RENAMED_ALONE = {"table", "index", "view", "materialized view", "sequence", "foreign table", "schema"}
_MOVED_BY_NAME = {"table", "view", "materialized view", "sequence", "foreign table", "type", "domain"}
"""What SET SCHEMA finds by its name alone: a function has its argument types as well."""


def _undo_rename(meaning: s.Rename | s.Move, known: Known) -> str | None:
    if meaning.kind not in {"schema", "type", "domain"} and may_be_missing(meaning.name, known):
        return None
    match meaning:
        case s.Rename(sub=None) if meaning.kind in _RENAMED_ALONE:
            renamed = Name(meaning.new_name, meaning.name.schema)
            return f"ALTER {meaning.kind.upper()} {renamed} RENAME TO {Name(meaning.name.name)}"
        case s.Rename(sub=str() as sub, sub_kind="column" | "constraint"):
            new, old = Name(meaning.new_name), Name(sub)
            return f"ALTER {meaning.kind.upper()} {meaning.name} RENAME {str(meaning.sub_kind).upper()} {new} TO {old}"
        case s.Move(schema=str() as schema) if meaning.kind in _MOVED_BY_NAME and meaning.name.schema is not None:
            moved = Name(meaning.name.name, schema)
            return f"ALTER {meaning.kind.upper()} {moved} SET SCHEMA {Name(meaning.name.schema)}"
        case _:
            return None
